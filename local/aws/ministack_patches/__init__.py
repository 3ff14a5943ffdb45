"""The patches of ministack, each with what it gains."""
