"""A request of the Stripe API, as the operations receive it, and the parameters that several of them read."""

from __future__ import annotations

from dataclasses import dataclass

from local.sandboxes.payments import stripe_errors
from local.sandboxes.payments.database import Intent, PaymentsDatabase
from local.sandboxes.payments.forms import Params, list_of, whole_number


@dataclass(frozen=True, slots=True)
class StripeRequest:
    database: PaymentsDatabase
    path: str
    target: str
    """The id in the path, if it has one."""
    params: Params
    declined: bool = False
    """The card is declined, whichever it is."""
    search_lag: float = 0
    """Seconds until a search finds a new object."""


class CardHangs(Exception):
    """The request stays open. Its payment intent is locked as long as the caller waits."""

    def __init__(self, intent_id: str) -> None:
        super().__init__(intent_id)
        self.intent_id = intent_id


def find_intent(request: StripeRequest) -> Intent:
    """The payment intent in the path."""
    intent = request.database.intent(request.target)
    if not intent:
        raise stripe_errors.not_found("payment_intent", request.target, "intent", in_path=True)
    return intent


def expands_charge(request: StripeRequest) -> bool:
    """Whether the response contains the whole charge."""
    properties = list_of(request.params, "expand")
    if unsupported := [each for each in properties if each != "latest_charge"]:
        raise stripe_errors.invalid(f"This property cannot be expanded ({unsupported[0]}).", param="expand")
    return bool(properties)


def page_size(request: StripeRequest) -> int:
    limit = whole_number(request.params, "limit") if "limit" in request.params else 10
    if limit > 100:
        raise stripe_errors.invalid("This value must be less than or equal to 100.", param="limit")
    return limit
