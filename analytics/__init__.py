"""The consumers of the tables' streams."""
