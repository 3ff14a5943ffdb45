"""Store credit: money that the shop owes a shopper, who spends it here.

A customer's ledger is only ever added to, currency by currency, and a balance is its sum. An order that is paid with
credit takes it as it is written, and gives back what it doesn't need with the change that says so: each line of the
ledger is one effect of one order, or a grant, once for its effect id.
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
    """Where the money of a return goes."""

    ORIGINAL_PAYMENT = "original_payment"
    STORE_CREDIT = "store_credit"


class CreditReason(StrEnum):
    GRANTED = "granted"
    SPENT = "spent"
    RETURNED = "returned"
    """What an order was to be paid with comes back, as the order costs less or nothing."""
    REFUNDED = "refunded"
    """Goods went back, or were lost: what they cost."""


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """One line of a customer's ledger: an amount given, or, below nothing, one spent."""

    effect_id: str
    customer_id: str
    amount: Money
    reason: CreditReason
    order_id: str = ""
    note: str = ""
    """Why an operator granted it."""


@dataclass(frozen=True, slots=True)
class BookedCredit:
    """A line with when it was written, and by whom."""

    at: datetime
    by: str
    entry: CreditEntry


def sums(entries: Iterable[CreditEntry]) -> Mapping[str, int]:
    """A ledger's balance in each of its currencies, in minor units."""
    found = Counter[str]()
    for entry in entries:
        found[entry.amount.currency] += entry.amount.minor
    return dict(found)


def grant(effect_id: str, customer_id: str, amount: Money, note: str) -> CreditEntry:
    check_account(customer_id)
    return CreditEntry(effect_id, customer_id, amount, CreditReason.GRANTED, note=note)


def spend(order_id: str, customer_id: str, amount: Money) -> CreditEntry:
    check_account(customer_id)
    taken = Money(-amount.minor, amount.currency)
    return CreditEntry(f"{order_id}:credit", customer_id, taken, CreditReason.SPENT, order_id)


def check_account(customer_id: str) -> None:
    """Raises ``NoAccount`` for a guest, who couldn't come back for it, and for what is nobody's id."""
    if customer_id.startswith(GUEST):
        raise errors.NoAccount("a guest has no account that store credit could be in")
    if not CUSTOMER.fullmatch(customer_id):
        raise errors.NoAccount("nobody's id is like this: those are up to 100 letters, digits, dashes and underscores")


def spent_meanwhile(currency: str) -> errors.CreditChanged:
    return errors.CreditChanged(f"the store credit in {currency} was spent meanwhile: look at what is left")


def usable(balance_minor: int, total_minor: int, least_minor: int) -> int:
    """How much of a balance pays for an order: all that it costs, or so much that a card can pay the rest."""
    used = min(balance_minor, total_minor)
    if 0 < total_minor - used < least_minor:
        used = max(0, total_minor - least_minor)
    return used
