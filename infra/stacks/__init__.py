"""The stacks, one module each."""
