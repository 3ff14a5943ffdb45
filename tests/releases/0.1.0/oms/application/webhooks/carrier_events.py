"""What a carrier's word means to the executions that wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple

from oms.application.commit import commit
from oms.domain import parking, returns, shipping
from oms.domain.errors import ParcelLost, ShipmentRecalled, ShipmentRefused
from oms.domain.order import Order, ReturnStatus, Status
from oms.domain.payment import PaymentStatus
from oms.ports import Deps

Word = Mapping[str, Any]
CARRIER = "Carrier"
"""Under this name an order is parked that the carrier says otherwise of."""


class Fate(Enum):
    """What became of a word."""

    HEARD = auto()
    """An execution waited for it."""
    PAST = auto()
    """The order is past it: it was said before."""
    PARKED = auto()
    """It came when nothing waits for it any more, and the order's books say otherwise: a person has to look."""
    EARLY = auto()
    """Nothing waits for it yet: it should be said again later."""


def pass_on(deps: Deps, word: Word) -> Fate:
    """Tell every execution that waits for this word.

    A word that comes again changes nothing. ``word`` has ``type``, ``order_id``, and by its type ``tracking``,
    ``return_id`` or ``units``. Raises ``OrderNotFound``.
    """
    order = deps.orders.get(word["order_id"])
    meaning = MEANINGS[word["type"]]
    tokens = deps.orders.waits(order.id, meaning.waits or word["return_id"])
    heard = [meaning.tell(deps, order, token, word) for token in tokens]
    if any(heard):
        return Fate.HEARD
    if not meaning.is_past(order, word):
        return Fate.EARLY
    what = meaning.contradiction(order, word)
    if not what:
        return Fate.PAST
    after = commit(deps, order.id, CARRIER, lambda order: parking.contradict(order, CARRIER, what))
    return Fate.PARKED if after.parked.get(CARRIER) != order.parked.get(CARRIER) else Fate.PAST


def _dispatched(deps: Deps, order: Order, token: str, word: Word) -> bool:
    return deps.executions.succeed(token, {"tracking": word.get("tracking", "")})


def _recalled(deps: Deps, order: Order, token: str, word: Word) -> bool:
    try:
        shipping.check_recall(order)
    except ShipmentRefused as error:
        return deps.executions.fail(token, type(error).__name__, str(error))
    return deps.executions.fail(token, ShipmentRecalled.__name__, "the carrier was called back")


def _progressed(deps: Deps, order: Order, token: str, word: Word) -> bool:
    return deps.executions.heartbeat(token)


def _delivered(deps: Deps, order: Order, token: str, word: Word) -> bool:
    return deps.executions.succeed(token, {})


def _lost(deps: Deps, order: Order, token: str, word: Word) -> bool:
    return deps.executions.fail(token, ParcelLost.__name__, "the carrier lost the parcel")


def _received(deps: Deps, order: Order, token: str, word: Word) -> bool:
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


def _left_though_ended(order: Order, word: Word) -> str:
    never = order.status in (Status.CANCELLED, Status.REJECTED)
    return f"the parcel left ({word.get('tracking', '')}), and the order is {order.status}" if never else ""


def _ended_otherwise(order: Order, word: Word) -> str:
    said = word["type"].rpartition(".")[2]
    return f"the parcel is {said}, and the order is {order.status}" if said != order.status.value else ""


def _came_too_late(order: Order, word: Word) -> str:
    return returns.came_too_late(order, word["return_id"], word["units"])


def _agrees(order: Order, _: Word) -> str:
    return ""


class Meaning(NamedTuple):
    waits: str
    """What of the order waits for the word; empty: the return that it names."""
    tell: Callable[[Deps, Order, str, Word], bool]
    is_past: Callable[[Order, Word], bool]
    """True where the order will wait for it no more."""
    contradiction: Callable[[Order, Word], str]
    """What an order that is past it says otherwise; empty: nothing."""


MEANINGS: Mapping[str, Meaning] = {
    "shipment.dispatched": Meaning("dispatch", _dispatched, _has_left, _left_though_ended),
    "shipment.recalled": Meaning("dispatch", _recalled, _needs_nobody, _agrees),
    "shipment.progress": Meaning("dispatch", _progressed, _needs_nobody, _agrees),
    "shipment.delivered": Meaning("delivery", _delivered, _has_arrived, _ended_otherwise),
    "shipment.lost": Meaning("delivery", _lost, _has_arrived, _ended_otherwise),
    "return.received": Meaning("", _received, _is_back, _came_too_late),
}
