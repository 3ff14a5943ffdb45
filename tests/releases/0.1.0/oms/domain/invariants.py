"""The invariants of the shop, as pure checks: of a test's shop, of the explorer's, and of a running one.

Some hold at every moment, since each change is written in one transaction. Others hold for an order at rest, which no
running execution works on. A parked order is at rest too, but is exempt from those: its money and goods wait for an
operator.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from oms.domain import credit
from oms.domain.change import MoneyEntry, MoneyReason
from oms.domain.credit import CreditEntry
from oms.domain.discounts import CodeUse, Discount
from oms.domain.events import Recorded
from oms.domain.fold import fold
from oms.domain.inventory import Stock, StockEntry
from oms.domain.order import Line, Order, ReturnStatus, Status
from oms.domain.payment import PaymentRecord, PaymentStatus

RUNNING = "RUNNING"
SUCCEEDED = "SUCCEEDED"


@dataclass(frozen=True, slots=True)
class Violation:
    """``invariant``: money, credit, stock, codes, once, rest or audit. ``subject``: an order, SKU, code or customer."""

    invariant: str
    subject: str
    what: str


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """Step Functions' record of an execution, whose name is the id of an order, a cancellation or a return."""

    machine: str
    name: str
    status: str


@dataclass(frozen=True)
class ShopSnapshot:
    """All records of the shop, its payment gateway and its state machines.

    ``payments`` are the gateway's records, by order. Without ``executions`` every order counts as at rest, and it is
    not checked whether an execution should work on it.
    """

    orders: Sequence[Order]
    events: Mapping[str, Sequence[Recorded]]
    money: Mapping[str, Sequence[MoneyEntry]]
    entries: Sequence[StockEntry]
    counters: Mapping[str, Stock]
    payments: Mapping[str, Sequence[PaymentRecord]]
    executions: Sequence[ExecutionRecord] | None = None
    codes: Sequence[Discount] = ()
    code_uses: Sequence[CodeUse] = ()
    credit: Sequence[CreditEntry] = ()
    balances: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Of store credit, by customer and currency."""


def violations(snapshot: ShopSnapshot) -> list[Violation]:
    """Every violation; empty if there is none."""
    started = {each.name for each in snapshot.executions or ()}
    running = {each.name for each in snapshot.executions or () if each.status == RUNNING}
    all_violations: list[Violation] = []
    for order in snapshot.orders:
        resting = not running & executions_of(order)
        records = snapshot.payments.get(order.id, ())
        all_violations += of_order(order, snapshot.events.get(order.id, ()), snapshot.money.get(order.id, ()), records)
        if resting and not order.parked:
            all_violations += of_order_at_rest(order, records)
            all_violations += _unattended(order, started) if snapshot.executions is not None else ()
    return [
        *all_violations,
        *_credit(snapshot),
        *_stock(snapshot),
        *_codes(snapshot),
        *_unknown_owners(snapshot),
        *_executions(snapshot),
    ]


def of_order(
    order: Order, events: Sequence[Recorded], ledger: Sequence[MoneyEntry], records: Sequence[PaymentRecord]
) -> list[Violation]:
    """Violations of one order's records and the gateway's that are wrong at any moment."""
    return [
        *_audit(order, events),
        *_money(order, ledger),
        *_gateway(order, records),
        *_goods(order),
        *_way_back(order),
        *_once(order.id, (entry.effect_id for entry in ledger), "is twice in the money ledger"),
    ]


def of_order_at_rest(order: Order, records: Sequence[PaymentRecord]) -> list[Violation]:
    """Violations of the money of an order at rest."""
    return [*_money_at_rest(order), *_gateway_at_rest(order, records)]


def executions_of(order: Order) -> set[str]:
    """The names of all executions that may work on an order."""
    successors = (successor.partition(":")[2] for successor in order.replaced.values())
    return {order.id, *order.cancellations, *order.returns, *successors}


def _audit(order: Order, events: Sequence[Recorded]) -> Iterator[Violation]:
    sequences, due = [event.sequence for event in events], range(1, order.version + 1)
    if sequences != list(due):
        missing, extra = sorted({*due} - {*sequences}), sorted({*sequences} - {*due})
        which = f"lacks the events {missing}" if missing else f"has the events {extra} that it does not know of"
        yield Violation("audit", order.id, which)
    elif fold(events) != order:
        yield Violation("audit", order.id, "is not the fold of its events")


def _money(order: Order, ledger: Sequence[MoneyEntry]) -> Iterator[Violation]:
    payment = order.payment
    if not 0 <= payment.refunded <= payment.captured <= payment.authorized:
        figures = f"refunded {payment.refunded}, captured {payment.captured}, authorized {payment.authorized}"
        yield Violation("money", order.id, figures)
    if order.net_paid.minor < 0 or payment.authorized not in (0, order.charge.minor):
        figures = f"paid {payment.captured} of {payment.authorized} by card and {order.credit_minor} with store credit"
        yield Violation("money", order.id, f"{figures}, gave back {payment.refunded} and {order.credited}")
    held = order.credit_minor - order.credited
    if payment.status is PaymentStatus.AUTHORIZED and held != max(0, order.due.minor - order.charge.minor):
        yield Violation("money", order.id, f"holds {held} of store credit for goods worth {order.due.minor}")
    as_credit = {each.refund_id for each in order.returns.values() if each.refund_to is credit.RefundTo.STORE_CREDIT}
    returned = sum(minor for effect_id, minor in order.credits.items() if effect_id not in as_credit)
    if returned > order.credit_minor:
        yield Violation("credit", order.id, f"gave {returned} of store credit for {order.credit_minor} that had paid")
    if payment.refunded != sum(order.refunds.values()):
        yield Violation("money", order.id, f"refunded {payment.refunded} by refunds of {dict(order.refunds)}")
    sums = Counter[str]()
    for entry in ledger:
        sums[entry.reason] += entry.amount.minor
    for reason, minor in (
        (MoneyReason.AUTHORIZED, payment.authorized),
        (MoneyReason.CAPTURED, payment.captured),
        (MoneyReason.REFUNDED, payment.refunded),
        (MoneyReason.VOIDED, payment.authorized if payment.status is PaymentStatus.VOIDED else 0),
    ):
        if sums[reason] != minor:
            yield Violation("money", order.id, f"{reason} {minor}, and its ledger says {sums[reason]}")


def _gateway(order: Order, records: Sequence[PaymentRecord]) -> Iterator[Violation]:
    """The gateway is called before the order is written: its record may be ahead of the order's, never behind."""
    payment = order.payment
    if len(records) > 1:
        yield Violation("once", order.id, f"has {len(records)} payments at the gateway")
    for record in records:
        if not 0 <= record.refunded <= record.captured <= record.authorized:
            figures = f"refunded {record.refunded}, captured {record.captured}, authorized {record.authorized}"
            yield Violation("money", order.id, f"at the gateway: {figures}")
        yield from _once(order.id, record.refunds, "was refunded twice at the gateway")
    captured, refunded = (sum(getattr(record, name) for record in records) for name in ("captured", "refunded"))
    if captured < payment.captured or refunded < payment.refunded:
        figures = f"captured {captured} and refunded {refunded}"
        yield Violation("money", order.id, f"the gateway {figures}, less than the order's record says")


