"""A carrier for one machine: it takes shipments, recalls and returns, and reports by signed callbacks.

It decides between dispatch and recall, exactly one of them, in a database that survives a SIGKILL. Callbacks are
retried until the shop accepts them. What happens by chance at real carriers happens on demand: ``POST /_sandbox/…``
loses parcels, holds them, and makes calls fail before or after their effect.
"""
