"""Reconciliation of discount codes: orders and counters with their ledger, and repairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from oms.domain import pricing
from oms.domain.discounts import CodeUse, Discount
from oms.domain.events import OrderRepaired
from oms.domain.pricing import Destination
from tests.domain.orders import NOON
from tests.workflows.discrepancies import findings, quietly
from tests.workflows.shop import Shop

CODE = Discount("TEN", "USD", NOON, NOON + timedelta(days=1), total_limit=3, customer_limit=3, percent=10)
NEW_YORK = Destination("US", "NY")


@pytest.fixture
def coded(unsound: Shop) -> Shop:
    """A shop in which orders are placed with a code."""
    unsound.deps.discounts.change(None, CODE)
    unsound.quote = lambda units, products: pricing.quote(units, products, "USD", NEW_YORK, "express", CODE, now=NOON)
    return unsound


def counter_moved(shop: Shop) -> None:
    shop.new_order()
    shop.store.codes["TEN"] = replace(shop.store.codes["TEN"], used=2)


def code_gone(shop: Shop) -> None:
    shop.new_order()
    del shop.store.codes["TEN"]


def used_by_nobody(shop: Shop) -> None:
    shop.new_order()
    shop.store.code_uses["ord_0:code"] = CodeUse("ord_0:code", "TEN", "ord_0", "anna", 3)


def claim_gone(shop: Shop) -> None:
    shop.new_order()
    del shop.store.code_uses["ord_1:code"]
    shop.store.codes["TEN"] = CODE


def claimed_twice(shop: Shop) -> None:
    shop.new_order()
    shop.store.code_uses["ord_1:code-2"] = CodeUse("ord_1:code-2", "TEN", "ord_1", "anna", 3)
    shop.store.codes["TEN"] = replace(CODE, used=2)


FOUND: dict[Callable[[Shop], None], tuple[str, bool]] = {
    counter_moved: ("codes: TEN is used 2 times, and its ledger says 1", False),
    code_gone: ("codes: TEN orders were placed with it, and there is no such code", False),
    used_by_nobody: ("codes: TEN is used 1 times, and its ledger says 2", False),
    claim_gone: ("codes: ord_1 holds 1 uses of TEN, and its ledger says 0", True),
    claimed_twice: ("codes: ord_1 holds 1 uses of TEN, and its ledger says 2", True),
}


@pytest.mark.parametrize("wrong", FOUND, ids=lambda wrong: wrong.__name__)
def test_a_discrepancy_of_a_code_is_reported_and_parks_its_order(coded, wrong):
    wrong(coded)
    report = quietly(coded)
    what, parks = FOUND[wrong]
    assert findings(report) == [what]
    assert (bool(coded.order().parked), report.parked, report.repaired) == (parks, parks, 0)
    assert findings(quietly(coded)) == [what]


def test_a_use_that_an_ended_order_still_holds_is_given_back_once(coded):
    coded.new_order()
    coded.cancel()
    del coded.store.code_uses["ord_1:code-back"]
    coded.store.codes["TEN"] = replace(CODE, used=1)
    report = quietly(coded)
    repair = "it had ended and still held a use of TEN: that is given back"
    assert (findings(report), [each["what"] for each in report.repairs]) == ([], [repair])
    assert coded.orders.events("ord_1")[-1].event == OrderRepaired("CheckOrders", repair)
    assert coded.deps.discounts.get("TEN").used == 0
    assert quietly(coded).repaired == 0
    assert coded.violations() == []


def test_codes_that_agree_are_counted_page_by_page(coded, monkeypatch):
    monkeypatch.setattr("tasks.check_codes.PAGE", 1)
    for name in ("TEN", "TWELVE"):
        code = replace(CODE, code=name)
        coded.deps.discounts.change(None, code)
        coded.quote = lambda units, products, code=code: pricing.quote(
            units, products, "USD", NEW_YORK, "express", code, now=NOON
        )
        coded.new_order(("TEA", 1), order_id=f"ord_{name}")
    report = quietly(coded)
    assert (findings(report), report.codes, report.uncounted) == ([], 2, [])
    assert coded.execution("Reconcile", report.id).path.count("CheckCodes") == 2


@pytest.mark.parametrize("moved_at", [1, 2])
def test_a_code_that_is_in_use_while_its_ledger_is_read_is_no_discrepancy(coded, monkeypatch, moved_at):
    """Even if its counter is the same again: it is used and given back, and the ledger is read in between."""
    coded.new_order()
    whole, reads = coded.deps.discounts.uses, []

    def moving(code, order_id=None):
        uses = whole(code, order_id)
        if order_id is None:
            reads.append(code)
            stray = CodeUse("ord_2:code", code, "ord_2", "bert", 3)
            return [*uses, stray] if len(reads) == moved_at else uses
        return uses

    monkeypatch.setattr(coded.deps.discounts, "uses", moving)
    assert findings(quietly(coded)) == []
    assert reads == ["TEN"] * (2 if moved_at == 1 else 1)
