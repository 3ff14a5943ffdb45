"""The commands that the Makefile calls."""
