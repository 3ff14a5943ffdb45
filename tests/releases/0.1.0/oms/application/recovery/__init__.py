"""Recovery of parked orders: redrive, its preview, and the replacement of executions that are too old for it."""
