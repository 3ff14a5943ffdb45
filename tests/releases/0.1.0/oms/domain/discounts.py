"""Discount codes: their discount, their conditions, and their uses.

An order that is placed with a code claims a use, and gives it back if it is rejected, cancelled or lost. The limit is
enforced by the counter in the transaction that writes the claim, since many orders may want the last use at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from oms.domain import errors
from oms.domain.money import Money


@dataclass(frozen=True, slots=True)
class Discount:
    """``percent`` and ``amount_minor`` off the goods, for orders in its currency. ``used`` is as it was read."""

    code: str
    currency: str
    valid_from: datetime
    valid_until: datetime
    total_limit: int
    customer_limit: int
    percent: int = 0
    amount_minor: int = 0
    minimum_minor: int = 0
    used: int = 0

    def off(self, goods_minor: int) -> int:
        """The discount on goods of this price: never more than the price; a percentage is rounded down."""
        return min(goods_minor, self.amount_minor + goods_minor * self.percent // 100)


@dataclass(frozen=True, slots=True)
class CodeUse:
    """One line of a code's ledger: an order's use of it, or, with ``uses`` -1, the return of that use."""

    effect_id: str
    code: str
    order_id: str
    customer_id: str
    customer_limit: int
    uses: int = 1


def claim(discount: Discount, order_id: str, customer_id: str) -> CodeUse:
    return CodeUse(f"{order_id}:code", discount.code, order_id, customer_id, discount.customer_limit)


def give_back(code: str, order_id: str, customer_id: str) -> tuple[CodeUse, ...]:
    """Empty for an order without a code."""
    return (CodeUse(f"{order_id}:code-back", code, order_id, customer_id, 0, -1),) if code else ()


def used_up(code: str) -> errors.CodeUsedUp:
    return errors.CodeUsedUp(f"{code} was used as often as it may be")


def check(discount: Discount, goods_minor: int, currency: str, now: datetime) -> None:
    """Raises ``CodeNotValid`` if the code is for other times or other orders, and ``CodeUsedUp``."""
    if not discount.valid_from <= now < discount.valid_until:
        times = f"from {discount.valid_from:%Y-%m-%d %H:%M} until {discount.valid_until:%Y-%m-%d %H:%M} UTC"
        raise errors.CodeNotValid(f"{discount.code} is valid {times}")
    if currency != discount.currency:
        raise errors.CodeNotValid(f"{discount.code} is for orders in {discount.currency}")
    if goods_minor < discount.minimum_minor:
        least = Money(discount.minimum_minor, currency)
        raise errors.CodeNotValid(f"{discount.code} is for orders of {least} or more")
    if discount.used >= discount.total_limit:
        raise used_up(discount.code)
