"""What every service shares: the caller, threads, Lambda's events."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import orders, products
from api.contract import operations
from oms.domain.errors import StoreUnavailable
from tests.api.shop import ANNA, BERT, BODY, OLGA

SECURED = [key for key, operation in operations().items() if operation.secured]


def path_of(key):
    return key.split(" ")[1].replace("{order_id}", "ord_" + "0" * 26).replace("{sku}", "TEA")


@pytest.mark.parametrize("key", SECURED)
def test_nobody_gets_past_a_route_that_asks_for_a_token(shop, key):
    """The gateway verifies tokens, but a service that is called without one refuses too."""
    reply = shop.ask(key.split(" ")[0], path_of(key), {}, by=None, key="key-1")
    assert (reply.status, reply.problem) == (401, "unauthorized")


@pytest.mark.parametrize("claim", ["[shoppers operators]", "operators", "[operators]"])
def test_a_group_is_read_as_api_gateway_writes_it(shop, claim):
    order_id = shop.placed()
    event = event_of(shop, f"/api/orders/{order_id}")
    event["requestContext"]["authorizer"]["jwt"]["claims"] = {"sub": OLGA, "cognito:groups": claim}
    assert orders.service.run(event, shop.deps, {})["statusCode"] == 200


@pytest.mark.parametrize("claim", ["[shoppers]", "[co-operators]", "", "[]"])
def test_another_group_is_no_operator(shop, claim):
    order_id = shop.placed()
    event = event_of(shop, f"/api/orders/{order_id}")
    event["requestContext"]["authorizer"]["jwt"]["claims"] = {"sub": BERT, "cognito:groups": claim}
    assert orders.service.run(event, shop.deps, {})["statusCode"] == 404


def event_of(shop, path, by=ANNA):
    operation, parameters = shop.router.find("GET", path)
    return shop.event(operation, path, parameters, None, by, None, None, {})


def test_threads_never_see_each_other_s_requests(shop):
    placed = {shop.place(key=f"key-{n}", by=f"shopper-{n}"): f"shopper-{n}" for n in range(20)}

    def own(order_id, by):
        answer = orders.service.run(event_of(shop, f"/api/orders/{order_id}", by), shop.deps, {})
        return json.loads(answer["body"])["timeline"][0]["by"]

    with ThreadPoolExecutor(8) as pool:
        requests = list(placed.items()) * 20
        assert list(pool.map(lambda one: own(*one), requests)) == [f"customer:{by}" for _, by in requests]


def test_a_refusal_names_its_own_request_though_another_came_meanwhile(shop, monkeypatch):
    def refuse_after_another(*_):
        with ThreadPoolExecutor(1) as other:
            other.submit(orders.service.run, event_of(shop, f"/api/orders/{order_id}"), shop.deps, {}).result()
        raise StoreUnavailable("busy")

    order_id = shop.placed()
    monkeypatch.setattr(shop.orders, "of_customer", refuse_after_another)
    assert shop.get("/orders").json["instance"] == "/api/orders"


def test_a_body_in_base64_is_read(shop):
    operation, parameters = shop.router.find("POST", "/api/orders")
    event = shop.event(operation, "/api/orders", parameters, BODY, ANNA, "key-1", None, {})
    event |= {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}
    assert orders.service.run(event, shop.deps, {})["statusCode"] == 202


def test_what_no_service_routes_is_a_problem_too(shop):
    event = event_of(shop, "/api/orders")
    answer = products.service.run(event, shop.deps, {})
    assert (answer["statusCode"], json.loads(answer["body"])["type"]) == (404, "/problems/no-such-route")


def test_health_says_ok(shop):
    assert shop.get("/health", by=None).json == {"status": "ok"}
