"""The TestState API: one state run in isolation, with mocks."""
