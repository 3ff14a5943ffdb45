"""Sound records have no violation; each falsified one has its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from oms.domain import inventory, payment_rules, placement, shipment_rules
from oms.domain.change import Change, MoneyEntry, MoneyReason, recorded
from oms.domain.credit import grant
from oms.domain.discounts import Discount
from oms.domain.fold import apply, placed
from oms.domain.invariants import ExecutionRecord, ShopSnapshot, Violation, violations
from oms.domain.inventory import Stock
from oms.domain.money import Money
from oms.domain.order import Parked, Status
from oms.domain.payment import Authorization, PaymentRecord, PaymentStatus, Risk
from tests.domain.orders import CATALOGUE, NOON, placed_order, plainly

CODE = Discount("TEN", "USD", NOON, NOON + timedelta(days=1), total_limit=1, customer_limit=1, percent=10, used=1)
OPENING = [inventory.receive("opening", [("RED-LAMP", 5), ("BLUE-RUG", 5)])]
DONE = [ExecutionRecord("NewOrder", "ord_1", "SUCCEEDED"), ExecutionRecord("FulfillOrder", "ord_1", "SUCCEEDED")]


def records_of_a_delivered_order() -> ShopSnapshot:
    """All records of one order, from its placement to its delivery."""
    quote = replace(plainly(placed_order().open_units()), discount=CODE, credit_minor=100)
    first = placement.place("ord_1", "anna", quote, "pm_card_visa", {}, "hash")
    events, money, entries = [*recorded(None, first, NOON, "test")], [], list(OPENING)
    order = placed(events[0])
    for decide in (
        lambda order: placement.reserve(order, CATALOGUE),
        lambda order: payment_rules.authorized(order, Authorization("pi_1", order.charge, Risk.NORMAL)),
        placement.confirm,
        lambda order: shipment_rules.request_shipment(order, "token"),
        lambda order: payment_rules.captured(order, order.to_capture),
        lambda order: shipment_rules.ship(order, "TRACK-1"),
        shipment_rules.deliver,
    ):
        change: Change = decide(order)
        for each in recorded(order, change, NOON, "test"):
            order = apply(order, each)
            events.append(each)
        money += change.money
        entries += change.stock
    counters = {sku: Stock(sku) for sku in CATALOGUE}
    for entry in entries:
        counters.update({each.sku: counters[each.sku].moved(each) for each in entry.movements})
    total = order.charge.minor
    record = PaymentRecord("pi_1", PaymentStatus.CAPTURED, "USD", total, total, 0)
    payments = {order.id: [record]}
    spent = [grant("grant", "anna", Money(900, "USD"), "sorry"), *first.credit]
    codes = [CODE], first.codes
    ledgers = {order.id: events}, {order.id: money}, entries
    return ShopSnapshot([order], *ledgers, counters, payments, DONE, *codes, spent, {("anna", "USD"): 800})


SOUND = records_of_a_delivered_order()
ORDER = SOUND.orders[0]
RECORD = SOUND.payments["ord_1"][0]
TOTAL = ORDER.charge.minor


def with_order(**changes: object) -> ShopSnapshot:
    """A snapshot whose stored order differs from its events."""
    return replace(SOUND, orders=[replace(ORDER, **changes)])


def at_gateway(**changes: object) -> ShopSnapshot:
    return replace(SOUND, payments={"ord_1": [replace(RECORD, **changes)]})


def test_sound_records_have_no_violation():
    assert violations(SOUND) == []


REFUND = MoneyEntry("ord_1:refund", "ord_1", MoneyReason.REFUNDED, Money(1, "USD"))
FALSIFIED = {
    "an event is missing": (
        replace(SOUND, events={"ord_1": SOUND.events["ord_1"][:-1]}),
        "audit",
        "lacks the events [8]",
    ),
    "an event too many": (with_order(version=7), "audit", "has the events [8] that it does not know of"),
    "the state is not its events'": (with_order(status=Status.LOST), "audit", "is not the fold"),
    "more refunded than captured": (
        with_order(payment=replace(ORDER.payment, refunded=TOTAL + 1)),
        "money",
        f"refunded {TOTAL + 1}, captured {TOTAL}",
    ),
    "a refund that no ledger has": (with_order(refunds={"r": 5}), "money", "by refunds of"),
    "a ledger row too many": (
        replace(SOUND, money={"ord_1": [*SOUND.money["ord_1"], REFUND]}),
        "money",
        "refunded 0, and its ledger says 1",
    ),
    "an effect booked twice": (
        replace(SOUND, money={"ord_1": [*SOUND.money["ord_1"], SOUND.money["ord_1"][0]]}),
        "once",
        "is twice in the money ledger",
    ),
    "two payments at the gateway": (replace(SOUND, payments={"ord_1": [RECORD, RECORD]}), "once", "has 2 payments"),
    "refunded twice at the gateway": (at_gateway(refunds=("r", "r"), refunded=2), "once", "refunded twice"),
    "the gateway is behind": (at_gateway(captured=0), "money", "less than the order's record"),
    "the gateway is ahead": (at_gateway(refunded=5, refunds=("r",)), "money", "order's record says otherwise"),
    "the gateway still holds": (
        at_gateway(status=PaymentStatus.AUTHORIZED),
        "money",
        "is authorized at the gateway, captured in its own record",
    ),
    "the shopper kept less than was paid": (
        with_order(lines=(replace(ORDER.lines[0], returned=1), *ORDER.lines[1:])),
        "money",
        "was kept for goods worth",
    ),
    "a closed order still holds money": (
        with_order(status=Status.CANCELLED, payment=replace(ORDER.payment, status=PaymentStatus.AUTHORIZED)),
        "money",
        "is cancelled and",
    ),
    "units under way back by no return": (
        with_order(lines=(replace(ORDER.lines[0], returning=1), *ORDER.lines[1:])),
        "stock",
        "1 on their way back and 0 returned, its returns say 0 and 0",
    ),
    "units returned by no return": (
        with_order(lines=(replace(ORDER.lines[0], returned=1), *ORDER.lines[1:])),
        "stock",
        "0 on their way back and 1 returned, its returns say 0 and 0",
    ),
    "store credit for what a card had paid": (
        with_order(credits={"ord_1_return:refund": 105}),
        "credit",
        "gave 105 of store credit for 100 that had paid",
    ),
    "shipped and not paid": (
        with_order(payment=replace(ORDER.payment, status=PaymentStatus.VOIDED)),
        "money",
        "is delivered, its payment voided",
    ),
    "a payment of nobody's": (replace(SOUND, payments={**SOUND.payments, "ord_9": [RECORD]}), "once", "no such order"),
    "an order stored twice": (replace(SOUND, orders=[ORDER, ORDER]), "once", "is stored twice"),
    "more reserved than on hand": (
        replace(SOUND, counters={**SOUND.counters, "RED-LAMP": Stock("RED-LAMP", 3, 4)}),
        "stock",
        "4 reserved of 3 on hand",
    ),
    "a counter off its ledger": (
        replace(SOUND, counters={**SOUND.counters, "RED-LAMP": Stock("RED-LAMP", 4, 0)}),
        "stock",
        "its ledger says 3 and 0",
    ),
    "stock that moved twice": (
        replace(SOUND, entries=[*SOUND.entries, SOUND.entries[-1]]),
        "once",
        "is twice in the stock ledger",
    ),
    "stock put back that nobody sent back": (
        replace(
            SOUND,
            entries=[*SOUND.entries, inventory.restock("again", ORDER.id, [("RED-LAMP", 1)])],
            counters={**SOUND.counters, "RED-LAMP": Stock("RED-LAMP", 4, 0)},
        ),
        "stock",
        "shipped 2 of RED-LAMP for good, and its ledger says 1",
    ),
    "held for an order, and not reserved": (
        with_order(lines=(replace(ORDER.lines[0], held=1), *ORDER.lines[1:])),
        "stock",
        "holds 1 of RED-LAMP, reserved 0",
    ),
    "a closed order still holds goods": (
        with_order(status=Status.LOST, lines=(replace(ORDER.lines[0], held=1), *ORDER.lines[1:])),
        "stock",
        "is lost and holds 1",
    ),
    "a line neither held nor shipped": (
        with_order(lines=(replace(ORDER.lines[0], shipped=1), *ORDER.lines[1:])),
        "stock",
        "holds 0, shipped 1 of 2 open",
    ),
    "more returned than shipped": (
        with_order(lines=(replace(ORDER.lines[0], returned=3), *ORDER.lines[1:])),
        "stock",
        "returned=3",
    ),
    "store credit that no ledger has": (with_order(credits={"r": 5}), "credit", "r is 5"),
    "store credit that was spent and not booked": (
        replace(SOUND, credit=SOUND.credit[:1], balances={("anna", "USD"): 900}),
        "credit",
        "ord_1:credit is -100, and the ledger of store credit says 0",
    ),
    "store credit that was booked twice": (
        replace(SOUND, credit=[*SOUND.credit, SOUND.credit[0]], balances={("anna", "USD"): 1700}),
        "once",
        "is twice in the ledger of store credit",
    ),
    "somebody else's store credit": (
        replace(SOUND, credit=[SOUND.credit[0], replace(SOUND.credit[1], customer_id="bert")]),
        "credit",
        "is bert's",
    ),
    "store credit of no order": (
        replace(SOUND, credit=[*SOUND.credit, replace(SOUND.credit[1], order_id="ord_9", effect_id="e")]),
        "once",
        "has store credit, and there is no such order",
    ),
    "a balance off its ledger": (replace(SOUND, balances={("anna", "USD"): 801}), "credit", "has 801 USD"),
    "a balance below nothing": (
        replace(SOUND, credit=SOUND.credit[1:], balances={("anna", "USD"): -100}),
        "credit",
        "has -100 USD",
    ),
    "a closed order keeps store credit": (
        with_order(status=Status.CANCELLED, payment=replace(ORDER.payment, captured=0, status=PaymentStatus.VOIDED)),
        "money",
        "100 was kept",
    ),
    "more given back than was paid": (with_order(credits={"r": TOTAL + 101}), "money", "gave back"),
    "a use of a code that nobody booked": (replace(SOUND, code_uses=[]), "codes", "its ledger says 0"),
    "a use of a code that was not given back": (
        with_order(status=Status.CANCELLED),
        "codes",
        "holds 0 uses of TEN, and its ledger says 1",
    ),
    "a code's counter off its ledger": (
        replace(SOUND, codes=[replace(CODE, used=2)]),
        "codes",
        "is used 2 times, and its ledger says 1",
    ),
    "a code used beyond its limit": (replace(SOUND, codes=[replace(CODE, total_limit=0)]), "codes", "1 times of 0"),
    "a use of a code that was booked twice": (
        replace(SOUND, code_uses=[*SOUND.code_uses, *SOUND.code_uses]),
        "once",
        "is twice in the ledger of codes",
    ),
    "nothing works on it": (with_order(status=Status.CONFIRMED), "rest", "is confirmed, and nothing works on it"),
    "taken by what does not run": (with_order(taken_by="can_1"), "rest", "is held by can_1"),
    "a failed execution that parked nothing": (
        replace(SOUND, executions=[*DONE, ExecutionRecord("ReturnOrder", "ord_1", "FAILED")]),
        "rest",
        "ReturnOrder ord_1 FAILED",
    ),
    "an execution of no order": (
        replace(SOUND, executions=[*DONE, ExecutionRecord("NewOrder", "ord_9", "SUCCEEDED")]),
        "rest",
        "ran for no order",
    ),
}


@pytest.mark.parametrize("how", FALSIFIED)
def test_each_falsified_record_is_a_violation(how):
    snapshot, invariant, what = FALSIFIED[how]

    assert [each for each in violations(snapshot) if each.invariant == invariant and what in each.what]


def test_an_order_that_runs_is_not_at_rest():
    running = [*DONE, ExecutionRecord("FulfillOrder", "ord_1", "RUNNING")]
    halfway = with_order(status=Status.CONFIRMED)

    assert not [each for each in violations(replace(halfway, executions=running)) if each.invariant == "rest"]


def test_the_money_of_a_parked_order_waits_for_an_operator():
    parked = {"arn": Parked("visit", 0, "Error", "cause", NOON)}
    snapshot = with_order(status=Status.CONFIRMED, parked=parked, payment=replace(ORDER.payment, captured=TOTAL - 1))
    failed = replace(snapshot, executions=[*DONE, ExecutionRecord("FulfillOrder", "ord_1", "FAILED")])

    assert {each.invariant for each in violations(failed)} == {"audit", "money"}
    assert all("was kept" not in each.what for each in violations(failed))


def test_without_executions_it_is_not_checked_whether_any_runs():
    assert violations(replace(SOUND, executions=None)) == []
    assert Violation("rest", "ord_1", "is confirmed, and nothing works on it") not in violations(
        replace(with_order(status=Status.CONFIRMED), executions=None)
    )
