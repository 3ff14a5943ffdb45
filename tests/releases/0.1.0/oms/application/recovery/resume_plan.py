"""A parked execution that goes on: the states on its way, and the rule that each state's task decides by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms.domain import cancelling, parking, paying, placing, returns, shipping
from oms.domain import events as e
from oms.domain.change import NOTHING, Change
from oms.domain.credit import RefundTo
from oms.domain.order import Order

TOKEN = "rehearsal"
"""Stands for the task token that a rule is to keep."""


@dataclass(frozen=True)
class Resumption:
    """A parked execution that goes on: which machine it is of, and what it was begun with."""

    execution: str
    machine: str
    payload: Mapping[str, Any]

    @property
    def cancellation_id(self) -> str:
        """Of the cancellation that it may carry out."""
        if self.machine == "FulfillOrder":
            return f"{self.payload['order_id']}_unfulfillable"
        return str(self.payload.get("cancellation_id", ""))

    @property
    def return_id(self) -> str:
        return str(self.payload.get("return_id", ""))

    @property
    def effect_id(self) -> str:
        """Of the refund that it may make."""
        subjects = {"CancelOrder": self.cancellation_id, "ReturnOrder": self.return_id}
        return f"{subjects.get(self.machine, self.payload['order_id'])}:refund"

    @property
    def lines(self) -> tuple[e.Units, ...]:
        return tuple(e.Units(**line) for line in self.payload.get("lines", ()))


BACKWARD = ("TakeOrder", "RecallShipment", "VoidAuthorization", "ReleaseInventory", "CompleteCancellation")
CANCEL = ("TakeOrder", "RecallShipment", "Settle", "ReleaseInventory", "CompleteCancellation")
RETURN = ("AuthorizeReturn", "ExpectParcel", "InspectItems", "RefundPayment", "RestockItems", "CloseReturn")
WAYS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "NewOrder": {
        "forward": ("StartFulfillment",),
        "backward": ("AbandonOrder", "VoidAuthorization", "ReleaseInventory", "RejectOrder"),
    },
    "FulfillOrder": {
        "forward": ("RequestShipment", "CapturePayment", "MarkShipped", "TrackDelivery", "MarkDelivered"),
        "backward": BACKWARD,
        "refund": ("RefundPayment",),
    },
    "CancelOrder": dict.fromkeys(("forward", "backward", "refund", "superseded"), CANCEL),
    "ReturnOrder": dict.fromkeys(("forward", "backward", "refund", "superseded"), RETURN),
}
"""The states after ParkOrder, by the machine and by where a resumed execution goes on. A test holds them against the
committed definitions."""


def way(order: Order, it: Resumption) -> str:
    return parking.direction(order, it.cancellation_id if it.machine == "FulfillOrder" else "")


def _void(order: Order, it: Resumption) -> Change:
    own = it.cancellation_id if it.machine != "NewOrder" else None
    return paying.voided(order) if paying.may_void(order, own) else NOTHING


def _capture(order: Order, _: Resumption) -> Change:
    return paying.captured(order, order.to_capture) if paying.may_capture(order) else NOTHING


def _refund(order: Order, it: Resumption) -> Change:
    refund = paying.refund_due(order, it.effect_id)
    return paying.refunded(order, refund, it.effect_id) if refund else NOTHING


def _release(order: Order, it: Resumption) -> Change:
    return placing.release(order, it.cancellation_id if it.machine != "NewOrder" else None)


def _take(order: Order, it: Resumption) -> Change:
    return cancelling.take(order, it.cancellation_id, it.lines, str(it.payload.get("reason", "")))


def _authorize_return(order: Order, it: Resumption) -> Change:
    refund_to = RefundTo(it.payload.get("refund_to", RefundTo.ORIGINAL_PAYMENT))
    reason = str(it.payload.get("reason", ""))
    return returns.authorize(order, it.return_id, it.lines, reason, order.placed_at, refund_to)


RULES: Mapping[str, Callable[[Order, Resumption], Change]] = {
    "AbandonOrder": lambda order, it: placing.abandon(order, "defect"),
    "AuthorizeReturn": _authorize_return,
    "CapturePayment": _capture,
    "CloseReturn": lambda order, it: returns.close(order, it.return_id),
    "CompleteCancellation": lambda order, it: cancelling.complete(order, it.cancellation_id, ""),
    "ExpectParcel": lambda order, it: returns.expect_parcel(order, it.return_id, TOKEN),
    "InspectItems": lambda order, it: returns.inspect(order, it.return_id, {}),
    "MarkDelivered": lambda order, it: shipping.deliver(order),
    "MarkShipped": lambda order, it: shipping.ship(order, ""),
    "RefundPayment": _refund,
    "RejectOrder": lambda order, it: placing.reject(order, "defect"),
    "ReleaseInventory": _release,
    "RequestShipment": lambda order, it: shipping.request_shipment(order, TOKEN),
    "RestockItems": lambda order, it: returns.restock(order, it.return_id),
    "TakeOrder": _take,
    "TrackDelivery": lambda order, it: shipping.track_delivery(order, TOKEN),
    "VoidAuthorization": _void,
}
IN_PARTS = frozenset({"ReleaseInventory", "MarkShipped", "RestockItems"})
PROOFS: Mapping[str, type[e.Event] | tuple[type[e.Event], ...]] = {
    "AbandonOrder": e.OrderAbandoned,
    "AuthorizeReturn": e.ReturnAuthorized,
    "CapturePayment": e.PaymentCaptured,
    "CloseReturn": e.ReturnClosed,
    "CompleteCancellation": e.OrderCancelled,
    "ExpectParcel": e.ReturnAuthorized,
    "InspectItems": e.ItemsInspected,
    "MarkDelivered": e.OrderDelivered,
    "MarkShipped": e.OrderShipped,
    "RefundPayment": (e.PaymentRefunded, e.CreditGiven),
    "RejectOrder": e.OrderRejected,
    "ReleaseInventory": e.InventoryReleased,
    "RequestShipment": e.ShipmentRequested,
    "RestockItems": e.ItemsRestocked,
    "TakeOrder": e.CancellationStarted,
    "TrackDelivery": e.OrderShipped,
    "VoidAuthorization": e.PaymentVoided,
}
