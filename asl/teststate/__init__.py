"""The TestState API: runs one state in isolation, with a mocked result if requested."""