def _money_at_rest(order: Order) -> Iterator[Violation]:
    """What was paid, less what was given back, is the price of what the shopper kept."""
    payment, net_paid = order.payment, order.net_paid.minor
    ended = payment.status is PaymentStatus.CAPTURED or order.status.is_closed
    if ended and net_paid != order.due.minor:
        yield Violation("money", order.id, f"{net_paid} was kept for goods worth {order.due.minor}")
    if order.status.is_closed and payment.status is PaymentStatus.AUTHORIZED:
        yield Violation("money", order.id, f"is {order.status} and {payment.authorized} is still authorized")
    if order.status in (Status.SHIPPED, Status.DELIVERED) and payment.status is not PaymentStatus.CAPTURED:
        yield Violation("money", order.id, f"is {order.status}, its payment {payment.status}")


def _gateway_at_rest(order: Order, records: Sequence[PaymentRecord]) -> Iterator[Violation]:
    payment = order.payment
    record = records[0] if records else PaymentRecord("", PaymentStatus.NONE, order.currency, 0, 0, 0)
    ours = (payment.captured, payment.refunded, frozenset(order.refunds))
    if ours != (record.captured, record.refunded, frozenset(record.refunds)):
        theirs = f"captured {record.captured} and refunded {record.refunded} by {sorted(record.refunds)}"
        yield Violation("money", order.id, f"the gateway {theirs}, the order's record says otherwise")
    owed = {PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED} if order.charge.minor else set()
    if record.status is not payment.status and {record.status, payment.status} & owed:
        yield Violation("money", order.id, f"is {record.status} at the gateway, {payment.status} in its own record")


