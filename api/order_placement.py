"""How an order is priced and placed, whatever it is made from: written once a key, and begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api import contract, identifiers
from api.identifiers import KEY, reused
from api.runtime import Call
from oms.application.expected_executions import execution_input
from oms.domain import placement, pricing
from oms.domain.cart import Cart, check_as_seen, without
from oms.domain.catalogue import Product
from oms.domain.credit import check_account
from oms.domain.discounts import Discount
from oms.domain.errors import CodeNotValid, OrderNotFound, Rejection
from oms.domain.events import Units
from oms.domain.order import Order, Status
from oms.domain.pricing import Destination, Quote
from oms.ports import Deps


def place(
    call: Call, lines: Sequence[Units], products: Mapping[str, Product], cart: Cart | None = None
) -> tuple[Order, bool]:
    """The order that the call's key and body stand for, and whether it is new.

    Lines that come from a ``cart`` leave it with the same write, unless something in it is gone or costs otherwise
    than the shopper saw.
    """
    deps, body, now = call.deps, call.body, call.deps.clock.now()
    order_id = _order_id(call)
    fingerprint = identifiers.request_hash(body)
    try:
        if cart:
            check_as_seen(cart, products)
        quoted = quote(deps, body, lines, products, call.caller.id)
        change = placement.place(
            order_id, call.caller.id, quoted, body["payment_method"], body["recipient"], fingerprint, call.request_id
        )
        if cart:
            change = replace(change, cart=without(cart, lines))
        order = deps.orders.create(change, now, call.caller.name)
    except Rejection as refusal:
        order = _repeated(deps, order_id, refusal)
    if order.request_hash != fingerprint:
        raise reused()
    if order.status is Status.PLACED:
        deps.executions.start("NewOrder", order.id, execution_input(order.id, order.request_id))
    return order, order.placed_at == now and order.version == 1


def is_placed(call: Call) -> bool:
    """Whether the call's key came before."""
    try:
        call.deps.orders.get(_order_id(call))
    except OrderNotFound:
        return False
    return True


def location(call: Call, order: Order) -> dict[str, str]:
    """Where the caller can follow the order."""
    return {"Location": f"{contract.base_path()}{'/guest' if call.caller.is_guest else ''}/orders/{order.id}"}


def _order_id(call: Call) -> str:
    return identifiers.order_id(call.caller.id, call.arguments[KEY])


def quote(
    deps: Deps, body: Mapping[str, Any], lines: Sequence[Units], products: Mapping[str, Product], customer_id: str
) -> Quote:
    """What the order would cost now, and what of it store credit would pay.

    Raises what ``pricing.quote`` raises, and ``NoAccount`` for a guest's credit.
    """
    destination = Destination.of(body["recipient"])
    discount = discount_of(deps, body["code"]) if "code" in body else None
    currency, method = body["currency"], body.get("shipping")
    balance = balance_of(deps, customer_id, currency) if body.get("use_store_credit") else 0
    return pricing.quote(
        lines, products, currency, destination, method, discount, now=deps.clock.now(), balance_minor=balance
    )


def balance_of(deps: Deps, customer_id: str, currency: str) -> int:
    """Of store credit. Raises ``NoAccount`` for a guest."""
    check_account(customer_id)
    return deps.credit.balances(customer_id).get(currency, 0)


def discount_of(deps: Deps, code: str) -> Discount:
    """By its name, in whatever case. Raises ``CodeNotValid`` where there is none of that name."""
    discount = deps.discounts.get(code.upper())
    if discount is None:
        raise CodeNotValid(f"there is no code {code}")
    return discount


def _repeated(deps: Deps, order_id: str, refusal: Rejection) -> Order:
    """The order that the key stands for, even where it couldn't be placed any more."""
    try:
        return deps.orders.get(order_id)
    except OrderNotFound:
        raise refusal from None
