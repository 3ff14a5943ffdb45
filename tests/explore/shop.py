"""The shop for the explorer: the state machines, their real tasks, and simulated people and companies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from itertools import cycle, islice
from random import Random
from typing import Any

from asl.engine.execution import Execution
from asl.explorer import FaultInjector, FaultPlan, Scenario
from asl.explorer.faults import CallFailed
from asl.explorer.injector import VisitedSite
from asl.language.documents import encode
from oms.adapters.memory.edges import MemoryCarrier
from oms.application.commit import commit
from oms.application.webhooks.carrier_events import CARRIER, CallbackResult, handle_carrier_event
from oms.domain import errors, placement
from oms.domain.errors import OmsError
from oms.domain.events import Units
from tests.explore import cross_checks
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
IN_PARTS = ("ReserveInventory", "ReleaseInventory", "MarkShipped", "RestockItems")
"""States that move the stock of a long order in parts."""


PASSING = ("crash", "twice", "between", "dies", "fails", "meet", "repeat")
UNHEARD = ("timeout-before", "timeout-after", "late")
TROUBLE = ("defect", *(error.type() for error in errors.leaves(errors.Unavailable)))
"""Reasons of a rejection that no shopper, card or operator has caused."""


@cache
def errors_of(state: str) -> tuple[str, ...]:
    """The errors that a task can raise before its effect: an unavailable dependency, or a defect of ours.

    A rejection is not injected, since it has to follow from the fakes: those have stories of their own.
    """
    if state in STARTS:
        return ("StepFunctions.SdkClientException", DEFECT)
    errors_of_ports = {error: None for port, error in PORTS.items() if port in FUNCTIONS[state]["uses"]}
    return (*errors_of_ports, DEFECT)


@lru_cache(maxsize=4096)
def command_of(function: Any, event: str) -> Any:
    """Cached, since schedules repeat the same commands, and a command is immutable."""
    return function.parse_command(json.loads(event))


class ObservedPort:
    """A port that reports each call beforehand to the injector, which may make it fail."""

    def __init__(self, inner: Any, checkpoint: Callable[[], None], away: str) -> None:
        self._inner = inner
        self._checkpoint = checkpoint
        self._away = away

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                self._checkpoint()
            except CallFailed:
                raise getattr(errors, self._away)("injected into its call") from None
            return method(*args, **kwargs)

        setattr(self, name, call)
        return call


@dataclass(frozen=True)
class Habits:
    """The carrier's behavior: when it picks up, or never, or refuses; whether it reports progress each day until
    then; whether it loses the parcel. And when a return's parcel comes, or never (None), and the conditions of its
    units, repeated in turn."""

    picks_up_after: float | None = HOUR
    refuses: bool = False
    puts_off: bool = False
    loses: bool = False
    come_back: tuple[str, ...] = ("new",)
    comes_back_after: float | None = 5 * DAY

    @property
    def in_time(self) -> bool:
        return self.comes_back_after == USUAL.comes_back_after


USUAL = Habits()


class PromptCarrier(MemoryCarrier):
    """A carrier that picks up, delivers or loses after a day, and repeats each event until it is handled."""

    STATE = (*MemoryCarrier.STATE, "recipients", "left_at")

    def __init__(self, shop: ExploredShop, habits: Habits) -> None:
        super().__init__()
        self.recipients: dict[str, Mapping[str, str]] = {}
        self.left_at: dict[str, float] = {}
        self.shop = shop
        self.habits = habits

    def request_shipment(self, order_id: str, units: Sequence[Units], recipient: Mapping[str, str]) -> None:
        is_new = order_id not in self.shipments
        self.recipients.setdefault(order_id, recipient)
        super().request_shipment(order_id, units, recipient)
        if not is_new or (after := self.habits.picks_up_after) is None:
            return
        self._later(after, lambda: self.refuse(order_id) if self.habits.refuses else self.dispatch(order_id))
        for day in range(1, int(after // DAY) if self.habits.puts_off else 1):
            self._later(day * DAY, lambda: self.progress(order_id))

    def announce_return(self, return_id: str, order_id: str, units: Sequence[Units]) -> None:
        is_new = return_id not in self.returns
        super().announce_return(return_id, order_id, units)
        if is_new and (after := self.habits.comes_back_after) is not None:
            come_back = cycle(self.habits.come_back)
            conditions = {each.sku: [*islice(come_back, each.quantity)] for each in units}
            self._later(after, lambda: self.receive(return_id, conditions))

    def dispatch(self, order_id: str) -> bool:
        left = super().dispatch(order_id)
        if left:
            self.left_at[order_id] = self.shop.engine.now
            self._later(DAY, lambda: self.lose(order_id) if self.habits.loses else self.deliver(order_id))
        return left

    def refuse(self, order_id: str) -> None:
        if self.shipments[order_id].status == "requested":
            super().refuse(order_id)

    def _later(self, seconds: float, act: Callable[[], object]) -> None:
        def call() -> None:
            act()

        self.shop.engine.call_at(self.shop.engine.now + seconds, call)

    def _call_back(self, kind: str, order_id: str, **more: Any) -> None:
        event = {"type": kind, "order_id": order_id, **more}
        said = lambda: handle_carrier_event(self.shop.deps, event) is not CallbackResult.TOO_EARLY  # noqa: E731
        self.shop.injector.send_message(self.shop.engine, f"{kind}:{order_id}", said)


class ExploredShop(Shop):
    """A shop whose tasks and callers meet the faults that the injector has planned."""

    carrier: PromptCarrier

    def __init__(self, injector: FaultInjector, script: Script, habits: Habits) -> None:
        super().__init__()
        self.injector = injector
        self.script = script
        self.habits = habits
        self.engine.around = injector.invoke
        self.carrier = PromptCarrier(self, habits)
        edges = {name: getattr(self.deps, name) for name in ("orders", "payments", "executions")}
        edges["carrier"] = self.carrier
        edges = {name: ObservedPort(edge, injector.checkpoint, PORTS[name]) for name, edge in edges.items()}
        self.deps = replace(self.deps, **edges)
        self.stock(RED_LAMP=3, BLUE_RUG=1)

    def invoker(self, function: Any) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        return lambda event: function.handle(command_of(function, encode(event)), self.deps)

    def play(self) -> None:
        self.script(self)

    def changing(self) -> Iterator[object]:
        yield from (self.store, self.payments, self.carrier, self.reports)

    def violations(self) -> list[str]:  # type: ignore[override]
        broken = [each for each in super().violations() if each.invariant != "rest" or not self.reconciliation_failed]
        texts = [f"{each.invariant}: {each.subject} {each.what}" for each in broken]
        return [*texts, *self.shipment_violations(), *self.cross_check_violations(), *self.needless_failures()]

    @property
    def reconciliation_failed(self) -> bool:
        """Its failure raises an alarm, so an order that it should find may wait until it is redriven."""
        executions = self.engine.executions.values()
        return any(each.status == "FAILED" and each.machine.name == "Reconcile" for each in executions)

    def status_of(self, execution: Execution) -> str:
        """An execution that could not park counts as running: it raises an alarm, and a reconciliation redrives it."""
        return "RUNNING" if self.could_not_park(execution) else super().status_of(execution)

    def could_not_park(self, execution: Execution) -> bool:
        """True if ParkOrder itself met a fault: it outlasts any other one."""
        failed = execution.status == "FAILED" and execution.path[-1] == "ParkOrder" and execution.error != "OrderParked"
        return failed and any(met.fault and ":ParkOrder#" in met.site for met in self.injector.visited)

    def needless_failures(self) -> Iterator[str]:
        """A single transient fault parks no order, and rejects none."""
        met = [each for each in self.injector.visited if each.fault]
        if len(met) > 1 or not all(map(passes, met)):
            return
        for order in self.store.orders.values():
            parked = [parker for parker in order.parked if parker != CARRIER or self.habits.in_time]
            yield from (f"rest: {order.id} is parked by {parker}, and all trouble passed" for parker in parked)
            prompt = self.habits.picks_up_after == HOUR and not self.habits.refuses
            if order.reason in TROUBLE or (prompt and f"{order.id}_unfulfillable" in order.cancellations):
                yield f"rest: {order.id} is {order.status}: {order.reason}, and all trouble passed"
            yield from cross_checks.of_times(order, self.store.history[order.id])
            expired = [name for name, each in order.returns.items() if each.outcome == "expired"]
            if self.habits.in_time:
                yield from (f"rest: {name} is expired, and all trouble passed" for name in expired)

    def shipment_violations(self) -> Iterator[str]:
        """The carrier and the order agree on the shipped units, unless an operator is to look at the order."""
        unable = {each.input["order_id"] for each in self.engine.executions.values() if self.could_not_park(each)}
        for order_id, shipment in self.carrier.shipments.items():
            order = self.order(order_id)
            if not (order.parked or order_id in unable or self.reconciliation_failed):
                yield from cross_checks.of_shipment(order, shipment, self.carrier.recipients.get(order_id))

    def cross_check_violations(self) -> Iterator[str]:
        for order in self.store.orders.values():
            yield from cross_checks.of_order(order, self.store.history[order.id])
            left_at = self.carrier.left_at.get(order.id)
            yield from cross_checks.of_refusals(order, self.store.history[order.id], left_at)
            yield from cross_checks.of_keys(order, cross_checks.effects_of(order.id, self.store, self.payments))
        yield from cross_checks.of_rejections([*self.store.orders.values()], self.store.entries.values())
        for return_id, parcel in self.carrier.returns.items():
            if not self.reconciliation_failed:
                yield from cross_checks.of_parcel(self.order(parcel.order_id), return_id, parcel)
        for execution in self.engine.executions.values():
            if "order_id" in execution.input:
                yield from cross_checks.of_execution(self.order(execution.input["order_id"]), execution)

    def effects(self) -> list[str]:
        gateway = [f"gateway {entry.kind} {entry.order_id} {entry.effect_id}" for entry in self.payments.ledger]
        ledger = [f"money {entry.effect_id}" for entries in self.store.money.values() for entry in entries]
        ledger += [f"credit {effect_id}" for effect_id in self.store.credit]
        return gateway + ledger

    # --- Actions of a story ---------------------------------------------------------------------

    def order_and_start(self, *lines: tuple[str, int], order_id: str = "ord_1", method: str = "pm_card_visa") -> None:
        self.place(*lines, order_id=order_id, method=method)
        self.start("NewOrder", order_id, order_id=order_id)

    def ask_to_cancel(self, *lines: tuple[str, int], name: str = "ord_1_cancel") -> None:
        requested = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        self.start("CancelOrder", name, cancellation_id=name, lines=requested, reason="changed my mind")

    def ask_to_return(
        self, *lines: tuple[str, int], name: str = "ord_1_return", refund_to: str = "original_payment"
    ) -> None:
        requested = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        self.start("ReturnOrder", name, return_id=name, lines=requested, reason="too red", refund_to=refund_to)

    def redrive_parked(self) -> None:
        for execution in self.order().parked:
            self.deps.executions.redrive(execution)

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self.engine.call_at(self.engine.now + seconds, act)

    def reviewer_says(self, approved: bool, seconds: float = HOUR) -> None:
        def said() -> bool:
            try:
                commit(self.deps, "ord_1", "olga", lambda order: placement.decide_review(order, approved, "olga"))
            except OmsError:
                return True  # decided, closed or taken meanwhile: nothing is left to decide
            executions = self.deps.executions
            for token in self.orders.waits("ord_1", "review"):
                if approved:
                    executions.succeed(token, {})
                else:
                    executions.fail(token, "ReviewDeclined", "olga said no")
            return True

        self.after(seconds, lambda: self.injector.send_message(self.engine, "review", said))


def passes(met: VisitedSite) -> bool:
    """True of a transient fault: the next attempt succeeds."""
    kind, _, detail = met.fault.partition(":")
    if kind == "error":
        return detail != DEFECT
    return kind in PASSING or (kind in UNHEARD and not met.site.startswith("message:"))


Script = Callable[[ExploredShop], None]


@cache
def calls_of(state: str, parts: int = 1) -> int:
    """The number of calls that a random walk assumes: a task loads and saves the order, and may call its ports in
    between; of a long order it does so in parts. Some tasks make more, which exhaustive plans find out."""
    if state in STARTS:
        return 0
    again = 2 * (parts - 1) if state in IN_PARTS else 0
    return 1 + len(set(FUNCTIONS[state]["uses"]) & PORTS.keys()) + again


def scenario(name: str, script: Script, habits: Habits = USUAL, *, parts: int = 1, depth: int = 2) -> Scenario:
    """A story in a shop whose carrier has these habits, about orders that are moved in this number of parts."""

    def injector(plan: FaultPlan, dice: Random | None) -> FaultInjector:
        return FaultInjector(plan, errors=errors_of, calls=partial(calls_of, parts=parts), dice=dice)

    return Scenario(name, lambda injector: ExploredShop(injector, script, habits), injector, depth)
