"""Runs state machines: compiled definitions, executions, histories, one event queue."""
