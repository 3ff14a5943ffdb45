"""What a unit of work writes: events, and the lines of the ledgers that follow from them."""

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
    """One line of the money ledger, once for its effect id."""

    effect_id: str
    order_id: str
    reason: MoneyReason
    amount: Money


@dataclass(frozen=True)
class Change:
    """One unit of work on an order: all of it is written, or nothing.

    ``waits`` are the task tokens of executions that wait for word on the order, by what they wait for;
    the newest replaces the last. They are no part of the order's state, and no event. ``cart`` is what is
    left of the cart that the order was made from.
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
        """The ids of what it writes to the ledgers."""
        ledgers = self.money, self.stock, self.codes, self.credit
        money, stock, codes, credit = ([each.effect_id for each in ledger] for ledger in ledgers)
        return (*money, *stock, *codes, *credit)


NOTHING = Change()
"""What a step answers that finds its work done."""


def recorded(order: Order | None, change: Change, at: datetime, by: str) -> tuple[Recorded, ...]:
    """The change's events in their places after the order's own."""
    version = order.version if order else 0
    return tuple(Recorded(version + n, at, by, event) for n, event in enumerate(change.events, start=1))
