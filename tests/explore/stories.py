"""The shop's stories for the explorer: the machines, their real tasks, and everyone outside who plays along."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, lru_cache, partial
from pathlib import Path
from random import Random
from typing import Any

from asl.documents import encode
from asl.execution import Execution
from asl.explorer import Injector, Plan, Scenario
from oms.adapters.memory_edges import MemoryCarrier
from oms.callbacks import pass_on
from oms.commit import commit
from oms.domain import placing, pricing
from oms.domain.discounts import Discount
from oms.domain.errors import OmsError
from oms.domain.events import Units
from oms.domain.pricing import Destination
from tests.domain.orders import NOON
from tests.workflows.shop import FUNCTIONS, Shop

HOUR, DAY = 3600, 86400
PORTS = {
    "orders": "StoreUnavailable",
    "payments": "PaymentsUnavailable",
    "carrier": "CarrierUnavailable",
    "executions": "ExecutionsUnavailable",
    "reports": "StoreUnavailable",
}
DEFECT = "KeyError"
STARTS = ("StartFulfillment", "GoOnElsewhere")
"""States that call no function of ours."""


@cache
def errors_of(state: str) -> tuple[str, ...]:
    """What a task can truly raise without having done anything: its dependencies away, or a defect of ours.

    A business no is not injected, since it would be a lie: it is the edge's to say, in a story of its own.
    """
    if state in STARTS:
        return ("StepFunctions.SdkClientException", DEFECT)
    known = {error: None for port, error in PORTS.items() if port in FUNCTIONS[state]["uses"]}
    return (*known, DEFECT)


@lru_cache(maxsize=4096)
def command_of(handler: Any, event: str) -> Any:
    """The schedules ask the same again and again, and a command never changes: it is checked once."""
    return handler.parsed(json.loads(event))


class Watched:
    """An edge that says before each of its calls that it is about to be called."""

    def __init__(self, inner: Any, checkpoint: Callable[[], None]) -> None:
        self._inner = inner
        self._checkpoint = checkpoint

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._checkpoint()
            return method(*args, **kwargs)

        setattr(self, name, call)
        return call


class PromptCarrier(MemoryCarrier):
    """A carrier that picks up after an hour, delivers after a day, and calls back until it is heard."""

    def __init__(self, shop: ExploredShop, lose: bool = False) -> None:
        super().__init__()
        self.shop = shop
        self.will_lose = lose

    def request_shipment(self, order_id: str, units: Sequence[Units], recipient: Mapping[str, str]) -> None:
        is_new = order_id not in self.shipments
        super().request_shipment(order_id, units, recipient)
        if is_new:
            self._later(HOUR, lambda: self.dispatch(order_id))

    def announce_return(self, return_id: str, order_id: str, units: Sequence[Units]) -> None:
        is_new = return_id not in self.returns
        super().announce_return(return_id, order_id, units)
        if is_new:
            conditions = {each.sku: ["new"] * each.quantity for each in units}
            self._later(5 * DAY, lambda: self.receive(return_id, conditions))

    def dispatch(self, order_id: str) -> bool:
        left = super().dispatch(order_id)
        if left:
            self._later(DAY, lambda: self.lose(order_id) if self.will_lose else self.deliver(order_id))
        return left

    def _later(self, seconds: float, act: Callable[[], object]) -> None:
        self.shop.engine.call_at(self.shop.engine.now + seconds, lambda: act() and None)

    def _call_back(self, kind: str, order_id: str, **more: Any) -> None:
        word = {"type": kind, "order_id": order_id, **more}
        self.shop.injector.say(self.shop.engine, f"{kind}:{order_id}", lambda: pass_on(self.shop.deps, word))


class ExploredShop(Shop):
    """A shop whose tasks and callers meet what the injector has planned."""

    def __init__(self, injector: Injector, script: Callable[[ExploredShop], None], lose: bool = False) -> None:
        super().__init__()
        self.injector = injector
        self.script = script
        self.engine.around = injector.invoke
        self.carrier = PromptCarrier(self, lose)
        edges = {name: getattr(self.deps, name) for name in ("orders", "payments", "executions")}
        edges["carrier"] = self.carrier
        edges = {name: Watched(edge, injector.checkpoint) for name, edge in edges.items()}
        self.deps = replace(self.deps, **edges)
        self.stock(RED_LAMP=3, BLUE_RUG=1)

    def task(self, handler: Any) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        return lambda event: handler.handle(command_of(handler, encode(event)), self.deps)

    def play(self) -> None:
        self.script(self)

    def violations(self) -> list[str]:  # type: ignore[override]
        """What a failed execution could not even park is in sight by its failure, until it is redriven."""
        executions = list(self.engine.executions.values())
        unable = {str(each.input["order_id"]) for each in executions if could_not_park(each)}
        if any(each.status == "FAILED" and each.machine.name == "Reconcile" for each in executions):
            unable |= self.store.orders.keys()
        found = [each for each in super().violations() if not (each.invariant == "rest" and each.subject in unable)]
        return [*(f"{each.invariant}: {each.subject} {each.what}" for each in found), *self.gone_astray(unable)]

    def gone_astray(self, unable: set[str]) -> Iterator[str]:
        """What has left by the carrier's books left by ours too, to the unit; unless an operator is to look at it."""
        for order_id, shipment in self.carrier.shipments.items():
            order = self.order(order_id)
            if shipment.status not in ("dispatched", "delivered", "lost") or order.parked or order_id in unable:
                continue
            ours = {line.sku: line.shipped for line in order.lines if line.shipped}
            if ours != {units.sku: units.quantity for units in shipment.units}:
                yield f"goods: {order_id} is {order.status}, and {shipment.units} has left"

    def effects(self) -> list[str]:
        gateway = [f"gateway {entry.kind} {entry.order_id} {entry.effect_id}" for entry in self.payments.ledger]
        ledger = [f"money {entry.effect_id}" for entries in self.store.money.values() for entry in entries]
        return gateway + ledger

    # --- What a script says ---------------------------------------------------------------------

    def order_and_start(self, *lines: tuple[str, int], order_id: str = "ord_1", method: str = "pm_card_visa") -> None:
        self.place(*lines, order_id=order_id, method=method)
        self.start("NewOrder", order_id, order_id=order_id)

    def ask_to_cancel(self, *lines: tuple[str, int], name: str = "ord_1_cancel") -> None:
        asked = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        self.start("CancelOrder", name, cancellation_id=name, lines=asked, reason="changed my mind")

    def ask_to_return(self, *lines: tuple[str, int], name: str = "ord_1_return") -> None:
        asked = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        self.start("ReturnOrder", name, return_id=name, lines=asked, reason="too red")

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self.engine.call_at(self.engine.now + seconds, act)

    def reviewer_says(self, approved: bool, seconds: float = HOUR) -> None:
        def said() -> bool:
            try:
                commit(self.deps, "ord_1", "olga", lambda order: placing.decide_review(order, approved, "olga"))
            except OmsError:
                return True  # decided, closed or taken meanwhile: there is nothing left to say
            executions = self.deps.executions
            for token in self.orders.waits("ord_1", "review"):
                if approved:
                    executions.succeed(token, {})
                else:
                    executions.fail(token, "ReviewDeclined", "olga said no")
            return True

        self.after(seconds, lambda: self.injector.say(self.engine, "review", said))


