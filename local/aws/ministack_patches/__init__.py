"""Patches of ministack's DynamoDB, for speed alone: every answer stays the same. They halve its work for an order.

Each module's docstring documents what its patches replace and what they gain. README.md lists all of them.
"""

from __future__ import annotations

from local.aws.ministack_patches import expressions, items, requests, transactions
from local.aws.ministack_patches.version import version_problem


def apply_patches() -> None:
    """Patch ministack in this process. Ends the program with one line if the installed version isn't the tested one."""
    if problem := version_problem():
        raise SystemExit(problem)
    for module in (requests, items, expressions, transactions):
        module.apply()
