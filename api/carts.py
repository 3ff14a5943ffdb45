"""Carts: filled, shown as they are today, joined at sign-in, ordered. A guest's is the one that their token names."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import guests, identifiers, views
from api.etags import PRIVATE, check_unchanged, etag, shown
from api.order_placement import is_placed, location, place
from api.problems import Complaint, invalid
from api.runtime import Call, Service, json_answer
from oms.domain import cart as rules
from oms.domain.cart import Cart
from oms.domain.errors import CartChanged, ProductNotFound
from oms.ports import Deps

TRIES = 4

handler = Service()


@handler.route("POST /guest/carts")
def begin_guest_cart(call: Call) -> Response[str]:
    token, expires_at = guests.cart_token(call.environ, call.deps.clock.now())
    return json_answer(201, {"token": token, "expires_at": expires_at.isoformat()})


@handler.route("GET /cart")
@handler.route("GET /guest/cart")
def get_cart(call: Call) -> Response[str]:
    _, view = _look(call.deps, _cart(call))
    return shown(call, view, PRIVATE)


@handler.route("PUT /cart/lines/{sku}")
@handler.route("PUT /guest/cart/lines/{sku}")
def put_line(call: Call) -> Response[str]:
    sku = identifiers.sku(call.path["sku"])
    product = call.deps.products.get([sku]).get(sku)
    if product is None:
        raise ProductNotFound(f"the catalogue has no {sku}")
    return _change(call, lambda cart: rules.put(cart, product, call.body["quantity"]))


@handler.route("DELETE /cart/lines/{sku}")
@handler.route("DELETE /guest/cart/lines/{sku}")
def remove_line(call: Call) -> Response[str]:
    sku = identifiers.sku(call.path["sku"])
    return _change(call, lambda cart: rules.remove(cart, sku))


@handler.route("DELETE /cart")
@handler.route("DELETE /guest/cart")
def empty_cart(call: Call) -> Response[str]:
    return _change(call, lambda cart: replace(cart, lines=()))


@handler.route("POST /cart/merge")
def merge_carts(call: Call) -> Response[str]:
    carts, now = call.deps.carts, call.deps.clock.now()
    guest = guests.held(guests.CART, call.body["guest_token"], call.environ, now)
    if guest is None:
        raise invalid(Complaint("body/guest_token", "is none of ours, or has expired"))
    theirs = carts.get(guest, now)
    answer = _change(call, lambda cart: rules.merge(cart, theirs.lines))
    if theirs.lines:
        with suppress(CartChanged):  # what the guest put in meanwhile waits for the next time
            carts.save(replace(theirs, lines=()), now)
    return answer


@handler.route("POST /cart/checkout")
@handler.route("POST /guest/cart/checkout")
def check_out(call: Call) -> Response[str]:
    cart = _cart(call)
    if call.arguments["If-Match"] is not None and not is_placed(call):
        cart, view = _look(call.deps, cart)
        check_unchanged(call, view)
    products = call.deps.products.get([line.sku for line in cart.lines])
    order, is_new = place(call, cart.units(), products, cart)
    answer = views.order_summary(order)
    if call.caller.is_guest:
        token, expires_at = guests.order_token(call.environ, order)
        answer |= {"token": token, "expires_at": expires_at.isoformat()}
    return json_answer(202 if is_new else 200, answer, location(call, order))


def _change(call: Call, decide: Callable[[Cart], Cart]) -> Response[str]:
    """Save what ``decide`` makes of the cart, deciding again where somebody came first."""
    for left in reversed(range(TRIES)):
        cart = _cart(call)
        if call.arguments.get("If-Match") is not None:
            check_unchanged(call, _look(call.deps, cart)[1])
        after = decide(cart)
        try:
            if after != cart:
                call.deps.carts.save(after, call.deps.clock.now())
            break
        except CartChanged:
            if not left:
                raise
    _, view = _look(call.deps, after)
    return json_answer(200, view, {"ETag": etag(view)})


def _cart(call: Call) -> Cart:
    return call.deps.carts.get(call.caller.id, call.deps.clock.now())


def _look(deps: Deps, cart: Cart) -> tuple[Cart, dict[str, Any]]:
    """The cart as it is today, and as it is shown."""
    skus = [line.sku for line in cart.lines]
    products = deps.products.get(skus)
    today, changes = rules.reread(cart, products, deps.inventory.stock(skus))
    return today, views.cart(today, products, changes)
