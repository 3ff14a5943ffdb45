"""Functions in process: found by name, each with its own environment, failing as they fail."""

import json
from dataclasses import replace

import pytest

from local.aws.functions import Context, Functions, consumers, handler, services, tasks
from oms.adapters import wiring
from oms.domain.errors import OrderNotFound
from tests.api.shop import Shop


@pytest.fixture
def shop():
    return Shop()


@pytest.mark.parametrize("name", [*tasks(), *services()])
def test_every_declared_function_is_there(name):
    assert callable(handler(name))
    assert callable(handler(name).run)


@pytest.mark.parametrize("name", ["RobTheBank", "api.nothing", "../etc"])
def test_there_is_no_other(name, shop):
    with pytest.raises(LookupError, match="there is no function"):
        Functions(lambda _: {}, lambda _: shop.deps).invoke(name, {})


def test_a_task_answers_its_command(shop):
    functions = Functions(lambda _: {}, lambda _: shop.deps)
    order_id = shop.placed()
    functions.invoke("ReserveInventory", {"order_id": order_id})
    assert shop.orders.get(order_id).is_priced


def test_a_task_raises_what_it_raises(shop):
    reserve = Functions(lambda _: {}, lambda _: shop.deps).handlers()["ReserveInventory"]
    with pytest.raises(OrderNotFound):
        reserve({"order_id": "ord_none"}, Context("ReserveInventory"))


def test_a_service_answers_an_event(shop):
    functions = Functions(lambda _: {}, lambda _: shop.deps)
    operation, parameters = shop.router.find("GET", "/products/TEA")
    event = shop.event(operation, "/products/TEA", parameters, None, None, None, None, {})
    answer = functions.invoke("Products", event)
    assert (answer["statusCode"], json.loads(answer["body"])["sku"]) == (200, "TEA")


def test_each_function_stands_on_what_its_own_environment_names(shop):
    shops = {"one": Shop(), "two": Shop()}
    environments = {"ReserveInventory": {"ORDERS_TABLE": "one"}, "StartWaitingOrders": {"ORDERS_TABLE": "two"}}
    functions = Functions(environments.__getitem__, lambda environment: shops[environment["ORDERS_TABLE"]].deps)
    order_id = shops["one"].placed()
    assert functions.invoke("StartWaitingOrders", {}) == {"started": 0}
    functions.invoke("ReserveInventory", {"order_id": order_id})
    with pytest.raises(OrderNotFound):
        shops["two"].orders.get(order_id)


def test_what_first_calls_would_load_is_loaded_beforehand(shop):
    made = []

    class Lamp:
        def __init__(self):
            made.append(self)

        def shine(self):
            return "light"

    lamp = wiring._lazily(Lamp)
    functions = Functions(lambda _: {}, lambda _: replace(shop.deps, payments=lamp))
    functions.load(name for name, each in tasks().items() if "payments" not in each.uses)
    assert made == []
    functions.load([*tasks(), *services(), *consumers()])
    assert len(made) == 1
    assert lamp.shine() == "light"
    assert len(made) == 1


def test_a_context_is_as_lambda_s():
    context = Context("ReserveInventory")
    assert context.invoked_function_arn == "arn:aws:lambda:us-east-1:000000000000:function:ReserveInventory"
    assert 0 < context.get_remaining_time_in_millis() <= 10_000
    assert context.aws_request_id != Context("ReserveInventory").aws_request_id
