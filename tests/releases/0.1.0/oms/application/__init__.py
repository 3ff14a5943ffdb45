"""What the shop does, step by step: one decision for each task, reconciliation, recovery, webhooks."""
