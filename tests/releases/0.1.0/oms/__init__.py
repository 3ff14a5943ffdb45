"""The rules of the shop, what they need from outside, and the adapters that give it."""
