"""The phases of the demo's day: orders are placed, some are reviewed or cancelled, parcels leave, some come back.

The carrier collects parcels once all orders are placed, so that shoppers can cancel. Speed is measured until then.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rich.progress import Progress

from local.aws.resources import OPERATOR
from local.commands.demo.client import ShopClient
from local.commands.demo.execution_watcher import ExecutionWatcher
from local.commands.demo.plan import RISKY_CARD, OrderPlan, ShopperAction

T = TypeVar("T")

POLL_SECONDS = 0.25
PHASE_SECONDS = 120
SETTLED = frozenset({"confirmed", "rejected", "cancelled", "shipped", "delivered", "lost"})
ENDED = frozenset({"rejected", "cancelled", "delivered", "lost"})
LOST_PARCELS = 2
CARRIER_SETTINGS = {
    "dispatch_seconds": 0.5,
    "delivery_seconds": 0.5,
    "return_seconds": 0.5,
    "conditions": ["new", "new", "new", "opened", "damaged"],
}


@dataclass
class PlacedOrder:
    """An order of the day. ``start`` is when its request began, in seconds since 1970; ``order`` its latest state."""

    plan: OrderPlan
    order_id: str
    start: float
    order: dict[str, Any] = field(default_factory=dict)
    refused: bool = False
    """The shop refused the shopper's later action: it came too late."""

    @property
    def status(self) -> str:
        return str(self.order.get("status", "placed"))

    @property
    def awaits_review(self) -> bool:
        review = self.order.get("review")
        return bool(review and review["decision"] == "pending")


