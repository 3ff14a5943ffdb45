"""The rules of the shop, pure: no SDK, no clock, no randomness."""
