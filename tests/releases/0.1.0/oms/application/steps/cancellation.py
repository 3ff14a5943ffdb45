"""Steps of a cancellation: take the order, complete the cancellation, or give the order back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms.application.steps.step import step
from oms.domain import cancellation_rules
from oms.domain.change import Change
from oms.domain.events import CancellationRefused, CancellationStarted, OrderCancelled, Units
from oms.domain.order import Order


@step(CancellationStarted)
def take_order(
    order: Order, cancellation_id: str, lines: Sequence[Mapping[str, Any]], reason: str, request_id: str = ""
) -> Change:
    return cancellation_rules.take(order, cancellation_id, [Units(**line) for line in lines], reason, request_id)


@step(OrderCancelled)
def complete_cancellation(order: Order, cancellation_id: str, reason: str) -> Change:
    return cancellation_rules.complete(order, cancellation_id, reason)


@step(CancellationRefused)
def give_back_order(order: Order, cancellation_id: str, error: str) -> Change:
    return cancellation_rules.give_back(order, cancellation_id, error)