def could_not_park(execution: Execution) -> bool:
    return execution.status == "FAILED" and execution.path[-1] == "ParkOrder" and execution.error != "OrderParked"


Script = Callable[[ExploredShop], None]


def buys(shop: ExploredShop) -> None:
    shop.order_and_start(("RED-LAMP", 2), ("BLUE-RUG", 1))


def is_declined(shop: ExploredShop) -> None:
    shop.order_and_start(method="pm_card_chargeDeclined")


def wants_too_much(shop: ExploredShop) -> None:
    shop.order_and_start(("RED-LAMP", 2), ("BLUE-RUG", 2))


def is_reviewed(shop: ExploredShop, approved: bool | None) -> None:
    shop.order_and_start(method="pm_card_riskLevelElevated")
    if approved is not None:
        shop.reviewer_says(approved)


def two_want_the_last(shop: ExploredShop) -> None:
    shop.order_and_start(("BLUE-RUG", 1))
    shop.order_and_start(("BLUE-RUG", 1), order_id="ord_2")


def cancels(shop: ExploredShop, seconds: float, *lines: tuple[str, int]) -> None:
    buys(shop)
    shop.after(seconds, lambda: shop.ask_to_cancel(*lines))


def cancels_twice(shop: ExploredShop, first: tuple[tuple[str, int], ...], second: tuple[tuple[str, int], ...]) -> None:
    buys(shop)
    shop.after(60, lambda: shop.ask_to_cancel(*first, name="first"))
    shop.after(60, lambda: shop.ask_to_cancel(*second, name="second"))


def returns(shop: ExploredShop, *lines: tuple[str, int]) -> None:
    buys(shop)
    shop.after(3 * DAY, lambda: shop.ask_to_return(*lines))


def returns_twice(shop: ExploredShop) -> None:
    buys(shop)
    shop.after(3 * DAY, lambda: shop.ask_to_return(("RED-LAMP", 2), name="first"))
    shop.after(3 * DAY, lambda: shop.ask_to_return(("RED-LAMP", 1), name="second"))


