"""One order held against every invariant: its own books, the gateway's, and whatever should be working on it.

What is safe to repair is repaired, and looked at again. What is still wrong then parks the order under the check's own
name, until a later check finds nothing. An order that moved just now is left to the next run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from oms.application.commit import commit
from oms.application.expected_executions import Work, works_of
from oms.application.reconciliation.repair import repaired
from oms.application.reconciliation.report import CHECK_OF_ORDERS as CHECK
from oms.application.recovery.redrive import is_execution
from oms.application.webhooks.carrier_events import CARRIER
from oms.domain import invariants, parking
from oms.domain.change import MoneyEntry
from oms.domain.discounts import CodeUse
from oms.domain.errors import OmsError, OrderChanged, Unavailable
from oms.domain.events import NOTES, Recorded
from oms.domain.invariants import Violation
from oms.domain.order import Order
from oms.domain.payment import PaymentRecord
from oms.domain.returns import GIVEN_UP, came_too_late
from oms.ports import Deps, Run

LOOKED_FOR = timedelta(days=60)
"""So long after its deadline a return's parcel may still come."""
QUIET = timedelta(minutes=15)
"""Longer than a state takes with all of its tries: an order that is quiet has no step under way."""


@dataclass(frozen=True)
class Look:
    """An order, and all that is written of it, at one moment."""

    order: Order
    history: Sequence[Recorded]
    money: Sequence[MoneyEntry]
    uses: Sequence[CodeUse]
    """Of its discount code, as that one's ledger has them for it."""
    credit: Sequence[Violation]
    """What its shopper's ledger of store credit says otherwise."""
    records: Sequence[PaymentRecord]
    troubles: Sequence[Violation]
    """What kept the gateway from answering."""
    parcels: Sequence[Violation]
    """That came when nobody waited for them any more, and nobody was told."""
    runs: Sequence[tuple[Work, Run | None]]
    now: datetime

    @property
    def quiet(self) -> bool:
        moved = next(each.at for each in reversed(self.history) if not isinstance(each.event, NOTES))
        return self.now - moved >= QUIET

    @property
    def waits_for_operator(self) -> bool:
        """True where an execution has parked it: what it owes waits with it."""
        return any(map(is_execution, self.order.parked))

    @property
    def is_judged(self) -> bool:
        """True where every check can be made."""
        return self.quiet and not self.waits_for_operator

    @property
    def at_rest(self) -> bool:
        return self.is_judged and not any(run is not None and run.is_running for _, run in self.runs)

    def wrong_at_any_time(self) -> list[Violation]:
        return [*self.troubles, *invariants.of_order(self.order, self.history, self.money, self.records)]

    def wrong(self) -> list[Violation]:
        found = [*self.wrong_at_any_time(), *self.parcels, *invariants.of_claim(self.order, self.uses), *self.credit]
        if self.at_rest:
            found += invariants.of_order_at_rest(self.order, self.records)
            found += [_unattended(self.order, work, run) for work, run in self.runs]
        return found


@dataclass(frozen=True)
class Checked:
    """What came of a check. ``order`` is as it was left; None where it moved under the check's eyes."""

    order_id: str
    order: Order | None
    found: Sequence[Violation] = ()
    repaired: str = ""
    parked: bool = False
    settled: bool = False
    accepted: bool = False
    """It found what somebody has settled by hand, and nothing else."""


def check(deps: Deps, order_id: str) -> Checked:
    """Look at an order, repair what is safe, look again, and park or settle it."""
    look = look_at(deps, order_id)
    if look is None:
        return Checked(order_id, None)
    mended, failure = _mended(deps, look)
    if mended or failure:
        look = look_at(deps, order_id)
        if look is None:
            return Checked(order_id, None, repaired=mended)
    found = [*look.wrong(), *failure]
    before, what = look.order, "; ".join(f"{each.invariant}: {each.what}" for each in found)
    after, accepted = _judged(deps, look, what), parking.is_accepted(before, CHECK, what)
    parked = after.version > before.version and CHECK in after.parked
    settled = CHECK in before.parked and CHECK not in after.parked
    return Checked(order_id, after, [] if accepted else found, mended, parked, settled, accepted)


def look_at(deps: Deps, order_id: str) -> Look | None:
    """Everything about an order, or None where it moved while it was read."""
    order = deps.orders.get(order_id)
    history, money = deps.orders.events(order_id), deps.orders.money(order_id)
    uses = deps.discounts.uses(order.code, order.id) if order.code else ()
    credit = _wrong_credit(deps, order)
    records, troubles = _at_gateway(deps, order)
    if deps.orders.get(order_id).version != order.version:
        return None
    parcels = list(_unheard_parcels(deps, order))
    look = Look(order, history, money, uses, credit, records, troubles, parcels, (), deps.clock.now())
    if not look.is_judged:
        return look
    return replace(look, runs=[(work, work.run(deps)) for work in works_of(order, history)])


def _wrong_credit(deps: Deps, order: Order) -> list[Violation]:
    """Of an order that has to do with store credit; of its shopper's balances too, unless they move just now."""
    if not (order.credit_minor or order.credits):
        return []
    balances = deps.credit.balances(order.customer_id)
    ledger = [booked.entry for booked in deps.credit.ledger(order.customer_id)]
    found = invariants.of_credit(order, [entry for entry in ledger if entry.order_id == order.id])
    if deps.credit.balances(order.customer_id) == balances:
        found += invariants.of_balances(ledger, balances, order.customer_id)
    return found


def _at_gateway(deps: Deps, order: Order) -> tuple[list[PaymentRecord], list[Violation]]:
    if not order.is_priced:
        return [], []  # nothing can have been asked of the gateway
    try:
        record = deps.payments.find(order.payment_request)
    except Unavailable:
        raise
    except OmsError as error:
        return [], [Violation("money", order.id, f"the gateway does not say: {error}")]
    return [record] if record else [], []


def _unheard_parcels(deps: Deps, order: Order) -> Iterator[Violation]:
    """Of returns that were given up, and not long ago: the carrier's word may have been lost."""
    told = order.parked[CARRIER].cause if CARRIER in order.parked else order.accepted.get(CARRIER, "")
    for known in order.returns.values():
        late = known.outcome in GIVEN_UP and known.deadline and known.return_id not in told
        if late and deps.clock.now() - datetime.fromisoformat(known.deadline) < LOOKED_FOR:
            conditions = deps.carrier.find_parcel(known.return_id)
            if conditions is not None:
                yield Violation("rest", order.id, came_too_late(order, known.return_id, conditions))


def _mended(deps: Deps, look: Look) -> tuple[str, list[Violation]]:
    """What was repaired. Of an order whose own books are wrong nothing is: nobody knows what it needs."""
    if not look.at_rest or look.wrong_at_any_time():
        return "", []
    try:
        return repaired(deps, look.order, look.records, look.uses, look.runs, CHECK), []
    except (Unavailable, OrderChanged):
        raise
    except OmsError as error:
        return "", [Violation("rest", look.order.id, f"could not be repaired: {type(error).__name__}: {error}")]


def _judged(deps: Deps, look: Look, what: str) -> Order:
    if what:
        return commit(deps, look.order.id, CHECK, lambda order: parking.doubt(order, CHECK, what))
    if look.is_judged:
        return commit(deps, look.order.id, CHECK, lambda order: parking.settle(order, CHECK))
    return look.order


def _unattended(order: Order, work: Work, run: Run | None) -> Violation:
    stands = "is gone" if run is None else f"has {run.status}"
    return Violation("rest", order.id, f"is {order.status}, and {work.machine} {work.name} {stands}")
