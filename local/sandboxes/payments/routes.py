"""The routes of the Stripe API that the sandbox supports, each with its handler and its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.sandboxes.payments import intents, refunds
from local.sandboxes.payments.requests import StripeRequest
from local.sandboxes.payments.stripe_objects import Json


@dataclass(frozen=True, slots=True)
class StripeRoute:
    operation: str
    handler: Callable[[StripeRequest], Json]
    params: frozenset[str]


def _route(operation: str, handler: Callable[[StripeRequest], Json], params: str = "") -> StripeRoute:
    return StripeRoute(operation, handler, frozenset(params.split()))


_CREATE = "amount currency capture_method payment_method payment_method_types metadata"
# By method, resource, and the rest of the path: nothing, an id, or an id and a verb.
_ROUTES = {
    ("POST", "payment_intents", ""): _route("create", intents.create, _CREATE),
    ("GET", "payment_intents", ""): _route("list", intents.list_all, "limit starting_after"),
    ("GET", "payment_intents", "search"): _route("search", intents.search, "query limit"),
    ("GET", "payment_intents", "id"): _route("retrieve", intents.retrieve, "expand"),
    ("POST", "payment_intents", "confirm"): _route(
        "confirm", intents.confirm, "expand payment_method error_on_requires_action"
    ),
    ("POST", "payment_intents", "capture"): _route("capture", intents.capture, "expand amount_to_capture"),
    ("POST", "payment_intents", "cancel"): _route("cancel", intents.cancel, "expand"),
    ("POST", "refunds", ""): _route("refund", refunds.create, "payment_intent amount metadata reason"),
    ("GET", "refunds", ""): _route("list", refunds.list_all, "payment_intent limit starting_after"),
    ("GET", "refunds", "id"): _route("retrieve", refunds.retrieve),
    ("GET", "charges", "id"): _route("retrieve", intents.retrieve_charge),
}


def find(method: str, path: str) -> tuple[StripeRoute, str] | None:
    """The route, and the id in the path."""
    match path.split("/")[1:]:
        case ["v1", resource]:
            key, name = (method, resource, ""), ""
        case ["v1", "payment_intents", "search"]:
            key, name = (method, "payment_intents", "search"), ""
        case ["v1", resource, name]:
            key = (method, resource, "id")
        case ["v1", resource, name, verb] if verb in ("confirm", "capture", "cancel"):
            key = (method, resource, verb)
        case _:
            return None
    route = _ROUTES.get(key)
    return (route, name) if route else None
