"""Carts: change lines, show current prices, merge at sign-in, check out. A guest's cart is the one in their token."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import guests, identifiers, views
from api.etags import PRIVATE, check_precondition, conditional_response, etag
from api.order_placement import location, place, was_placed
from api.problems import Complaint, invalid
from api.runtime import ApiRequest, Service, json_response
from oms.domain import cart as rules
from oms.domain.cart import Cart
from oms.domain.errors import CartChanged, ProductNotFound
from oms.ports import Deps

ATTEMPTS = 4

service = Service()


@service.route("POST /guest/carts")
def begin_guest_cart(request: ApiRequest) -> Response[str]:
    token, expires_at = guests.cart_token(request.environ, request.deps.clock.now())
    return json_response(201, {"token": token, "expires_at": expires_at.isoformat()})


@service.route("GET /cart")
@service.route("GET /guest/cart")
def get_cart(request: ApiRequest) -> Response[str]:
    _, view = _cart_and_view(request.deps, _cart(request))
    return conditional_response(request, view, PRIVATE)


@service.route("PUT /cart/lines/{sku}")
@service.route("PUT /guest/cart/lines/{sku}")
def put_line(request: ApiRequest) -> Response[str]:
    sku = identifiers.checked_sku(request.path["sku"])
    product = request.deps.products.get([sku]).get(sku)
    if product is None:
        raise ProductNotFound(f"the catalogue has no {sku}")
    return _change(request, lambda cart: rules.put(cart, product, request.body["quantity"]))


@service.route("DELETE /cart/lines/{sku}")
@service.route("DELETE /guest/cart/lines/{sku}")
def remove_line(request: ApiRequest) -> Response[str]:
    sku = identifiers.checked_sku(request.path["sku"])
    return _change(request, lambda cart: rules.remove(cart, sku))


@service.route("DELETE /cart")
@service.route("DELETE /guest/cart")
def empty_cart(request: ApiRequest) -> Response[str]:
    return _change(request, lambda cart: replace(cart, lines=()))


@service.route("POST /cart/merge")
def merge_carts(request: ApiRequest) -> Response[str]:
    carts, now = request.deps.carts, request.deps.clock.now()
    guest = guests.identity_in(guests.CART, request.body["guest_token"], request.environ, now)
    if guest is None:
        raise invalid(Complaint("body/guest_token", "is none of ours, or has expired"))
    guest_cart = carts.get(guest, now)
    response = _change(request, lambda cart: rules.merge(cart, guest_cart.lines))
    if guest_cart.lines:
        with suppress(CartChanged):  # a line that the guest has just added stays for the next merge
            carts.save(replace(guest_cart, lines=()), now)
    return response


@service.route("POST /cart/checkout")
@service.route("POST /guest/cart/checkout")
def check_out(request: ApiRequest) -> Response[str]:
    cart = _cart(request)
    if request.arguments["If-Match"] is not None and not was_placed(request):
        cart, view = _cart_and_view(request.deps, cart)
        check_precondition(request, view)
    products = request.deps.products.get([line.sku for line in cart.lines])
    order, is_new = place(request, cart.units(), products, cart)
    summary = views.order_summary(order)
    if request.caller.is_guest:
        token, expires_at = guests.order_token(request.environ, order)
        summary |= {"token": token, "expires_at": expires_at.isoformat()}
    return json_response(202 if is_new else 200, summary, location(request, order))


def _change(request: ApiRequest, decide: Callable[[Cart], Cart]) -> Response[str]:
    """Save the cart that ``decide`` makes of it; if a concurrent change comes first, decide again."""
    for left in reversed(range(ATTEMPTS)):
        cart = _cart(request)
        if request.arguments.get("If-Match") is not None:
            check_precondition(request, _cart_and_view(request.deps, cart)[1])
        after = decide(cart)
        try:
            if after != cart:
                request.deps.carts.save(after, request.deps.clock.now())
            break
        except CartChanged:
            if not left:
                raise
    _, view = _cart_and_view(request.deps, after)
    return json_response(200, view, {"ETag": etag(view)})


def _cart(request: ApiRequest) -> Cart:
    return request.deps.carts.get(request.caller.id, request.deps.clock.now())


def _cart_and_view(deps: Deps, cart: Cart) -> tuple[Cart, dict[str, Any]]:
    """The cart at current prices, and its view."""
    skus = [line.sku for line in cart.lines]
    products = deps.products.get(skus)
    current, changes = rules.reread(cart, products, deps.inventory.stock(skus))
    return current, views.cart(current, products, changes)
