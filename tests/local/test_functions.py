"""Functions in this process: called by name, each with its own environment; their exceptions pass unchanged."""

import json
from dataclasses import replace

import pytest

from local.aws.functions import Context, LocalFunctions, consumers, handler, services, tasks
from oms.adapters import wiring
from oms.domain.errors import OrderNotFound
from tests.api.shop import Shop


@pytest.fixture
def shop():
    return Shop()


@pytest.mark.parametrize("name", [*tasks(), *services()])
def test_every_declared_function_exists(name):
    assert callable(handler(name))
    assert callable(handler(name).run)


@pytest.mark.parametrize("name", ["RobTheBank", "api.nothing", "../etc"])
def test_an_unknown_function_is_an_error(name, shop):
    with pytest.raises(LookupError, match="there is no function"):
        LocalFunctions(lambda _: {}, lambda _: shop.deps).invoke(name, {})


def test_a_task_answers_its_command(shop):
    functions = LocalFunctions(lambda _: {}, lambda _: shop.deps)
    order_id = shop.placed()
    functions.invoke("ReserveInventory", {"order_id": order_id})
    assert shop.orders.get(order_id).is_priced


def test_a_task_raises_what_it_raises(shop):
    reserve = LocalFunctions(lambda _: {}, lambda _: shop.deps).handlers()["ReserveInventory"]
    with pytest.raises(OrderNotFound):
        reserve({"order_id": "ord_none"}, Context("ReserveInventory"))


def test_a_service_answers_an_event(shop):
    functions = LocalFunctions(lambda _: {}, lambda _: shop.deps)
    operation, parameters = shop.router.find("GET", "/api/products/TEA")
    event = shop.event(operation, "/api/products/TEA", parameters, None, None, None, None, {})
    answer = functions.invoke("Products", event)
    assert (answer["statusCode"], json.loads(answer["body"])["sku"]) == (200, "TEA")


def test_each_function_uses_the_stores_of_its_own_environment(shop):
    shops = {"one": Shop(), "two": Shop()}
    environments = {"ReserveInventory": {"ORDERS_TABLE": "one"}, "StartWaitingOrders": {"ORDERS_TABLE": "two"}}
    functions = LocalFunctions(environments.__getitem__, lambda environment: shops[environment["ORDERS_TABLE"]].deps)
    order_id = shops["one"].placed()
    assert functions.invoke("StartWaitingOrders", {}) == {"started": 0}
    functions.invoke("ReserveInventory", {"order_id": order_id})
    with pytest.raises(OrderNotFound):
        shops["two"].orders.get(order_id)


def test_loading_makes_the_adapters_that_the_first_calls_would_make(shop):
    made = []

    class Lamp:
        def __init__(self):
            made.append(self)

        def shine(self):
            return "light"

    lamp = wiring._lazily(Lamp)
    functions = LocalFunctions(lambda _: {}, lambda _: replace(shop.deps, payments=lamp))
    functions.load(name for name, each in tasks().items() if "payments" not in each.uses)
    assert made == []
    functions.load([*tasks(), *services(), *consumers()])
    assert len(made) == 1
    assert lamp.shine() == "light"
    assert len(made) == 1


def test_a_context_is_like_lambda_s():
    context = Context("ReserveInventory")
    assert context.invoked_function_arn == "arn:aws:lambda:us-east-1:000000000000:function:ReserveInventory"
    assert 0 < context.get_remaining_time_in_millis() <= 10_000
    assert context.aws_request_id != Context("ReserveInventory").aws_request_id
