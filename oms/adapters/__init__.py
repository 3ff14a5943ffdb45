"""Implementations of the ports: on real services, and in memory for tests."""
