"""The one way in which an order changes: load it, decide, make the call that the decision needs, save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from oms.domain.change import Change
from oms.domain.errors import OrderChanged
from oms.domain.order import Order
from oms.ports import Deps

ATTEMPTS = 4


@dataclass(frozen=True)
class Decision:
    """A change, and the call to another company that has to succeed before the change is written.

    The call carries an idempotency key: it is made again whenever the write after it fails.
    """

    change: Change
    call: Callable[[Deps], None] | None = None


def commit(deps: Deps, order_id: str, by: str, decide: Callable[[Order], Change | Decision]) -> Order:
    """Saves what ``decide`` makes of the stored order, and returns the order after it.

    Decides again where another writer was first, up to ``ATTEMPTS`` times; then raises ``OrderChanged``.
    """
    for attempts_left in reversed(range(ATTEMPTS)):
        order = deps.orders.get(order_id)
        try:
            return deps.orders.save(order, _change(deps, decide(order)), deps.clock.now(), by)
        except OrderChanged:
            if not attempts_left:
                raise
    raise AssertionError("unreachable")


def _change(deps: Deps, decision: Change | Decision) -> Change:
    if isinstance(decision, Change):
        return decision
    if decision.call is not None:
        decision.call(deps)
    return decision.change
