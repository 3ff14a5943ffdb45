"""Placing an order, from lines or from a cart: price it, write it once for its key, start its execution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api import contract, identifiers
from api.identifiers import KEY, key_reused
from api.runtime import ApiRequest
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
    request: ApiRequest, lines: Sequence[Units], products: Mapping[str, Product], cart: Cart | None = None
) -> tuple[Order, bool]:
    """Place the order of the request's key and body, unless it was placed. Returns it, and whether it is new.

    Lines that come from a ``cart`` leave it in the same transaction. Raises ``CartOutdated`` if a product of the cart
    is gone, or has another price than the cart showed.
    """
    deps, body, now = request.deps, request.body, request.deps.clock.now()
    order_id = _order_id(request)
    fingerprint = identifiers.request_hash(body)
    try:
        if cart:
            check_as_seen(cart, products)
        quoted = quote(deps, body, lines, products, request.caller.id)
        change = placement.place(
            order_id,
            request.caller.id,
            quoted,
            body["payment_method"],
            body["recipient"],
            fingerprint,
            request.request_id,
        )
        if cart:
            change = replace(change, cart=without(cart, lines))
        order = deps.orders.create(change, now, request.caller.name)
    except Rejection as rejection:
        order = _existing_order(deps, order_id, rejection)
    if order.request_hash != fingerprint:
        raise key_reused()
    if order.status is Status.PLACED:
        deps.executions.start("NewOrder", order.id, execution_input(order.id, order.request_id))
    return order, order.placed_at == now and order.version == 1


def was_placed(request: ApiRequest) -> bool:
    """Whether an order was placed with the request's key before."""
    try:
        request.deps.orders.get(_order_id(request))
    except OrderNotFound:
        return False
    return True


def location(request: ApiRequest, order: Order) -> dict[str, str]:
    """The header that says where the caller can follow the order."""
    return {"Location": f"{contract.base_path()}{'/guest' if request.caller.is_guest else ''}/orders/{order.id}"}


def _order_id(request: ApiRequest) -> str:
    return identifiers.order_id(request.caller.id, request.arguments[KEY])


def quote(
    deps: Deps, body: Mapping[str, Any], lines: Sequence[Units], products: Mapping[str, Product], customer_id: str
) -> Quote:
    """The price of the order now, and the part that store credit would pay.

    Raises what ``pricing.quote`` raises, and ``NoAccount`` if a guest wants to pay with credit.
    """
    destination = Destination.of(body["recipient"])
    discount = discount_named(deps, body["code"]) if "code" in body else None
    currency, method = body["currency"], body.get("shipping")
    balance = credit_balance(deps, customer_id, currency) if body.get("use_store_credit") else 0
    return pricing.quote(
        lines, products, currency, destination, method, discount, now=deps.clock.now(), balance_minor=balance
    )


def credit_balance(deps: Deps, customer_id: str, currency: str) -> int:
    """The customer's store credit. Raises ``NoAccount`` for a guest."""
    check_account(customer_id)
    return deps.credit.balances(customer_id).get(currency, 0)


def discount_named(deps: Deps, code: str) -> Discount:
    """The discount of a code, in upper or lower case. Raises ``CodeNotValid`` if there is none."""
    discount = deps.discounts.get(code.upper())
    if discount is None:
        raise CodeNotValid(f"there is no code {code}")
    return discount


def _existing_order(deps: Deps, order_id: str, rejection: Rejection) -> Order:
    """The order that was placed with this key before. If there is none, raises the rejection."""
    try:
        return deps.orders.get(order_id)
    except OrderNotFound:
        raise rejection from None
