"""The demo's report: outcomes of the orders, time to confirmation, orders confirmed per second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import quantiles
from typing import Any

from rich.table import Table

from local.aws.names import machine_arn
from local.aws.resources import client
from local.commands.demo.day import PlacedOrder

SAMPLE = 25
"""Executions whose transitions are counted."""
MOST_TRANSITIONS = 5


@dataclass(frozen=True)
class SpeedFigures:
    """``seconds`` are from the start of each request to the confirmation, of orders without a review."""

    confirmed: int
    seconds: tuple[float, ...]
    per_second: float
    transitions: int

    def percentile(self, percent: int) -> float:
        return quantiles(self.seconds, n=100)[percent - 1] if len(self.seconds) > 1 else sum(self.seconds)


def measure_speed(orders: Sequence[PlacedOrder], environment: Mapping[str, str]) -> SpeedFigures:
    confirmed = [(each, at) for each in orders if (at := confirmed_at(each.order)) is not None]
    unreviewed = [(each, at) for each, at in confirmed if not each.order.get("review")]
    start = min(each.start for each in orders)
    seconds = max((at for _, at in unreviewed), default=start + 1) - start
    sample = [each.order_id for each, _ in unreviewed[:: max(1, len(unreviewed) // SAMPLE)]]
    return SpeedFigures(
        confirmed=len(confirmed),
        seconds=tuple(at - each.start for each, at in unreviewed),
        per_second=len(unreviewed) / seconds,
        transitions=max(count_transitions(sample, environment), default=0),
    )


def confirmed_at(order: Mapping[str, Any]) -> float | None:
    """Seconds since 1970, or None if the order was never confirmed."""
    times = (each["at"] for each in order["timeline"] if each["event"] == "OrderConfirmed")
    at = next(times, None)
    return None if at is None else datetime.fromisoformat(at).timestamp()


def count_transitions(order_ids: Sequence[str], environment: Mapping[str, str]) -> Iterator[int]:
    """For each order, the states that its execution entered until the confirmation."""
    states = client("stepfunctions", environment)
    prefix = machine_arn("NewOrder").replace(":stateMachine:", ":execution:")
    for order_id in order_ids:
        history = states.get_execution_history(executionArn=f"{prefix}:{order_id}", maxResults=1000)["events"]
        entered = [each["stateEnteredEventDetails"]["name"] for each in history if "stateEnteredEventDetails" in each]
        yield entered.index("ConfirmOrder") + 1


def outcome_table(orders: Sequence[PlacedOrder]) -> Table:
    table = Table(title=f"{len(orders):,} orders", title_justify="left")
    for column in ("outcome", "why", "orders", "value"):
        table.add_column(column, justify="right" if column in ("orders", "value") else "left")
    counts = Counter((each.status, _reason(each)) for each in orders)
    values: Counter[tuple[str, str]] = Counter()
    for each in orders:
        values[each.status, _reason(each)] += each.order["totals"]["ordered_minor"]
    for outcome, count in sorted(counts.items(), key=lambda item: (item[0][0], -item[1])):
        table.add_row(*outcome, f"{count:,}", f"{values[outcome] / 100:,.2f}")
    return table


def _reason(placed: PlacedOrder) -> str:
    order = placed.order
    facts = [str(order["reason"])] if order["reason"] else []
    if order["parked"]:
        facts.append("parked")
    if order.get("review"):
        facts.append(f"review {order['review']['decision']}")
    if any(not each["whole"] and each["outcome"] == "cancelled" for each in order["cancellations"]):
        facts.append("a line cancelled")
    if any(each["outcome"] == "refused" for each in order["cancellations"]) or (
        placed.refused and not order["returns"]
    ):
        facts.append("cancelled too late")
    facts += [f"return {each['outcome']}" for each in order["returns"]]
    return ", ".join(facts)


def speed_table(speed: SpeedFigures) -> Table:
    table = Table(title="From request to confirmation", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("orders confirmed", f"{speed.confirmed:,}")
    table.add_row("orders confirmed per second", f"{speed.per_second:.1f}")
    table.add_row("p50", f"{speed.percentile(50) * 1000:,.0f} ms")
    table.add_row("p95", f"{speed.percentile(95) * 1000:,.0f} ms")
    style = "green" if speed.transitions <= MOST_TRANSITIONS else "red"
    table.add_row("most transitions per order", f"[{style}]{speed.transitions}[/]")
    return table
