"""The errors of the shop, as a tree whose leaves are the names that state machines catch.

    OmsError
      Rejection      a business rejection: a result, never retried
      Conflict       another writer was first: reload and decide again
      Unavailable    a dependency is down or slow: retry with full jitter
      Defect         a bug of ours: parked, alarmed, redriven

The class name is the name on the wire. The States Language can't catch a base class, so code raises leaves, and
definitions catch them. ``status`` is the HTTP status of the API's response, and ``type`` the last part of the problem's
type URI (RFC 9457).
"""

from __future__ import annotations

import re
from typing import ClassVar


class OmsError(Exception):
    """Base class of every error that the shop raises on purpose."""

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
    """The request violates the contract."""

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
    """The order, or the cart, is in another currency than the catalogue's price."""


class NotShippable(Rejection):
    """The shop doesn't ship to that destination, or not by that method."""


class AmountTooSmall(Rejection):
    """The order costs less than the payment gateway accepts."""


class CodeNotValid(Rejection):
    """There is no such discount code, or it is for other orders or other times."""


class CodeUsedUp(Rejection):
    """The discount code has reached its limit, in total or for this customer."""

    status = 409


class OutOfStock(Rejection):
    """Less is available than the order asks for."""

    status = 409


class CartEmpty(Rejection):
    """The cart is empty."""

    status = 409


class CartOutdated(Rejection):
    """A product in the cart is gone, or has another price than the shopper saw."""

    status = 409


class PaymentDeclined(Rejection):
    """The card's issuer declined the payment."""

    status = 402


class ReviewDeclined(Rejection):
    """An operator declined the order."""


class ReviewExpired(Rejection):
    """No operator reviewed the order before the deadline."""


class OrderNotUnderReview(Rejection):
    """The order doesn't wait for a review."""

    status = 409


class OrderNotParked(Rejection):
    """The order is not parked, or goes on already: there is nothing to redrive or to accept."""

    status = 409


class OrderNotCancellable(Rejection):
    """The order is closed or shipped, or the units are not open."""

    status = 409


class AlreadyDispatched(Rejection):
    """The goods have left: they can't be recalled."""

    status = 409


class ParcelLost(Rejection):
    """The carrier lost the goods."""


class ShipmentRefused(Rejection):
    """The carrier refuses the goods, or hands them back, and nobody recalled them."""


class OrderNotReturnable(Rejection):
    """The goods were not delivered, came back already, or are past the return window."""

    status = 409


class NoAccount(Rejection):
    """Store credit needs an account, which a guest doesn't have."""


class IdempotencyKeyReused(Rejection):
    """The idempotency key was used before with another body."""


# --- Conflicts ----------------------------------------------------------------------------------


class OrderChanged(Conflict):
    """The order's version changed between reading and writing."""


class CartChanged(Conflict):
    """The cart's version changed between reading and writing."""


class CreditChanged(Conflict):
    """The store credit was spent meanwhile."""


class OrderTaken(Conflict):
    """A cancellation holds the order: nothing else moves it until it is cancelled or given back."""


class OrderClosed(Conflict):
    """The order was cancelled, rejected or lost: a late step has nothing left to do."""


class AlreadyConfirmed(Conflict):
    """The order is confirmed: it can't be rejected any more."""


class AlreadyDelivered(Conflict):
    """The goods have arrived."""


class AlreadyReceived(Conflict):
    """The returned parcel has arrived, or its return is closed."""


class EffectRefused(Conflict):
    """The effect was compensated before it happened: the late call is refused."""


class AlreadyCaptured(Conflict):
    """The payment was captured: refund it instead of voiding it."""


class ShipmentRecalled(Conflict):
    """The shipment was recalled before it left."""


# --- Unavailable --------------------------------------------------------------------------------


class StoreUnavailable(Unavailable):
    """DynamoDB throttled the call, timed out, or cancelled it for a conflicting transaction."""


class PaymentsUnavailable(Unavailable):
    """The payment gateway didn't answer: its effect is unknown until the call is repeated with the same key."""


class CarrierUnavailable(Unavailable):
    """The carrier didn't answer: its effect is unknown until the call is repeated with the same key."""


class ExecutionsUnavailable(Unavailable):
    """Step Functions didn't answer."""


# --- Defects ------------------------------------------------------------------------------------


class CompensationIncomplete(Defect):
    """An order can't be closed: it still holds stock or money."""


class OrderParked(Defect):
    """Fails the execution of an order that waits for an operator; a redrive resumes it."""


class UnexpectedState(Defect):
    """A step found the order in a state in which the step should not run."""


class InvalidCommand(Defect):
    """A state machine sent a command that violates its task's schema."""


class PaymentsRefused(Defect):
    """The payment gateway refused a call that it should accept."""


def leaves(of: type[OmsError] = OmsError) -> list[type[OmsError]]:
    """Every error that can be raised and caught, in the order of declaration."""
    below = of.__subclasses__()
    return [leaf for child in below for leaf in leaves(child)] if below else [of]
