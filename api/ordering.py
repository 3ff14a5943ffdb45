"""How an order is priced and placed, whatever it is made from: written once a key, and begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api import identifiers
from api.identifiers import KEY, reused
from api.runtime import Call
from oms.domain import placing, pricing
from oms.domain.catalogue import Product
from oms.domain.errors import OrderNotFound, Rejection
from oms.domain.events import Units
from oms.domain.order import Order, Status
from oms.domain.pricing import Destination, Quote
from oms.ports import Deps


def place(
    call: Call, body: Mapping[str, Any], lines: Sequence[Units], products: Mapping[str, Product]
) -> tuple[Order, bool]:
    """The order that the call's key stands for, and whether it is new. The key goes with what was sent,
    ``call.body``; ``body`` is the same as ``POST /orders`` takes it."""
    deps, now = call.deps, call.deps.clock.now()
    order_id = identifiers.order_id(call.caller.id, call.arguments[KEY])
    fingerprint = identifiers.request_hash(call.body)
    try:
        quoted = quote(deps, body, lines, products)
        change = placing.place(order_id, call.caller.id, quoted, body["payment_method"], body["recipient"], fingerprint)
        order = deps.orders.create(change, now, call.caller.name)
    except Rejection as refusal:
        order = _repeated(deps, order_id, refusal)
    if order.request_hash != fingerprint:
        raise reused()
    if order.status is Status.PLACED:
        deps.executions.start("NewOrder", order.id, {"order_id": order.id})
    return order, order.placed_at == now and order.version == 1


def quote(deps: Deps, body: Mapping[str, Any], lines: Sequence[Units], products: Mapping[str, Product]) -> Quote:
    """What the order would cost now. Raises what ``pricing.quote`` raises."""
    destination = Destination.of(body["recipient"])
    return pricing.quote(lines, products, body["currency"], destination, body.get("shipping"), now=deps.clock.now())


def _repeated(deps: Deps, order_id: str, refusal: Rejection) -> Order:
    """The order that the key stands for, even where it couldn't be placed any more."""
    try:
        return deps.orders.get(order_id)
    except OrderNotFound:
        raise refusal from None
