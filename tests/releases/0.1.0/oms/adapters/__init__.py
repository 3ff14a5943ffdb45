"""What the rules need from outside, on real services and in memory."""
