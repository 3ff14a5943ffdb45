"""The check of one order: its records and ledgers, the gateway's, and the executions that should be working on it.

What is safe to repair is repaired, and the order is checked again. What is still wrong parks the order under the
check's name, until a later check finds nothing. An order that changed within ``QUIET_PERIOD`` is left to the next run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from oms.application.commit import commit
from oms.application.expected_executions import ExpectedExecution, expected_executions
from oms.application.reconciliation.repair import repair_order
from oms.application.reconciliation.report import CHECK_OF_ORDERS as CHECK
from oms.application.webhooks.carrier_events import CARRIER
from oms.domain import invariants, parking
from oms.domain.change import MoneyEntry
from oms.domain.discounts import CodeUse
from oms.domain.errors import OmsError, OrderChanged, Unavailable
from oms.domain.events import ANNOTATIONS, Recorded
from oms.domain.invariants import Violation
from oms.domain.order import Order
from oms.domain.payment import PaymentRecord
from oms.domain.returns import CLOSED_WITHOUT_PARCEL, late_parcel
from oms.ports import Deps, ExecutionDescription

PARCEL_SEARCH_PERIOD = timedelta(days=60)
"""How long after a return's deadline the carrier is still asked for its parcel."""
QUIET_PERIOD = timedelta(minutes=15)
"""Longer than a state takes with all of its retries: no step is under way in an order that is quiet for so long."""


@dataclass(frozen=True)
class OrderSnapshot:
    """An order, and every record about it, at one moment."""

    order: Order
    history: Sequence[Recorded]
    money: Sequence[MoneyEntry]
    code_uses: Sequence[CodeUse]
    """The order's lines in the ledger of its discount code."""
    credit_violations: Sequence[Violation]
    """Against its shopper's ledger of store credit."""
    payments: Sequence[PaymentRecord]
    gateway_violations: Sequence[Violation]
    """What kept the gateway from answering."""
    late_parcels: Sequence[Violation]
    """Parcels that came after their return was closed, and that no operator knows of."""
    executions: Sequence[tuple[ExpectedExecution, ExecutionDescription | None]]
    now: datetime

    @property
    def is_quiet(self) -> bool:
        moved_at = next(each.at for each in reversed(self.history) if not isinstance(each.event, ANNOTATIONS))
        return self.now - moved_at >= QUIET_PERIOD

    @property
    def waits_for_operator(self) -> bool:
        """True if an execution has parked it: its money and goods wait for the operator too."""
        return any(map(parking.is_execution, self.order.parked))

    @property
    def can_be_judged(self) -> bool:
        """True if every check can be made."""
        return self.is_quiet and not self.waits_for_operator

    @property
    def is_at_rest(self) -> bool:
        is_running = any(execution is not None and execution.is_running for _, execution in self.executions)
        return self.can_be_judged and not is_running

    def violations_at_any_time(self) -> list[Violation]:
        order = self.order
        return [*self.gateway_violations, *invariants.of_order(order, self.history, self.money, self.payments)]

    def violations(self) -> list[Violation]:
        claim = invariants.of_claim(self.order, self.code_uses)
        violations = [*self.violations_at_any_time(), *self.late_parcels, *claim, *self.credit_violations]
        if self.is_at_rest:
            violations += invariants.of_order_at_rest(self.order, self.payments)
            violations += [_unattended(self.order, *pair) for pair in self.executions]
        return violations


@dataclass(frozen=True)
class OrderCheck:
    """The result of a check. ``order`` is the order after it; None if it changed while it was read."""

    order_id: str
    order: Order | None
    violations: Sequence[Violation] = ()
    repairs: str = ""
    parked: bool = False
    settled: bool = False
    accepted: bool = False
    """The violations are those that an operator has accepted, and no others."""


def check_order(deps: Deps, order_id: str) -> OrderCheck:
    """Checks an order, repairs what is safe, checks again, and parks or settles it."""
    snapshot = take_snapshot(deps, order_id)
    if snapshot is None:
        return OrderCheck(order_id, None)
    repairs, failure = _repair(deps, snapshot)
    if repairs or failure:
        snapshot = take_snapshot(deps, order_id)
        if snapshot is None:
            return OrderCheck(order_id, None, repairs=repairs)
    violations = [*snapshot.violations(), *failure]
    before, what = snapshot.order, "; ".join(f"{each.invariant}: {each.what}" for each in violations)
    after, accepted = _park_or_settle(deps, snapshot, what), parking.is_accepted(before, CHECK, what)
    parked = after.version > before.version and CHECK in after.parked
    settled = CHECK in before.parked and CHECK not in after.parked
    return OrderCheck(order_id, after, [] if accepted else violations, repairs, parked, settled, accepted)


