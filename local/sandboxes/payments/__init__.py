"""A payment gateway for one machine: the part of the Stripe API that the shop uses, with a ledger for audits.

It differs from Stripe where tests need it to: cards that fail or hang (``cards``), fault injection
(``local.sandboxes.faults``), a ledger to read (``GET /_sandbox/ledger``). Anything else that it doesn't support, it
refuses as Stripe refuses an unknown parameter.
"""