def cancels_and_returns(shop: ExploredShop) -> None:
    buys(shop)
    shop.after(25 * HOUR, shop.ask_to_cancel)
    shop.after(25 * HOUR, lambda: shop.ask_to_return(("RED-LAMP", 1)))


def steps_in(shop: ExploredShop, step: int, act: Callable[[ExploredShop], None]) -> None:
    """Buy, let so many steps happen, and then something comes in between."""
    buys(shop)
    for _ in range(step):
        shop.engine.step()
    act(shop)


def meets(shop: ExploredShop, act: Callable[[ExploredShop], None]) -> None:
    """Buy, while somebody may come in anywhere, also in the middle of a task."""
    shop.injector.intruder = lambda: act(shop)
    buys(shop)


CODE = Discount("TEN", "USD", NOON, NOON + timedelta(days=1), total_limit=1, customer_limit=1, percent=10)


def uses_a_code(shop: ExploredShop, then: Callable[[ExploredShop], None]) -> None:
    """Whatever comes then, with a code's last use, shipping and tax to an odd cent."""
    shop.deps.discounts.change(None, CODE)
    shop.quote = lambda units, products: pricing.quote(
        units, products, "USD", Destination("US", "NY"), "express", CODE, now=NOON
    )
    then(shop)


STORIES: Mapping[str, Script] = {
    "buys": buys,
    "is declined": is_declined,
    "wants too much": wants_too_much,
    "is approved": partial(is_reviewed, approved=True),
    "is turned down": partial(is_reviewed, approved=False),
    "is never reviewed": partial(is_reviewed, approved=None),
    "two want the last": two_want_the_last,
    "cancels": partial(cancels, seconds=60),
    "cancels a line": lambda shop: cancels(shop, 60, ("RED-LAMP", 1)),
    "cancels as it leaves": partial(cancels, seconds=HOUR),
    "cancels what has left": partial(cancels, seconds=2 * HOUR),
    "meets a cancellation": partial(meets, act=ExploredShop.ask_to_cancel),
    "meets a cancellation of a line": lambda shop: meets(shop, lambda met: met.ask_to_cancel(("RED-LAMP", 1))),
    "cancels twice": partial(cancels_twice, first=(), second=()),
    "cancels two lines": partial(cancels_twice, first=(("RED-LAMP", 2),), second=(("BLUE-RUG", 1),)),
    "returns": lambda shop: returns(shop, ("RED-LAMP", 1)),
    "returns twice": returns_twice,
    "cancels and returns": cancels_and_returns,
    "uses a code": partial(uses_a_code, then=buys),
    "uses a code and is declined": partial(uses_a_code, then=is_declined),
    "uses a code and cancels": lambda shop: uses_a_code(shop, partial(cancels, seconds=60)),
    "uses a code and cancels a line": lambda shop: uses_a_code(shop, lambda then: cancels(then, 60, ("RED-LAMP", 1))),
    "uses a code and returns": lambda shop: uses_a_code(shop, lambda then: returns(then, ("RED-LAMP", 1))),
}
LOSING: Mapping[str, Script] = {"is lost": buys, "uses a code and is lost": partial(uses_a_code, then=buys)}
STEPS = 44
"""More than an undisturbed purchase takes, from its start to its delivery."""


@cache
def calls_of(state: str) -> int:
    """A task loads the order and saves it, and may call one port in between."""
    return 0 if state in STARTS else 1 + len(set(FUNCTIONS[state]["uses"]) & PORTS.keys())


def scenario(name: str, script: Script, *, lose: bool = False, depth: int = 2) -> Scenario:
    known: dict[str, tuple[str, ...]] = {}

    def injector(plan: Plan, dice: Random | None) -> Injector:
        return Injector(plan, errors=errors_of, calls=calls_of, dice=dice, known=known)

    return Scenario(name, lambda injector: ExploredShop(injector, script, lose), injector, depth)


def scenarios() -> list[Scenario]:
    stories = [scenario(name, script) for name, script in STORIES.items()]
    return [*stories, *(scenario(name, script, lose=True) for name, script in LOSING.items())]


def cancel_everywhere() -> list[Scenario]:
    """A cancellation that comes in at every step of a purchase, which is a fault of its own."""
    return [
        scenario(f"cancels at step {n}", partial(steps_in, step=n, act=ExploredShop.ask_to_cancel), depth=1)
        for n in range(STEPS)
    ]


@dataclass(frozen=True)
class Saved:
    """A schedule that once broke something, kept so that it never does again."""

    path: Path
    scenario: str
    plan: Plan


def saved(folder: Path) -> list[Saved]:
    return [Saved(path, **json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]
