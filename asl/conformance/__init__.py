"""The conformance runner: runs recorded scenarios through the engine, for comparison with AWS's answers."""
