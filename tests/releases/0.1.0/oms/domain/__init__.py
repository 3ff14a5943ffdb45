"""The rules, pure: no SDK, no clock, no randomness."""
