"""Rules of every stock store: the sums of movements, and the error for movements that it must refuse."""

from __future__ import annotations

from collections.abc import Iterable

from oms.domain.errors import OmsError, OutOfStock, UnexpectedState
from oms.domain.inventory import Movement, StockEntry

MAX_ACTIONS = 100
"""DynamoDB's limit for the actions of a transaction, and so for one unit of work."""


def sums(entries: Iterable[StockEntry]) -> dict[str, Movement]:
    """The sum of the entries' movements of each SKU."""
    total: dict[str, Movement] = {}
    for entry in entries:
        for movement in entry.movements:
            earlier = total.get(movement.sku)
            total[movement.sku] = earlier.plus(movement) if earlier else movement
    return total


def refusal(refused: Iterable[Movement]) -> OmsError:
    """The error for movements that would make a counter negative.

    Too little available is the shopper's bad luck; too little reserved is a defect of the shop's own ledger.
    """
    refused = tuple(refused)
    short = [movement.sku for movement in refused if movement.available < 0]
    if short:
        return OutOfStock(f"not enough available of {', '.join(sorted(short))}")
    skus = ", ".join(sorted(movement.sku for movement in refused))
    return UnexpectedState(f"more would leave the reserved stock of {skus} than is in it")
