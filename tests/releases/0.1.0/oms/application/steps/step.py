"""A step of an order: the decision of one task."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, Generic, ParamSpec, TypeVar

from oms.application.commit import Decision
from oms.domain.change import Change
from oms.domain.events import Event
from oms.domain.order import Order

P = ParamSpec("P")
D = TypeVar("D", bound=Change | Decision)


class OrderStep(Generic[P, D]):
    """A pure function from an order, and what the state machine passes, to a change or a decision.

    It is idempotent: of an order whose work is done it answers an empty change. ``proofs`` are the events that show
    that the work is done.
    """

    def __init__(self, decide: Callable[Concatenate[Order, P], D], proofs: tuple[type[Event], ...]) -> None:
        self.decide = decide
        self.name = decide.__name__
        self.proofs = proofs
        update_wrapper(self, decide)

    def __call__(self, order: Order, *args: P.args, **kwargs: P.kwargs) -> D:
        return self.decide(order, *args, **kwargs)


def step(*proofs: type[Event]) -> Callable[[Callable[Concatenate[Order, P], D]], OrderStep[P, D]]:
    """Makes a step of a function that has the name of its task."""

    def made(decide: Callable[Concatenate[Order, P], D]) -> OrderStep[P, D]:
        return OrderStep(decide, proofs)

    return made
