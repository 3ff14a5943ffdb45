"""What came of the day, in tables: outcomes, how long a confirmation took, how many came in a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import quantiles
from typing import Any

from rich.table import Table

from local.aws import resources as cloud
from local.commands.demo.day import Placed
from local.stack.settings import machine_arn

SAMPLE = 25
"""How many executions are looked at for their transitions."""
MOST_TRANSITIONS = 5


@dataclass(frozen=True)
class Figures:
    """``seconds`` are from the request's beginning to the confirmation, of orders that nobody had to review."""

    confirmed: int
    seconds: tuple[float, ...]
    per_second: float
    transitions: int

    def percentile(self, percent: int) -> float:
        return quantiles(self.seconds, n=100)[percent - 1] if len(self.seconds) > 1 else sum(self.seconds)


def figures(placed: Sequence[Placed], environment: Mapping[str, str]) -> Figures:
    confirmed = {each.order_id: (each, at) for each in placed if (at := confirmed_at(each.order)) is not None}
    straight = [(each, at) for each, at in confirmed.values() if not each.order.get("review")]
    began = min(each.began for each in placed)
    lasted = max((at for _, at in straight), default=began + 1) - began
    sample = [each.order_id for each, _ in straight[:: max(1, len(straight) // SAMPLE)]]
    return Figures(
        confirmed=len(confirmed),
        seconds=tuple(at - each.began for each, at in straight),
        per_second=len(straight) / lasted,
        transitions=max(transitions(sample, environment), default=0),
    )


def confirmed_at(order: Mapping[str, Any]) -> float | None:
    """In seconds since 1970; None of an order that never was."""
    found = (each["at"] for each in order["timeline"] if each["event"] == "OrderConfirmed")
    at = next(found, None)
    return None if at is None else datetime.fromisoformat(at).timestamp()


def transitions(order_ids: Sequence[str], environment: Mapping[str, str]) -> Iterator[int]:
    """Of each order, how many states its execution entered until it was confirmed."""
    states = cloud.client("stepfunctions", environment)
    prefix = machine_arn("NewOrder").replace(":stateMachine:", ":execution:")
    for order_id in order_ids:
        history = states.get_execution_history(executionArn=f"{prefix}:{order_id}", maxResults=1000)["events"]
        entered = [each["stateEnteredEventDetails"]["name"] for each in history if "stateEnteredEventDetails" in each]
        yield entered.index("ConfirmOrder") + 1


def outcomes(placed: Sequence[Placed]) -> Table:
    table = Table(title=f"{len(placed):,} orders", title_justify="left")
    for column in ("what became of it", "why", "orders", "worth"):
        table.add_column(column, justify="right" if column in ("orders", "worth") else "left")
    kinds = Counter((each.status, _why(each)) for each in placed)
    worth: Counter[tuple[str, str]] = Counter()
    for each in placed:
        worth[each.status, _why(each)] += each.order["totals"]["ordered_minor"]
    for kind, count in sorted(kinds.items(), key=lambda item: (item[0][0], -item[1])):
        table.add_row(*kind, f"{count:,}", f"{worth[kind] / 100:,.2f}")
    return table


def _why(placed: Placed) -> str:
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


def speed(found: Figures) -> Table:
    table = Table(title="From the request to the confirmation", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("orders confirmed", f"{found.confirmed:,}")
    table.add_row("orders confirmed a second", f"{found.per_second:.1f}")
    table.add_row("p50", f"{found.percentile(50) * 1000:,.0f} ms")
    table.add_row("p95", f"{found.percentile(95) * 1000:,.0f} ms")
    style = "green" if found.transitions <= MOST_TRANSITIONS else "red"
    table.add_row("transitions an order, at most", f"[{style}]{found.transitions}[/]")
    return table
