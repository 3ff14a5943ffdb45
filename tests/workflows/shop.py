"""The whole shop in one process, in virtual time: the committed definitions, the real tasks, fakes of other systems."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asl
from asl.engine.engine import Engine
from asl.engine.errors import ExecutionAlreadyExists, TaskDoesNotExist
from asl.engine.execution import REDRIVABLE_SECONDS, Execution
from asl.engine.machine import Machine
from oms.adapters.memory.baskets import MemoryBaskets
from oms.adapters.memory.carts import MemoryCarts
from oms.adapters.memory.credit import MemoryCredit
from oms.adapters.memory.discounts import MemoryDiscounts
from oms.adapters.memory.edges import MemoryCarrier
from oms.adapters.memory.order_index import MemoryOrderIndex
from oms.adapters.memory.payments import MemoryPayments
from oms.adapters.memory.reports import MemoryReports
from oms.adapters.memory.store import MemoryInventory, MemoryOrders, MemoryProducts, MemoryStore
from oms.application.commit import commit
from oms.application.reconciliation.report import ReconciliationReport, report_from_json
from oms.application.webhooks.carrier_events import CallbackResult, handle_carrier_event
from oms.declarations.names import snake
from oms.domain import invariants, inventory, placement
from oms.domain.catalogue import Product
from oms.domain.events import Units
from oms.domain.invariants import ShopSnapshot, Violation
from oms.domain.order import Order
from oms.domain.pricing import Quote
from oms.ports import Deps, ExecutionDescription
from tests.domain.orders import CATALOGUE, plainly

ROOT = Path(__file__).parents[2]
SUBJECTS = {
    "NewOrder": "order_id",
    "FulfillOrder": "order_id",
    "CancelOrder": "cancellation_id",
    "ReturnOrder": "return_id",
}
MACHINES = tuple(SUBJECTS)
"""The state machines about an order."""
ALL_MACHINES = (*MACHINES, "Reconcile")
FUNCTIONS = json.loads((ROOT / "tasks" / "functions.json").read_text())


TASKS = {
    name: getattr(importlib.import_module(f"tasks.{snake(name)}"), snake(name))
    for name, declared in FUNCTIONS.items()
    if "schedule" not in declared
}


def load_machines() -> dict[str, Machine]:
    """The committed definitions, with the ARNs of state machines in their placeholders."""
    arns = {f"${{{name}Arn}}": f"arn:aws:states:us-east-1:123456789012:stateMachine:{name}" for name in ALL_MACHINES}
    loaded = {}
    for name in ALL_MACHINES:
        text = (ROOT / "workflows" / "definitions" / f"{snake(name)}.asl.json").read_text()
        for placeholder, arn in arns.items():
            text = text.replace(placeholder, arn)
        loaded[name] = asl.load(text, name=name)
    return loaded


class EngineClock:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.engine.now, UTC)

    def sleep(self, seconds: float) -> None:
        """Takes no virtual time: nothing else happens meanwhile."""
        self.slept.append(seconds)


class EngineExecutions:
    """The port of Step Functions, on the engine that runs the state machines."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> bool:
        try:
            self.shop.engine.start(self.shop.machines[machine], dict(payload), name=name)
        except ExecutionAlreadyExists:
            return False
        return True

    def find(self, machine: str, name: str) -> ExecutionDescription | None:
        execution = self.shop.engine.executions.get(self.shop.machines[machine].execution_arn(name, ""))
        if execution is None:
            return None
        redrivable = self._is_redrivable(execution)
        return ExecutionDescription(execution.arn, execution.status, execution.input, redrivable)

    def redrive(self, arn: str) -> bool:
        execution = self.shop.engine.executions[arn]
        redrivable = self._is_redrivable(execution)
        if redrivable:
            self.shop.engine.redrive(execution)
        return redrivable

    def _is_redrivable(self, execution: Execution) -> bool:
        failed = execution.status in ("FAILED", "TIMED_OUT", "ABORTED")
        return failed and self.shop.engine.now - (execution.stopped_at or 0) <= REDRIVABLE_SECONDS

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool:
        return self._answer(lambda: self.shop.engine.send_task_success(token, dict(output)))

    def fail(self, token: str, error: str, cause: str) -> bool:
        return self._answer(lambda: self.shop.engine.send_task_failure(token, error, cause))

    def heartbeat(self, token: str) -> bool:
        return self._answer(lambda: self.shop.engine.send_task_heartbeat(token))

    def _answer(self, send: Callable[[], None]) -> bool:
        try:
            send()
        except TaskDoesNotExist:
            return False
        return True


