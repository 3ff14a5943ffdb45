"""The states of the language, compiled."""