def take_snapshot(deps: Deps, order_id: str) -> OrderSnapshot | None:
    """Reads every record about an order; None if the order changed meanwhile."""
    order = deps.orders.get(order_id)
    history, money = deps.orders.events(order_id), deps.orders.money(order_id)
    code_uses = deps.discounts.uses(order.code, order.id) if order.code else ()
    credit_violations = _credit_violations(deps, order)
    payments, gateway_violations = _gateway_records(deps, order)
    if deps.orders.get(order_id).version != order.version:
        return None
    snapshot = OrderSnapshot(
        order=order,
        history=history,
        money=money,
        code_uses=code_uses,
        credit_violations=credit_violations,
        payments=payments,
        gateway_violations=gateway_violations,
        late_parcels=list(_late_parcels(deps, order)),
        executions=(),
        now=deps.clock.now(),
    )
    if not snapshot.can_be_judged:
        return snapshot
    executions = [(expected, expected.find(deps)) for expected in expected_executions(order, history)]
    return replace(snapshot, executions=executions)


def _credit_violations(deps: Deps, order: Order) -> list[Violation]:
    """Of an order with store credit. Its shopper's balances are checked too, unless they change meanwhile."""
    if not (order.credit_minor or order.credits):
        return []
    balances = deps.credit.balances(order.customer_id)
    ledger = [booked.entry for booked in deps.credit.ledger(order.customer_id)]
    violations = invariants.of_credit(order, [entry for entry in ledger if entry.order_id == order.id])
    if deps.credit.balances(order.customer_id) == balances:
        violations += invariants.of_balances(ledger, balances, order.customer_id)
    return violations


def _gateway_records(deps: Deps, order: Order) -> tuple[list[PaymentRecord], list[Violation]]:
    if not order.is_priced:
        return [], []  # the gateway can't have been called yet
    try:
        record = deps.payments.find(order.payment_request)
    except Unavailable:
        raise
    except OmsError as error:
        return [], [Violation("money", order.id, f"the gateway does not say: {error}")]
    return [record] if record else [], []


def _late_parcels(deps: Deps, order: Order) -> Iterator[Violation]:
    """Of returns that were closed without a parcel, and not long ago: the carrier's event may have been lost."""
    reported = order.parked[CARRIER].cause if CARRIER in order.parked else order.accepted.get(CARRIER, "")
    for each in order.returns.values():
        is_late = each.outcome in CLOSED_WITHOUT_PARCEL and each.deadline and each.return_id not in reported
        if is_late and deps.clock.now() - datetime.fromisoformat(each.deadline) < PARCEL_SEARCH_PERIOD:
            conditions = deps.carrier.find_parcel(each.return_id)
            if conditions is not None:
                yield Violation("rest", order.id, late_parcel(order, each.return_id, conditions))


def _repair(deps: Deps, snapshot: OrderSnapshot) -> tuple[str, list[Violation]]:
    """What was repaired, and what failed. An order whose own records are wrong is not repaired."""
    if not snapshot.is_at_rest or snapshot.violations_at_any_time():
        return "", []
    order = snapshot.order
    try:
        return repair_order(deps, order, snapshot.payments, snapshot.code_uses, snapshot.executions, CHECK), []
    except (Unavailable, OrderChanged):
        raise
    except OmsError as error:
        return "", [Violation("rest", order.id, f"could not be repaired: {type(error).__name__}: {error}")]


def _park_or_settle(deps: Deps, snapshot: OrderSnapshot, what: str) -> Order:
    if what:
        return commit(deps, snapshot.order.id, CHECK, lambda order: parking.park_discrepancy(order, CHECK, what))
    if snapshot.can_be_judged:
        return commit(deps, snapshot.order.id, CHECK, lambda order: parking.settle_discrepancy(order, CHECK))
    return snapshot.order


def _unattended(order: Order, expected: ExpectedExecution, execution: ExecutionDescription | None) -> Violation:
    state = "is gone" if execution is None else f"has {execution.status}"
    return Violation("rest", order.id, f"is {order.status}, and {expected.machine} {expected.name} {state}")