def _goods(order: Order) -> Iterator[Violation]:
    free = not (order.status.is_closed or order.abandoned or order.released or order.taken_by)
    for line in order.lines:
        if not _is_sound(line):
            yield Violation("stock", order.id, f"{line.sku}: {line}")
        elif order.status.is_closed and line.held:
            yield Violation("stock", order.id, f"is {order.status} and holds {line.held} of {line.sku}")
        elif free and line.priced and line.held + line.shipped != line.open:
            figures = f"holds {line.held}, shipped {line.shipped} of {line.open} open"
            yield Violation("stock", order.id, f"{line.sku}: {figures}")


def _way_back(order: Order) -> Iterator[Violation]:
    """The units on their way back, and the returned ones, are those of the order's returns."""
    awaited, accepted = Counter[str](), Counter[str]()
    for each in order.returns.values():
        if each.status is ReturnStatus.AUTHORIZED:
            awaited.update({units.sku: units.quantity for units in each.lines})
        accepted.update({units.sku: units.quantity for units in each.accepted})
    for line in order.lines:
        counts, expected = (line.returning, line.returned), (awaited[line.sku], accepted[line.sku])
        if counts != expected:
            figures = f"{counts[0]} on their way back and {counts[1]} returned"
            figures += f", its returns say {expected[0]} and {expected[1]}"
            yield Violation("stock", order.id, f"{line.sku}: {figures}")


def _is_sound(line: Line) -> bool:
    counts = (line.held, line.cancelled, line.shipped, line.returning, line.returned)
    return min(counts) >= 0 and line.held <= line.open >= 0 and line.returning + line.returned <= line.shipped


def _stock(snapshot: ShopSnapshot) -> Iterator[Violation]:
    """Each counter is the sum of its ledger. The ledger's lines of an order are what it holds, and what it shipped."""
    sums: dict[str, Stock] = {}
    reserved: Counter[tuple[str, str]] = Counter()
    left_stock: Counter[tuple[str, str]] = Counter()
    for entry in snapshot.entries:
        for movement in entry.movements:
            sums[movement.sku] = sums.get(movement.sku, Stock(movement.sku)).moved(movement)
            if entry.order_id is not None:
                reserved[entry.order_id, movement.sku] += movement.reserved
                left_stock[entry.order_id, movement.sku] -= movement.on_hand
    for sku in sums.keys() | snapshot.counters.keys():
        counter, summed = snapshot.counters.get(sku, Stock(sku)), sums.get(sku, Stock(sku))
        if not counter.is_sound:
            yield Violation("stock", sku, f"{counter.reserved} reserved of {counter.on_hand} on hand")
        if counter != summed:
            figures = f"{counter.on_hand} on hand, {counter.reserved} reserved"
            yield Violation("stock", sku, f"{figures}: its ledger says {summed.on_hand} and {summed.reserved}")
    held = Counter({(order.id, line.sku): line.held for order in snapshot.orders for line in order.lines})
    away = Counter({(order.id, sku): count for order in snapshot.orders for sku, count in _away(order).items()})
    yield from _differing(held, reserved, "holds {} of {}, reserved {}")
    yield from _differing(away, left_stock, "shipped {} of {} for good, and its ledger says {}")
    yield from _once("", (entry.effect_id for entry in snapshot.entries), "is twice in the stock ledger")


