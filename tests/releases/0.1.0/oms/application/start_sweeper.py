"""Orders that were written down but never begun: their request lost Step Functions on the way."""

from __future__ import annotations

from datetime import timedelta

from oms.application.expected_executions import asked
from oms.ports import Deps

GRACE = timedelta(seconds=30)
"""How long a request may take to begin its own order."""
PAGE = 100


def start_waiting_orders(deps: Deps) -> int:
    """Begin every order that waits longer than ``GRACE``, and answer how many there were.

    The execution's name is the order's id, so one that was begun meanwhile is not begun again.
    """
    due = deps.clock.now() - GRACE
    started, cursor = 0, None
    while True:
        page = deps.orders.in_queue("starting", PAGE, cursor)
        for order in page.items:
            if order.placed_at > due:
                return started
            deps.executions.start("NewOrder", order.id, asked(order.id, order.request_id))
            started += 1
        if page.cursor is None:
            return started
        cursor = page.cursor
