"""Starts the orders that were stored but whose NewOrder never started: Step Functions failed their request."""

from __future__ import annotations

from datetime import timedelta

from oms.application.expected_executions import execution_input
from oms.ports import Deps

GRACE = timedelta(seconds=30)
"""How long a request may take to start its own order."""
PAGE = 100


def start_waiting_orders(deps: Deps) -> int:
    """Starts every order that has waited longer than ``GRACE``, and returns their number.

    The execution is named by the order's id, so an order that was started meanwhile is not started again.
    """
    due = deps.clock.now() - GRACE
    started, cursor = 0, None
    while True:
        page = deps.orders.in_queue("starting", PAGE, cursor)
        for order in page.items:
            if order.placed_at > due:
                return started
            deps.executions.start("NewOrder", order.id, execution_input(order.id, order.request_id))
            started += 1
        if page.cursor is None:
            return started
        cursor = page.cursor