def _differing(counts: Counter[tuple[str, str]], booked: Counter[tuple[str, str]], what: str) -> Iterator[Violation]:
    for order_id, sku in counts.keys() | booked.keys():
        if counts[order_id, sku] != booked[order_id, sku]:
            yield Violation("stock", order_id, what.format(counts[order_id, sku], sku, booked[order_id, sku]))


def _away(order: Order) -> Counter[str]:
    """By SKU, the units that were shipped and not restocked."""
    away = Counter({line.sku: line.shipped for line in order.lines})
    for each in order.returns.values():
        away.subtract({units.sku: units.quantity for units in each.shelved})
    return away


def _codes(snapshot: ShopSnapshot) -> Iterator[Violation]:
    """A code's uses are those of orders that aren't closed, once each; its counter is their sum, within the limit."""
    by_code: dict[str, list[CodeUse]] = defaultdict(list)
    by_order: dict[tuple[str, str], list[CodeUse]] = defaultdict(list)
    for use in snapshot.code_uses:
        by_code[use.code].append(use)
        by_order[use.order_id, use.code].append(use)
    for order in snapshot.orders:
        yield from of_claim(order, by_order.pop((order.id, order.code), ()))
    for (order_id, name), uses in by_order.items():
        if booked := _sum(uses):
            yield Violation("codes", order_id, f"holds 0 uses of {name}, and its ledger says {booked}")
    for code in snapshot.codes:
        yield from of_code(code, by_code.pop(code.code, ()))
    for name, uses in by_code.items():
        if booked := _sum(uses):
            yield Violation("codes", name, f"is used 0 times, and its ledger says {booked}")
    yield from _once("", (use.effect_id for use in snapshot.code_uses), "is twice in the ledger of codes")


def of_credit(order: Order, entries: Iterable[CreditEntry]) -> list[Violation]:
    """Differences between an order and its lines in its customer's ledger of store credit."""
    expected = Counter(order.credits)
    if order.credit_minor:
        expected[f"{order.id}:credit"] = -order.credit_minor
    booked = Counter[str]()
    violations = []
    for entry in entries:
        booked[entry.effect_id] += entry.amount.minor
        if (entry.customer_id, entry.amount.currency) != (order.customer_id, order.currency):
            violations.append(
                Violation("credit", order.id, f"{entry.effect_id} is {entry.customer_id}'s {entry.amount}")
            )
    for effect_id in expected.keys() | booked.keys():
        if expected[effect_id] != booked[effect_id]:
            figures = f"{effect_id} is {expected[effect_id]}, and the ledger of store credit says {booked[effect_id]}"
            violations.append(Violation("credit", order.id, figures))
    return violations


def of_balances(ledger: Iterable[CreditEntry], balances: Mapping[str, int], customer_id: str) -> Iterator[Violation]:
    """A customer's balances are the sums of their ledger, and never negative."""
    summed = credit.balances_of(ledger)
    for currency in summed.keys() | balances.keys():
        balance, booked = balances.get(currency, 0), summed.get(currency, 0)
        if balance != booked or balance < 0:
            yield Violation("credit", customer_id, f"has {balance} {currency}, and the ledger says {booked}")


