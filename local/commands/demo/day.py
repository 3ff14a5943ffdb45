"""The phases of the day: orders come in, some are looked at or cancelled, parcels leave, some of it comes back.

The carrier picks up when all orders are in, so that there is time to change one's mind; what is measured is measured
until then.
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
from local.commands.demo.client import Shop
from local.commands.demo.plan import RISKY_CARD, Plan, Turn
from local.commands.demo.watch import Watch

T = TypeVar("T")

LOOK_AGAIN_SECONDS = 0.25
PATIENCE_SECONDS = 120
SETTLED = frozenset({"confirmed", "rejected", "cancelled", "shipped", "delivered", "lost"})
ENDED = frozenset({"rejected", "cancelled", "delivered", "lost"})
LOST_PARCELS = 2
DURING_THE_DAY = {
    "dispatch_seconds": 0.5,
    "delivery_seconds": 0.5,
    "return_seconds": 0.5,
    "conditions": ["new", "new", "new", "opened", "damaged"],
}


@dataclass
class Placed:
    """An order of the day: its plan, when its request began, in seconds since 1970, and what it is by now."""

    plan: Plan
    order_id: str
    began: float
    order: dict[str, Any] = field(default_factory=dict)
    refused: bool = False
    """What the shopper wanted later came too late."""

    @property
    def status(self) -> str:
        return str(self.order.get("status", "placed"))

    @property
    def awaits_review(self) -> bool:
        review = self.order.get("review")
        return bool(review and review["decision"] == "pending")


class Day:
    """``tokens`` are the access tokens of all customers, and of the operator."""

    def __init__(
        self, shop: Shop, watch: Watch, carrier_url: str, tokens: Mapping[str, str], clients: int, bars: Progress
    ) -> None:
        self._shop, self._watched, self._carrier_url = shop, watch, carrier_url
        self._tokens, self._bars, self._clients = tokens, bars, clients
        self._pool = ThreadPoolExecutor(clients, thread_name_prefix="client")
        self.orders: list[Placed] = []

    def run(self, plans: Sequence[Plan]) -> list[Placed]:
        with carrier_settings(self._carrier_url, DURING_THE_DAY):
            self._control("PUT", "settings", {"hold_dispatch": True})
            self.orders = self._each("orders come in", self._place, plans)
            self._watch("some are looked at", SETTLED, self._decide)
            self._each(
                "some are cancelled", self._cancel_in_time, self._with(Turn.CANCELS_CONFIRMED, Turn.CANCELS_A_LINE)
            )
            self._control("POST", "next", {"lose": LOST_PARCELS})
            self._control("PUT", "settings", {"hold_dispatch": False})
            self._control("POST", "dispatch", {})
            self._watch("parcels leave and arrive", ENDED, self._cancel_too_late)
            back = [each for each in self._with(Turn.SENDS_BACK) if each.status == "delivered"]
            self._each("some comes back", self._send_back, back)
            self._watch("what came back is looked at", ENDED, has_settled=no_return_is_open)
        return self.orders

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    # --- What people do ---------------------------------------------------------------------------

    def _place(self, plan: Plan) -> Placed:
        began = time.time()
        order = self._shop.place(self._tokens[plan.customer], plan.key, plan.basket, plan.card)
        placed = Placed(plan, order["order_id"], began, order)
        if plan.turn is Turn.CANCELS_AT_ONCE:
            placed.refused = not self._shop.cancel(self._tokens[plan.customer], f"{plan.key}-cancel", placed.order_id)
        if plan.card != RISKY_CARD:  # that a person looks at takes longer than any client waits
            self._watched.wait(placed.order_id)
        return placed

    def _decide(self, placed: Placed) -> None:
        if placed.awaits_review:
            self._shop.review(self._tokens[OPERATOR], placed.order_id, placed.plan.approve)

    def _cancel_in_time(self, placed: Placed) -> None:
        plan = placed.plan
        lines = plan.some if plan.turn is Turn.CANCELS_A_LINE else ()
        accepted = self._shop.cancel(self._tokens[plan.customer], f"{plan.key}-cancel", placed.order_id, lines)
        placed.refused = not accepted

    def _cancel_too_late(self, placed: Placed) -> None:
        plan = placed.plan
        if plan.turn is Turn.CANCELS_TOO_LATE and placed.status in ("shipped", "delivered") and not placed.refused:
            placed.refused = not self._shop.cancel(self._tokens[plan.customer], f"{plan.key}-cancel", placed.order_id)

    def _send_back(self, placed: Placed) -> None:
        plan = placed.plan
        token = self._tokens[plan.customer]
        placed.refused = not self._shop.send_back(token, f"{plan.key}-return", placed.order_id, plan.some)

    # --- How it is followed -----------------------------------------------------------------------

    def _with(self, *turns: Turn) -> list[Placed]:
        return [each for each in self.orders if each.plan.turn in turns]

    def _each(self, what: str, do: Callable[[Any], T], things: Sequence[Any]) -> list[T]:
        bar = self._bars.add_task(what, total=len(things))
        done = []
        for result in self._pool.map(do, things):
            done.append(result)
            self._bars.advance(bar)
        return done

    def _watch(
        self,
        what: str,
        until: frozenset[str],
        act: Callable[[Placed], None] = lambda _: None,
        has_settled: Callable[[Placed], bool] = lambda _: True,
    ) -> None:
        """Look at every order, and act on it, until all are in such a status. Raises ``TimeoutError``."""
        bar = self._bars.add_task(what, total=len(self.orders))
        deadline = time.monotonic() + PATIENCE_SECONDS

        def look(placed: Placed) -> bool:
            placed.order = self._shop.order(self._tokens[placed.plan.customer], placed.order_id)
            act(placed)
            return placed.status in until and has_settled(placed) and not is_being_cancelled(placed)

        waiting = list(self.orders)
        while waiting:
            ahead = waiting[: 2 * self._clients]
            still = [each for each, done in zip(ahead, self._pool.map(look, ahead), strict=True) if not done]
            waiting = waiting[len(ahead) :] + still
            self._bars.update(bar, completed=len(self.orders) - len(waiting))
            if waiting and time.monotonic() > deadline:
                raise TimeoutError(f"{what}: {len(waiting)} orders still wait, such as {waiting[0].order_id}")
            if len(still) == len(ahead):
                time.sleep(LOOK_AGAIN_SECONDS)

    def _control(self, method: str, what: str, body: Mapping[str, Any]) -> None:
        control(self._carrier_url, method, what, body)


def is_being_cancelled(placed: Placed) -> bool:
    return any(each["outcome"] == "pending" for each in placed.order.get("cancellations", ()))


def no_return_is_open(placed: Placed) -> bool:
    wants = placed.plan.turn is Turn.SENDS_BACK and placed.status == "delivered" and not placed.refused
    returns = placed.order.get("returns", ())
    return all(each["status"] == "closed" for each in returns) and (bool(returns) or not wants)


@contextmanager
def carrier_settings(carrier_url: str, wanted: Mapping[str, Any]) -> Iterator[None]:
    """The carrier as wanted, for a while."""
    before = control(carrier_url, "GET", "settings")
    control(carrier_url, "PUT", "settings", wanted)
    try:
        yield
    finally:
        control(carrier_url, "PUT", "settings", before)
        control(carrier_url, "POST", "dispatch", {})


def control(carrier_url: str, method: str, what: str, body: Mapping[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{carrier_url}/_sandbox/{what}", data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")
