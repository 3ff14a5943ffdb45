"""Tools for tests of state machines: the pytest plugin, the test harness, transition coverage."""