def _credit(snapshot: ShopSnapshot) -> Iterator[Violation]:
    by_order: dict[str, list[CreditEntry]] = {}
    by_customer: dict[str, list[CreditEntry]] = {}
    for entry in snapshot.credit:
        by_customer.setdefault(entry.customer_id, []).append(entry)
        if entry.order_id:
            by_order.setdefault(entry.order_id, []).append(entry)
    for order in snapshot.orders:
        yield from of_credit(order, by_order.pop(order.id, ()))
    for order_id in by_order:
        yield Violation("once", order_id, "has store credit, and there is no such order")
    balances: dict[str, dict[str, int]] = {customer_id: {} for customer_id in by_customer}
    for (customer_id, currency), minor in snapshot.balances.items():
        balances.setdefault(customer_id, {})[currency] = minor
    for customer_id, by_currency in balances.items():
        yield from of_balances(by_customer.get(customer_id, ()), by_currency, customer_id)
    yield from _once("", (entry.effect_id for entry in snapshot.credit), "is twice in the ledger of store credit")


def of_claim(order: Order, uses: Iterable[CodeUse]) -> list[Violation]:
    """Differences between an order and its lines in the ledger of its discount code, which are wrong at any moment."""
    held, booked = int(bool(order.code) and not order.status.is_closed), _sum(uses)
    figures = f"holds {held} uses of {order.code}, and its ledger says {booked}"
    return [Violation("codes", order.id, figures)] if held != booked else []


def of_code(code: Discount, uses: Iterable[CodeUse]) -> list[Violation]:
    """Differences between a discount code's counter and its ledger, if the counter didn't change meanwhile."""
    problems, booked = [], _sum(uses)
    if code.used != booked:
        problems.append(f"is used {code.used} times, and its ledger says {booked}")
    if code.used > code.total_limit:
        problems.append(f"is used {code.used} times of {code.total_limit}")
    return [Violation("codes", code.code, what) for what in problems]


def _sum(uses: Iterable[CodeUse]) -> int:
    return sum(use.uses for use in uses)


def _unknown_owners(snapshot: ShopSnapshot) -> Iterator[Violation]:
    """Money and events belong to existing orders, and each order is stored once."""
    order_ids = {order.id for order in snapshot.orders}
    for order_id in (snapshot.payments.keys() | snapshot.money.keys() | snapshot.events.keys()) - order_ids:
        yield Violation("once", order_id, "has records, and there is no such order")
    yield from _once("", (order.id for order in snapshot.orders), "is stored twice")


def _once(subject: str, effect_ids: Iterable[str], what: str) -> Iterator[Violation]:
    for effect_id, times in Counter(effect_ids).items():
        if times > 1:
            yield Violation("once", subject or effect_id, f"{effect_id} {what}")


def _unattended(order: Order, started: Set[str]) -> Iterator[Violation]:
    """An order that was placed and never started waits for the start sweeper."""
    waits_for_start = order.status is Status.PLACED and order.id not in started
    if order.taken_by:
        yield Violation("rest", order.id, f"is held by {order.taken_by}, which does not run")
    elif not (order.status.is_closed or order.status is Status.DELIVERED or waits_for_start):
        yield Violation("rest", order.id, f"is {order.status}, and nothing works on it")
    for each in order.returns.values():
        if each.status is not ReturnStatus.CLOSED:
            yield Violation("rest", order.id, f"{each.return_id} is {each.status}, and nothing works on it")


def _executions(snapshot: ShopSnapshot) -> Iterator[Violation]:
    """A failed execution has parked its order, and each execution belongs to an existing order."""
    owners = {name: order for order in snapshot.orders for name in executions_of(order)}
    for each in snapshot.executions or ():
        order = owners.get(each.name)
        if order is None:
            if each.machine not in ("CancelOrder", "ReturnOrder"):
                yield Violation("rest", each.name, f"{each.machine} ran for no order")
        elif f"{each.machine}:{each.name}" in order.replaced:
            continue
        elif each.status not in (RUNNING, SUCCEEDED) and not order.parked:
            yield Violation("rest", order.id, f"{each.machine} {each.name} {each.status}, and the order is not parked")
