"""The state machines, written in Python; their ASL is in definitions/."""
