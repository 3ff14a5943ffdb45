"""Recorded histories: reading them, and their structure of states, attempts and branches."""
