"""A payment gateway for one machine: the part of the Stripe API that the shop uses, with books that can be audited.

It differs from Stripe where a test needs it to: cards that err or hang (``cards``), calls that time out on demand
(``faults``), a ledger to read (``GET /_sandbox/ledger``). What it doesn't carry it refuses, as Stripe refuses a
parameter that it doesn't know.
"""
