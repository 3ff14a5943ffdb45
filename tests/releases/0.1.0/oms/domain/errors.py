"""What can go wrong, as a tree whose leaves are the names that state machines catch.

    OmsError
      Rejection      a business no: an answer, never retried
      Conflict       someone moved first: reload and decide again
      Unavailable    a dependency is down or slow: retry with full jitter
      Defect         our bug: parked, alarmed, redriven

The class name is the wire name. The States Language can't catch a base class, so code raises and
definitions catch leaves. ``status`` is the HTTP status that the API answers with, and ``type`` the last part of
the problem's type URI (RFC 9457).
"""

from __future__ import annotations

import re
from typing import ClassVar


class OmsError(Exception):
    """Any error that the shop raises on purpose."""

    status: ClassVar[int] = 500

    @classmethod
    def type(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


class Rejection(OmsError):
    status = 422


class Conflict(OmsError):
    status = 409


class Unavailable(OmsError):
    status = 503


class Defect(OmsError):
    status = 500


# --- Rejections ---------------------------------------------------------------------------------


class InvalidRequest(Rejection):
    """The request is not of the contract's form."""

    status = 400


class OrderNotFound(Rejection):
    status = 404


class ProductNotFound(Rejection):
    status = 404


class CodeNotFound(Rejection):
    status = 404


class ReturnNotFound(Rejection):
    status = 404


class UnknownSku(Rejection):
    """A line names a SKU that the catalogue doesn't have."""


class WrongCurrency(Rejection):
    """The order, or what is in the cart, is in another currency than the catalogue's price."""


class NotShippable(Rejection):
    """Nothing is shipped there, or not in that way."""


class AmountTooSmall(Rejection):
    """The order costs less than the payment gateway takes."""


class CodeNotValid(Rejection):
    """There is no such discount code, or it is for other orders or other times."""


class CodeUsedUp(Rejection):
    """The discount code was used as often as it may be, by all or by this customer."""

    status = 409


class OutOfStock(Rejection):
    """Less is available than the order asks for."""

    status = 409


class CartEmpty(Rejection):
    """There is nothing to order."""

    status = 409


class CartOutdated(Rejection):
    """Something in the cart is gone, or costs otherwise than the shopper was shown."""

    status = 409


class PaymentDeclined(Rejection):
    """The card's issuer said no."""

    status = 402


class ReviewDeclined(Rejection):
    """A person looked at the order and said no."""


class ReviewExpired(Rejection):
    """Nobody looked at the order before its deadline."""


class OrderNotUnderReview(Rejection):
    """Somebody decided on an order that waits for no review."""

    status = 409


class OrderNotParked(Rejection):
    """Somebody wants to redrive what nobody parked, or what goes on already."""

    status = 409


class OrderNotCancellable(Rejection):
    """The order has ended, or what is asked for is gone already."""

    status = 409


class AlreadyDispatched(Rejection):
    """The goods have left: they can't be recalled."""

    status = 409


class ParcelLost(Rejection):
    """The carrier lost the goods on their way."""


class ShipmentRefused(Rejection):
    """The carrier won't take the goods, or hands them back, and nobody has called for that."""


class OrderNotReturnable(Rejection):
    """The goods were not delivered, came back already, or are past the return window."""

    status = 409


class NoAccount(Rejection):
    """Store credit is for who has an account: a guest has none."""


class IdempotencyKeyReused(Rejection):
    """The key came before, with another body."""


# --- Conflicts ----------------------------------------------------------------------------------


class OrderChanged(Conflict):
    """The order's version moved between reading and writing."""


class CartChanged(Conflict):
    """The cart's version moved between reading and writing."""


class CreditChanged(Conflict):
    """The store credit that was to pay was spent meanwhile."""


class OrderTaken(Conflict):
    """A cancellation holds the order: nothing else moves it until it is cancelled or given back."""


class OrderClosed(Conflict):
    """The order was cancelled or rejected: a late step has nothing left to do."""


class AlreadyConfirmed(Conflict):
    """The order is past the point where it can be rejected."""


class AlreadyDelivered(Conflict):
    """The goods have arrived."""


class AlreadyReceived(Conflict):
    """The returned parcel has arrived, or its return is closed."""


class EffectRefused(Conflict):
    """The effect was compensated before it happened; its late arrival is turned away."""


class AlreadyCaptured(Conflict):
    """The payment was captured: refund it instead of voiding it."""


class ShipmentRecalled(Conflict):
    """The shipment was called back before it left."""


# --- Unavailable --------------------------------------------------------------------------------


class StoreUnavailable(Unavailable):
    """DynamoDB throttled, timed out, or saw two transactions meet."""


class PaymentsUnavailable(Unavailable):
    """The payment gateway didn't answer, so what it did is unknown: ask again by the same key."""


class CarrierUnavailable(Unavailable):
    """The carrier didn't answer, so what it did is unknown: ask again by the same key."""


class ExecutionsUnavailable(Unavailable):
    """Step Functions didn't answer."""


# --- Defects ------------------------------------------------------------------------------------


class CompensationIncomplete(Defect):
    """An order can't end: something of it is still held."""


class OrderParked(Defect):
    """The order waits for an operator; a redrive goes on where it stood."""


class UnexpectedState(Defect):
    """A step met an order that it can't be at."""


class InvalidCommand(Defect):
    """A state machine sent a task something that isn't of its schema."""


class PaymentsRefused(Defect):
    """The payment gateway refused a call that it should take."""


def leaves(of: type[OmsError] = OmsError) -> list[type[OmsError]]:
    """Every error that can be raised and caught, in the order of declaration."""
    below = of.__subclasses__()
    return [leaf for child in below for leaf in leaves(child)] if below else [of]
