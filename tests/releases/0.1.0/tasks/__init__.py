"""One file, one Lambda, one verb."""