class Day:
    """``tokens`` are the access tokens of all customers and of the operator."""

    def __init__(
        self,
        shop: ShopClient,
        watcher: ExecutionWatcher,
        carrier_url: str,
        tokens: Mapping[str, str],
        clients: int,
        progress: Progress,
    ) -> None:
        self._shop, self._watcher, self._carrier_url = shop, watcher, carrier_url
        self._tokens, self._progress, self._clients = tokens, progress, clients
        self._pool = ThreadPoolExecutor(clients, thread_name_prefix="client")
        self.orders: list[PlacedOrder] = []

    def run(self, plans: Sequence[OrderPlan]) -> list[PlacedOrder]:
        with carrier_settings(self._carrier_url, CARRIER_SETTINGS):
            self._control("PUT", "settings", {"hold_dispatch": True})
            self.orders = self._for_each("place orders", self._place, plans)
            self._until_all("review orders", SETTLED, self._review)
            cancelling = self._with(ShopperAction.CANCELS_CONFIRMED, ShopperAction.CANCELS_A_LINE)
            self._for_each("cancel orders", self._cancel_in_time, cancelling)
            self._control("POST", "next", {"lose": LOST_PARCELS})
            self._control("PUT", "settings", {"hold_dispatch": False})
            self._control("POST", "dispatch", {})
            self._until_all("deliver parcels", ENDED, self._cancel_too_late)
            returning = [each for each in self._with(ShopperAction.RETURNS_SOME) if each.status == "delivered"]
            self._for_each("send returns", self._send_return, returning)
            self._until_all("inspect returns", ENDED, is_settled=has_no_open_return)
        return self.orders

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    # --- What people do ---------------------------------------------------------------------------

    def _place(self, plan: OrderPlan) -> PlacedOrder:
        start = time.time()
        order = self._shop.place(self._tokens[plan.customer], plan.key, plan.basket, plan.card)
        placed = PlacedOrder(plan, order["order_id"], start, order)
        if plan.action is ShopperAction.CANCELS_AT_ONCE:
            placed.refused = not self._shop.cancel(self._tokens[plan.customer], f"{plan.key}-cancel", placed.order_id)
        if plan.card != RISKY_CARD:  # a review takes longer than any client waits
            self._watcher.wait(placed.order_id)
        return placed

    def _review(self, placed: PlacedOrder) -> None:
        if placed.awaits_review:
            self._shop.review(self._tokens[OPERATOR], placed.order_id, placed.plan.approve)

    def _cancel_in_time(self, placed: PlacedOrder) -> None:
        plan = placed.plan
        lines = plan.some if plan.action is ShopperAction.CANCELS_A_LINE else ()
        accepted = self._shop.cancel(self._tokens[plan.customer], f"{plan.key}-cancel", placed.order_id, lines)
        placed.refused = not accepted

    def _cancel_too_late(self, placed: PlacedOrder) -> None:
        plan = placed.plan
        has_left = placed.status in ("shipped", "delivered")
        if plan.action is ShopperAction.CANCELS_TOO_LATE and has_left and not placed.refused:
            placed.refused = not self._shop.cancel(self._tokens[plan.customer], f"{plan.key}-cancel", placed.order_id)

    def _send_return(self, placed: PlacedOrder) -> None:
        plan = placed.plan
        token = self._tokens[plan.customer]
        placed.refused = not self._shop.send_return(token, f"{plan.key}-return", placed.order_id, plan.some)

    # --- How the orders are followed --------------------------------------------------------------

    def _with(self, *actions: ShopperAction) -> list[PlacedOrder]:
        return [each for each in self.orders if each.plan.action in actions]

    def _for_each(self, phase: str, act: Callable[[Any], T], subjects: Sequence[Any]) -> list[T]:
        bar = self._progress.add_task(phase, total=len(subjects))
        results = []
        for result in self._pool.map(act, subjects):
            results.append(result)
            self._progress.advance(bar)
        return results

    def _until_all(
        self,
        phase: str,
        statuses: frozenset[str],
        act: Callable[[PlacedOrder], None] = lambda _: None,
        is_settled: Callable[[PlacedOrder], bool] = lambda _: True,
    ) -> None:
        """Poll every order and act on it, until each has one of the statuses. Raises ``TimeoutError``."""
        bar = self._progress.add_task(phase, total=len(self.orders))
        deadline = time.monotonic() + PHASE_SECONDS

        def poll(placed: PlacedOrder) -> bool:
            placed.order = self._shop.order(self._tokens[placed.plan.customer], placed.order_id)
            act(placed)
            return placed.status in statuses and is_settled(placed) and not is_being_cancelled(placed)

        waiting = list(self.orders)
        while waiting:
            batch = waiting[: 2 * self._clients]
            unsettled = [each for each, done in zip(batch, self._pool.map(poll, batch), strict=True) if not done]
            waiting = waiting[len(batch) :] + unsettled
            self._progress.update(bar, completed=len(self.orders) - len(waiting))
            if waiting and time.monotonic() > deadline:
                raise TimeoutError(f"{phase}: {len(waiting)} orders still wait, such as {waiting[0].order_id}")
            if len(unsettled) == len(batch):
                time.sleep(POLL_SECONDS)

    def _control(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        control_carrier(self._carrier_url, method, path, body)


def is_being_cancelled(placed: PlacedOrder) -> bool:
    return any(each["outcome"] == "pending" for each in placed.order.get("cancellations", ()))


def has_no_open_return(placed: PlacedOrder) -> bool:
    """Every return is closed, and there is one if the shopper sent one."""
    expected = placed.plan.action is ShopperAction.RETURNS_SOME and placed.status == "delivered" and not placed.refused
    returns = placed.order.get("returns", ())
    return all(each["status"] == "closed" for each in returns) and (bool(returns) or not expected)


@contextmanager
def carrier_settings(carrier_url: str, settings: Mapping[str, Any]) -> Iterator[None]:
    """Change the carrier's settings, and restore them afterwards."""
    before = control_carrier(carrier_url, "GET", "settings")
    control_carrier(carrier_url, "PUT", "settings", settings)
    try:
        yield
    finally:
        control_carrier(carrier_url, "PUT", "settings", before)
        control_carrier(carrier_url, "POST", "dispatch", {})


def control_carrier(carrier_url: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Call the sandbox's own API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{carrier_url}/_sandbox/{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read() or b"null")
