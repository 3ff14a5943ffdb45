"""Begin the orders whose request lost Step Functions on the way. Runs by the clock, not in a state machine.

Compensated by nothing: it gives an order the execution that it should have. Safe to run twice: one order, one name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms.application.start_sweeper import start_waiting_orders
from oms.ports import Deps
from tasks.runtime import observed


class Sweep:
    """A callable for Lambda, and ``run`` for whoever has deps of their own."""

    def __call__(self, event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
        from oms.adapters.wiring import deps

        return observed("StartWaitingOrders", event, lambda: self.run(event, deps()))

    def run(self, event: Mapping[str, Any], deps: Deps) -> Mapping[str, Any]:
        return {"started": start_waiting_orders(deps)}


handler = Sweep()
