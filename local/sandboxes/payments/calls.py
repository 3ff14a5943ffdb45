"""What a verb of the API gets, and what it may answer besides an object."""

from __future__ import annotations

from dataclasses import dataclass

from local.sandboxes.payments import problems
from local.sandboxes.payments.books import Books, Intent
from local.sandboxes.payments.forms import Params, list_of, whole


@dataclass(frozen=True, slots=True)
class Call:
    books: Books
    path: str
    target: str
    """The id in the path, if it has one."""
    params: Params
    declined: bool = False
    """The card is to be declined, whichever it is."""
    search_lag: float = 0
    """How long a new object takes to be found by a search, in seconds."""


class Unanswered(Exception):
    """The call stays open: its payment intent is locked as long as the caller waits."""

    def __init__(self, intent_id: str) -> None:
        super().__init__(intent_id)
        self.intent_id = intent_id


def intent_of(call: Call) -> Intent:
    intent = call.books.intent(call.target)
    if not intent:
        raise problems.missing("payment_intent", call.target, "intent", in_path=True)
    return intent


def expands_charge(call: Call) -> bool:
    wanted = list_of(call.params, "expand")
    if strange := [each for each in wanted if each != "latest_charge"]:
        raise problems.invalid(f"This property cannot be expanded ({strange[0]}).", param="expand")
    return bool(wanted)


def page_size(call: Call) -> int:
    limit = whole(call.params, "limit") if "limit" in call.params else 10
    if limit > 100:
        raise problems.invalid("This value must be less than or equal to 100.", param="limit")
    return limit