class Shop:
    """One shop. ``engine.run()`` runs everything that doesn't wait for a person or the carrier."""

    machines = load_machines()

    def __init__(self, seed: int = 0, invoke: Callable[..., None] | None = None) -> None:
        tasks = {name: self.invoker(function) for name, function in TASKS.items()}
        self.engine = Engine(seed=seed, tasks=tasks) if invoke is None else Engine(seed=seed, invoke=invoke)
        for machine in self.machines.values():
            self.engine.add(machine)
        self.store = MemoryStore()
        self.payments = MemoryPayments()
        self.carrier = MemoryCarrier()
        self.inventory = MemoryInventory(self.store)
        self.quote: Callable[[Sequence[Units], Mapping[str, Product]], Quote] = plainly
        self.orders = MemoryOrders(self.store)
        products = MemoryProducts()
        products.put(CATALOGUE.values())
        clock = EngineClock(self.engine)
        nobody: Any = None  # no task searches
        self.reports = MemoryReports()
        edges = self.payments, self.carrier, EngineExecutions(self), nobody, self.reports, MemoryCarts(self.store)
        stores = MemoryBaskets(), MemoryDiscounts(self.store), MemoryOrderIndex(self.store), MemoryCredit(self.store)
        self.deps = Deps(clock, self.orders, self.inventory, products, *edges, *stores)

    def invoker(self, function: Any) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        return lambda event: function.run(event, self.deps)

    # --- What people do ---------------------------------------------------------------------------

    def stock(self, **units: int) -> None:
        for name, count in units.items():
            sku = name.replace("_", "-")
            self.inventory.apply(inventory.receive(f"receive:{sku}:{self.engine.unique()}", [(sku, count)]))

    def stock_many(self, count: int) -> list[tuple[str, int]]:
        """Adds a number of products with three units in stock, and returns a line of one unit for each."""
        for n in range(count):
            product = replace(CATALOGUE["TEA"], sku=f"TEA-{n}")
            self.deps.products.put([product])
            self.stock(**{product.sku: 3})
        return [(f"TEA-{n}", 1) for n in range(count)]

    def available(self, sku: str) -> int:
        return self.inventory.stock([sku])[sku].available

    def place(self, *lines: tuple[str, int], order_id: str = "ord_1", method: str = "pm_card_visa") -> Order:
        units = [Units(sku, quantity) for sku, quantity in lines or (("RED-LAMP", 2), ("BLUE-RUG", 1))]
        quote = self.quote(units, self.deps.products.get([each.sku for each in units]))
        change = placement.place(order_id, "anna", quote, method, {"name": "Anna"}, "hash")
        return self.orders.create(change, self.deps.clock.now(), "test")

    def start(self, machine: str, name: str = "ord_1", **payload: Any) -> Execution:
        return self.engine.start(self.machines[machine], {"order_id": "ord_1", **payload}, name=name)

    def new_order(self, *lines: tuple[str, int], order_id: str = "ord_1", method: str = "pm_card_visa") -> Execution:
        """Places an order, and runs its NewOrder until it ends or waits."""
        self.place(*lines, order_id=order_id, method=method)
        execution = self.start("NewOrder", order_id, order_id=order_id)
        self.let_happen()
        return execution

    def cancel(self, *lines: tuple[str, int], name: str = "ord_1_cancel") -> Execution:
        requested = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        execution = self.start("CancelOrder", name, cancellation_id=name, lines=requested, reason="changed my mind")
        self.let_happen()
        return execution

    def send_back(
        self, *lines: tuple[str, int], name: str = "ord_1_return", refund_to: str = "original_payment"
    ) -> Execution:
        requested = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        what = {"return_id": name, "lines": requested, "reason": "too red", "refund_to": refund_to}
        execution = self.start("ReturnOrder", name, **what)
        self.let_happen()
        return execution

    def decide(self, *, approved: bool, order_id: str = "ord_1") -> None:
        """An operator decides the review of an order."""
        commit(self.deps, order_id, "olga", lambda order: placement.decide_review(order, approved, "olga"))
        for token in self.orders.waits(order_id, "review"):
            if approved:
                self.deps.executions.succeed(token, {})
            else:
                self.deps.executions.fail(token, "ReviewDeclined", "olga said no")
        self.let_happen()

    def redrive(self, execution: Execution) -> None:
        self.engine.redrive(execution)
        self.let_happen()

    def reconcile(self, name: str = "daily") -> ReconciliationReport:
        """Runs a reconciliation, and returns its report."""
        execution = self.engine.start(self.machines["Reconcile"], {}, name=name)
        self.engine.run_due()
        assert execution.status == "SUCCEEDED", execution.cause
        return report_from_json(json.loads(self.reports.texts[name]))

    # --- What happens -----------------------------------------------------------------------------

    def let_happen(self, seconds: float = 600) -> None:
        """Lets some minutes pass, and delivers the carrier's events, again until each is handled."""
        self.deliver_carrier_events()
        self.engine.advance(seconds)
        self.deliver_carrier_events()

    def deliver_carrier_events(self) -> None:
        events, self.carrier.callbacks[:] = list(self.carrier.callbacks), []
        too_early = [each for each in events if handle_carrier_event(self.deps, each) is CallbackResult.TOO_EARLY]
        self.carrier.callbacks.extend(too_early)
        self.engine.run_due()

    def dispatch(self, order_id: str = "ord_1") -> None:
        assert self.carrier.dispatch(order_id)
        self.let_happen()

    def deliver(self, order_id: str = "ord_1") -> None:
        self.carrier.deliver(order_id)
        self.let_happen()

    def delivered_order(self, *lines: tuple[str, int]) -> None:
        self.new_order(*lines)
        self.dispatch()
        self.deliver()

    def receive(self, conditions: Mapping[str, Sequence[str]], return_id: str = "ord_1_return") -> None:
        self.carrier.receive(return_id, conditions)
        self.let_happen()

    def order(self, order_id: str = "ord_1") -> Order:
        return self.orders.get(order_id)

    def execution(self, machine: str, name: str = "ord_1") -> Execution:
        return self.engine.executions[self.machines[machine].execution_arn(name, "")]

    # --- What must hold ---------------------------------------------------------------------------

    def status_of(self, execution: Execution) -> str:
        return execution.status

    def violations(self) -> list[Violation]:
        orders = list(self.store.orders.values())
        payments = {order.id: self.payments.find(order.payment_request) for order in orders if order.is_priced}
        ran = [
            invariants.ExecutionRecord(each.machine.name, each.input[SUBJECTS[each.machine.name]], self.status_of(each))
            for each in self.engine.executions.values()
            if each.machine.name in SUBJECTS
        ]
        return invariants.violations(
            ShopSnapshot(
                orders=orders,
                events=self.store.history,
                money=self.store.money,
                entries=list(self.store.entries.values()),
                counters=self.store.stock,
                payments={order_id: [record] for order_id, record in payments.items() if record},
                executions=ran,
                codes=list(self.store.codes.values()),
                code_uses=list(self.store.code_uses.values()),
                credit=[booked.entry for booked in self.store.credit.values()],
                balances=self.store.balances,
            )
        )
