"""The integrations that a Task state can call."""
