"""Every step, by the name of its task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms.application.steps import cancellation, inventory, payments, placement, returns, shipment
from oms.application.steps.step import OrderStep

MODULES = (cancellation, inventory, placement, payments, returns, shipment)


def _task_name(step: OrderStep[..., Any]) -> str:
    return "".join(word.capitalize() for word in step.name.split("_"))


STEPS: Mapping[str, OrderStep[..., Any]] = {
    _task_name(value): value for module in MODULES for value in vars(module).values() if isinstance(value, OrderStep)
}
