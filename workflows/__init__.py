"""The state machines, written in Python. ``definitions/`` has their ASL."""
