"""Store credit: money that the shop owes a customer, who can pay orders with it.

A customer's ledger is append-only, and a balance is its sum in one currency. An order takes its credit in the
transaction that places it, and gives back what it doesn't need. Each line is one effect of an order, or a grant; an
effect id is written once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from oms.domain import errors
from oms.domain.cart import GUEST
from oms.domain.money import Money

CUSTOMER = re.compile(r"[A-Za-z0-9_-]{1,100}")


class RefundTo(StrEnum):
    """Where the refund of a return goes."""

    ORIGINAL_PAYMENT = "original_payment"
    STORE_CREDIT = "store_credit"


class CreditReason(StrEnum):
    GRANTED = "granted"
    SPENT = "spent"
    RETURNED = "returned"
    """The order costs less than it was paid with, or nothing."""
    REFUNDED = "refunded"
    """Goods were returned, or lost."""


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """One line of a customer's ledger. A negative amount is spent."""

    effect_id: str
    customer_id: str
    amount: Money
    reason: CreditReason
    order_id: str = ""
    note: str = ""
    """Why an operator granted it."""


@dataclass(frozen=True, slots=True)
class BookedCredit:
    """A line of the ledger, with the time and the author of the write."""

    at: datetime
    by: str
    entry: CreditEntry


def balances_of(entries: Iterable[CreditEntry]) -> Mapping[str, int]:
    """A ledger's balance in each of its currencies, in minor units."""
    balances = Counter[str]()
    for entry in entries:
        balances[entry.amount.currency] += entry.amount.minor
    return dict(balances)


def grant(effect_id: str, customer_id: str, amount: Money, note: str) -> CreditEntry:
    check_account(customer_id)
    return CreditEntry(effect_id, customer_id, amount, CreditReason.GRANTED, note=note)


def spend(order_id: str, customer_id: str, amount: Money) -> CreditEntry:
    check_account(customer_id)
    taken = Money(-amount.minor, amount.currency)
    return CreditEntry(f"{order_id}:credit", customer_id, taken, CreditReason.SPENT, order_id)


def check_account(customer_id: str) -> None:
    """Raises ``NoAccount`` for a guest, who has no account to hold credit, and for an id that is malformed."""
    if customer_id.startswith(GUEST):
        raise errors.NoAccount("a guest has no account that store credit could be in")
    if not CUSTOMER.fullmatch(customer_id):
        raise errors.NoAccount("nobody's id is like this: those are up to 100 letters, digits, dashes and underscores")


def credit_changed(currency: str) -> errors.CreditChanged:
    return errors.CreditChanged(f"the store credit in {currency} was spent meanwhile: look at what is left")


def usable_credit(balance_minor: int, total_minor: int, least_minor: int) -> int:
    """How much of a balance pays for an order: all of it, or so much that the rest is enough for a card payment."""
    used = min(balance_minor, total_minor)
    if 0 < total_minor - used < least_minor:
        used = max(0, total_minor - least_minor)
    return used
