"""What a carrier's word means to the executions that wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from oms.domain.order import Order, ReturnStatus, Status
from oms.domain.payment import PaymentStatus
from oms.ports import Deps

Word = Mapping[str, Any]


def pass_on(deps: Deps, word: Word) -> bool:
    """Tell every execution that waits for this word. False where none does yet: it should be said again later.

    A word that comes late, or again, is True and changes nothing: the order is past it. ``word`` has ``type``,
    ``order_id``, and by its type ``tracking``, ``return_id`` or ``units``. Raises ``OrderNotFound``.
    """
    order = deps.orders.get(word["order_id"])
    name, tell, is_past = MEANINGS[word["type"]]
    tokens = deps.orders.waits(order.id, name or word["return_id"])
    heard = [tell(deps, token, word) for token in tokens]
    return any(heard) or is_past(order, word)


def _dispatched(deps: Deps, token: str, word: Word) -> bool:
    return deps.executions.succeed(token, {"tracking": word.get("tracking", "")})


def _recalled(deps: Deps, token: str, word: Word) -> bool:
    return deps.executions.fail(token, "ShipmentRecalled", "the carrier was called back")


def _progressed(deps: Deps, token: str, word: Word) -> bool:
    return deps.executions.heartbeat(token)


def _delivered(deps: Deps, token: str, word: Word) -> bool:
    return deps.executions.succeed(token, {})


def _lost(deps: Deps, token: str, word: Word) -> bool:
    return deps.executions.fail(token, "ParcelLost", "the carrier lost the parcel")


def _received(deps: Deps, token: str, word: Word) -> bool:
    return deps.executions.succeed(token, {"units": dict(word["units"])})


def _has_left(order: Order, _: Word) -> bool:
    return order.payment.status is PaymentStatus.CAPTURED or order.status.is_closed


def _has_arrived(order: Order, _: Word) -> bool:
    return order.status is Status.DELIVERED or order.status.is_closed


def _is_back(order: Order, word: Word) -> bool:
    known = order.returns.get(word["return_id"])
    return known is not None and known.status is not ReturnStatus.AUTHORIZED


def _needs_nobody(order: Order, _: Word) -> bool:
    return True


MEANINGS: Mapping[str, tuple[str, Callable[[Deps, str, Word], bool], Callable[[Order, Word], bool]]] = {
    "shipment.dispatched": ("dispatch", _dispatched, _has_left),
    "shipment.recalled": ("dispatch", _recalled, _needs_nobody),
    "shipment.progress": ("dispatch", _progressed, _needs_nobody),
    "shipment.delivered": ("delivery", _delivered, _has_arrived),
    "shipment.lost": ("delivery", _lost, _has_arrived),
    "return.received": ("", _received, _is_back),
}
"""By the word's type: what waits for it (empty: the return), how it is told, and whether an order is past it."""
