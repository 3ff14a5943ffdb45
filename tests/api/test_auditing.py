"""Every change by an operator is recorded with their name, on each route that allows one."""

import pytest

from api import contract
from oms.domain import parking, returns
from oms.domain.events import Units
from tasks.authorize_return import authorize_return
from tasks.take_order import take_order
from tests.api.shop import OLGA
from tests.api.test_operating import LAMP

DISCOUNT = {
    "currency": "USD",
    "percent": 10,
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": "2027-01-01T00:00:00Z",
    "total_limit": 10,
    "customer_limit": 1,
}
WHY = {"reason": "because"}
FIRST = {"CancelOrder": take_order, "ReturnOrder": authorize_return}
"""Of a machine, the task that writes down what was asked for."""


def reviewed(shop):
    return "POST", f"/orders/{shop.under_review()}/review", {"decision": "approve"}


def redriven(shop):
    return "POST", f"/orders/{shop.parked()}/redrive", WHY


def all_redriven(shop):
    shop.parked()
    return "POST", "/redrives", WHY


def settled(shop):
    order_id = shop.confirmed()
    shop.save(order_id, lambda order: parking.park_discrepancy(order, "CheckOrders", "money: odd"))
    return "POST", f"/orders/{order_id}/settlement", {**WHY, "check": "CheckOrders"}


def inspected(shop):
    order_id, now = shop.delivered(), shop.clock.now()
    shop.save(order_id, lambda order: returns.authorize(order, "rma", [Units("RED-LAMP", 1)], "", now))
    shop.save(order_id, lambda order: returns.expect_parcel(order, "rma", "token-1"))
    return "POST", f"/orders/{order_id}/returns/rma/inspection", {**WHY, "units": {"RED-LAMP": ["new"]}}


ACTIONS = {
    "POST /orders/{order_id}/review": reviewed,
    "POST /orders/{order_id}/redrive": redriven,
    "POST /redrives": all_redriven,
    "POST /orders/{order_id}/settlement": settled,
    "POST /orders/{order_id}/returns/{return_id}/inspection": inspected,
    "PUT /products/{sku}": lambda shop: ("PUT", "/products/NEW-LAMP", LAMP),
    "PUT /discounts/{code}": lambda shop: ("PUT", "/discounts/SPRING", DISCOUNT),
    "POST /customers/{customer_id}/credit": lambda shop: (
        *("POST", "/customers/anna/credit"),
        {**WHY, "amount_minor": 500, "currency": "USD"},
    ),
    "POST /inventory/{sku}/receipts": lambda shop: ("POST", "/inventory/TEA/receipts", {**WHY, "quantity": 5}),
    "POST /inventory/{sku}/adjustments": lambda shop: ("POST", "/inventory/TEA/adjustments", {**WHY, "difference": 5}),
}


def test_these_are_all_the_routes_by_which_operators_alone_change_something():
    operations = contract.operations().values()
    changing = {each.key for each in operations if "operators" in each.groups and each.method != "GET"}
    assert set(ACTIONS) == changing


@pytest.mark.parametrize("key", ACTIONS)
def test_an_action_stays_in_the_books_with_its_author(shop, key):
    method, path, body = ACTIONS[key](shop)
    assert "operator:olga" not in authors(shop)
    assert shop.ask(method, path, body, by=OLGA, key="k").status in (200, 201)
    assert "operator:olga" in authors(shop)


@pytest.mark.parametrize(
    ("route", "machine", "body"),
    [
        ("cancellation", "CancelOrder", WHY),
        ("returns", "ReturnOrder", {**WHY, "lines": [{"sku": "RED-LAMP", "quantity": 1}]}),
    ],
)
def test_what_an_operator_asks_for_in_a_shopper_s_stead_goes_on_in_the_operator_s_name(shop, route, machine, body):
    order_id = shop.delivered() if machine == "ReturnOrder" else shop.confirmed()
    assert shop.post(f"/orders/{order_id}/{route}", body, by=OLGA, key="k").status == 202
    (payload,) = shop.starts(machine).values()
    command = {name: value for name, value in payload.items() if name not in ("request_id", "by")}
    deadline = {"deadline_seconds": 60} if machine == "ReturnOrder" else {}
    FIRST[machine].run({**command, **deadline, "input": payload}, shop.deps)
    assert shop.orders.events(order_id)[-1].by == "operator:olga"


def authors(shop):
    events = {event.by for history in shop.store.history.values() for event in history}
    events |= {booked.by for booked in shop.store.credit.values()}
    return events | {entry.note.partition(": ")[0] for entry in shop.store.entries.values()}


def test_a_change_of_price_tells_what_it_was(shop):
    for price in (2099, 1999, 2099, 1999):
        assert shop.ask("PUT", "/products/NEW-LAMP", {**LAMP, "price_minor": price}, by=OLGA).status in (200, 201)
    notes = [entry.note for entry in shop.store.entries.values() if entry.effect_id.startswith("product:NEW-LAMP:")]
    assert notes[1:] == [
        'operator:olga: {"price_minor":[2099,1999]}',
        'operator:olga: {"price_minor":[1999,2099]}',
        'operator:olga: {"price_minor":[2099,1999]}',
    ]


@pytest.mark.parametrize("key", ["PUT /products/{sku}", "PUT /discounts/{code}"])
def test_a_change_that_somebody_else_was_faster_than_is_not_left_standing_in_the_books(shop, monkeypatch, key):
    method, path, body = ACTIONS[key](shop)
    store = shop.deps.products if "products" in path else shop.deps.discounts
    monkeypatch.setattr(store, "change", lambda before, after: False)
    assert shop.ask(method, path, body, by=OLGA).status == 412
    *_, announced, refused = shop.store.entries.values()
    assert (refused.effect_id, refused.movements) == (f"{announced.effect_id}:refused", ())
    assert refused.note == "operator:olga: refused, it was changed meanwhile"
