"""The one way in which an order changes: load, decide, save."""

from __future__ import annotations

from collections.abc import Callable

from oms.domain.change import Change
from oms.domain.errors import OrderChanged
from oms.domain.order import Order
from oms.ports import Deps

TRIES = 4


def commit(deps: Deps, order_id: str, by: str, decide: Callable[[Order], Change]) -> Order:
    """Save what ``decide`` makes of the order as stored, deciding again where someone moved first.

    ``decide`` may act outside before it answers, since every outside effect is keyed; so it may run up to
    ``TRIES`` times. Raises what it raises, and ``OrderChanged`` when every try met somebody else's.
    """
    for left in reversed(range(TRIES)):
        order = deps.orders.get(order_id)
        try:
            return deps.orders.save(order, decide(order), deps.clock.now(), by)
        except OrderChanged:
            if not left:
                raise
    raise AssertionError("unreachable")
