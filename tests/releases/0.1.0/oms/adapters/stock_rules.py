"""What every store of stock must refuse, and how it says so."""

from __future__ import annotations

from collections.abc import Iterable

from oms.domain.errors import OmsError, OutOfStock, UnexpectedState
from oms.domain.inventory import Movement, StockEntry

AT_ONCE = 100
"""The most that a transaction of DynamoDB writes, and so one unit of work."""


def sums(entries: Iterable[StockEntry]) -> dict[str, Movement]:
    """What the entries together add to each SKU."""
    total: dict[str, Movement] = {}
    for entry in entries:
        for movement in entry.movements:
            known = total.get(movement.sku)
            total[movement.sku] = known.plus(movement) if known else movement
    return total


def refusal(refused: Iterable[Movement]) -> OmsError:
    """The error for movements that would leave less than nothing: available is for sale, reserved is our own books."""
    refused = tuple(refused)
    short = [movement.sku for movement in refused if movement.available < 0]
    if short:
        return OutOfStock(f"not enough available of {', '.join(sorted(short))}")
    skus = ", ".join(sorted(movement.sku for movement in refused))
    return UnexpectedState(f"more would leave the reserved stock of {skus} than is in it")
