"""The engine beside others that run the same language."""
