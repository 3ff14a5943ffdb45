"""What hangs off the stream of changes."""
