"""A change: what one unit of work on an order writes, its events and the lines of the ledgers that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from oms.domain.cart import Cart
from oms.domain.credit import CreditEntry
from oms.domain.discounts import CodeUse
from oms.domain.events import Event, Recorded
from oms.domain.inventory import StockEntry
from oms.domain.money import Money
from oms.domain.order import Order


class MoneyReason(StrEnum):
    AUTHORIZED = "authorized"
    VOIDED = "voided"
    CAPTURED = "captured"
    REFUNDED = "refunded"


@dataclass(frozen=True)
class MoneyEntry:
    """One line of the money ledger. An effect id is written once."""

    effect_id: str
    order_id: str
    reason: MoneyReason
    amount: Money


@dataclass(frozen=True)
class Change:
    """One unit of work on an order: all of it is written, or nothing.

    ``waits`` are task tokens of executions that wait for the order, by the name of the wait. They are not part of the
    order's state, and no events. ``cart`` is what is left of the cart that the order was made from.
    """

    events: tuple[Event, ...] = ()
    money: tuple[MoneyEntry, ...] = ()
    stock: tuple[StockEntry, ...] = ()
    waits: Mapping[str, str] = field(default_factory=dict)
    cart: Cart | None = None
    codes: tuple[CodeUse, ...] = ()
    credit: tuple[CreditEntry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.events or self.money or self.stock or self.waits or self.codes or self.credit)

    @property
    def effects(self) -> tuple[str, ...]:
        """The effect ids that it writes to the ledgers."""
        ledgers = self.money, self.stock, self.codes, self.credit
        money, stock, codes, credit = ([each.effect_id for each in ledger] for ledger in ledgers)
        return (*money, *stock, *codes, *credit)


NOTHING = Change()
"""The result of a step whose work is done already."""


def recorded(order: Order | None, change: Change, at: datetime, by: str) -> tuple[Recorded, ...]:
    """The change's events, numbered after the order's own."""
    version = order.version if order else 0
    return tuple(Recorded(version + n, at, by, event) for n, event in enumerate(change.events, start=1))
