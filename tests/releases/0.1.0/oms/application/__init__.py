"""The application layer: steps of the state machines, reconciliation, recovery, webhooks."""
