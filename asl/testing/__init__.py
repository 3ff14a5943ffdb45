"""Tools for tests of state machines: pytest plugin, harness, task stubs, transition coverage, golden histories."""
