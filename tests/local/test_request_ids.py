"""The id of a request reaches every execution that follows from it, and every line that their tasks log."""

import io
import json
import logging
import re

import pytest

from local.aws.functions import LocalFunctions
from local.gateway.app import Gateway, access_log
from local.gateway.tokens import Authorizer, PublishedKeys
from tasks.runtime import logger
from tests.api.shop import BODY, SECRETS
from tests.local.asgi import ask
from tests.local.tokens import CLIENT, ISSUER, Pool
from tests.workflows.shop import Shop

POOL = Pool()
OURS = "storefront-7f3a"
THEIRS = re.compile(r"[0-9a-f-]{36}")


class LoggedShop(Shop):
    """A shop behind the gateway. Its tasks are called as on one machine."""

    def __init__(self):
        self.functions = LocalFunctions(lambda _: SECRETS, lambda _: self.deps)
        super().__init__()
        self.gateway = Gateway(self.functions.invoke, Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT]))

    def invoker(self, function):
        return lambda event: self.functions.invoke(function.command.__name__, event)

    def post(self, path, body, key, **headers):
        headers |= {"authorization": f"Bearer {POOL.access_token()}", "content_type": "application/json"}
        return ask(self.gateway, "POST", path, json.dumps(body).encode(), idempotency_key=key, **headers)

    def place(self, **headers):
        answer = self.post("/api/orders", BODY, "key", **headers)
        assert answer.status in (200, 202)
        return answer.json["order_id"], answer.headers["x-correlation-id"]


@pytest.fixture
def shop():
    shop = LoggedShop()
    shop.stock(RED_LAMP=10, BLUE_RUG=5, TEA=10)
    return shop


@pytest.fixture
def lines():
    """The lines that tasks log during a test, as JSON documents."""
    written, handler = io.StringIO(), logger().registered_handler
    before = handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    handler.setStream(before)


def deliver_order(shop, order_id):
    shop.let_happen()
    shop.dispatch(order_id)
    shop.deliver(order_id)
    assert shop.order(order_id).status == "delivered"


def test_one_id_from_the_request_to_the_last_line_of_the_fulfillment(shop, lines):
    order_id, request_id = shop.place(x_correlation_id=OURS)
    assert request_id == OURS
    deliver_order(shop, order_id)
    begun = {each.machine.name: each.input for each in shop.engine.executions.values()}
    expected = {"order_id": order_id, "request_id": OURS}
    assert begun == {"NewOrder": expected, "FulfillOrder": expected}
    assert {line["task"] for line in lines()} == {
        *("ReserveInventory", "AuthorizePayment", "ConfirmOrder", "RequestShipment"),
        *("CapturePayment", "MarkShipped", "TrackDelivery", "MarkDelivered"),
    }
    arns = [each.arn for each in shop.engine.executions.values()]
    assert {(line["request_id"], line["order_id"]) for line in lines()} == {(OURS, order_id)}
    assert {line["execution"] for line in lines()} == set(arns)


def test_a_request_without_an_id_gets_the_gateway_s(shop, lines):
    order_id, request_id = shop.place()
    assert THEIRS.fullmatch(request_id)
    shop.let_happen()
    assert shop.execution("NewOrder", order_id).input["request_id"] == request_id
    assert {line["request_id"] for line in lines()} == {request_id}


def test_a_cancellation_has_the_id_of_its_own_request(shop, lines):
    order_id, _ = shop.place(x_correlation_id=OURS)
    shop.let_happen()
    answer = shop.post(
        f"/api/orders/{order_id}/cancellation", {"reason": ""}, "cancel", x_correlation_id="changed-my-mind"
    )
    shop.let_happen()
    execution = shop.execution("CancelOrder", answer.json["cancellation_id"])
    assert (execution.status, execution.input["request_id"]) == ("SUCCEEDED", "changed-my-mind")
    tasks = {line["task"] for line in lines() if line["request_id"] == "changed-my-mind"}
    assert {"TakeOrder", "CompleteCancellation"} <= tasks


def test_a_refusal_and_a_defect_are_logged_with_it(shop, lines, monkeypatch):
    shop.payments.decline_next()
    shop.place(x_correlation_id=OURS)
    shop.let_happen()
    (refused,) = [line for line in lines() if line["message"].startswith("PaymentDeclined")]
    assert (refused["level"], refused["task"], refused["request_id"]) == ("INFO", "AuthorizePayment", OURS)
    (order_id,) = shop.store.orders
    command = {"order_id": order_id, "input": {"request_id": "another"}}
    monkeypatch.setattr(shop, "deps", None)
    with pytest.raises(AttributeError):
        shop.functions.invoke("ConfirmOrder", command)
    defect = lines()[-1]
    assert (defect["level"], defect["request_id"]) == ("ERROR", "another")
    assert "AttributeError" in defect["exception"]


def test_an_execution_without_a_request_id_runs(shop, lines):
    order = Shop.place(shop)
    shop.start("NewOrder", order.id, order_id=order.id)
    deliver_order(shop, order.id)
    assert {tuple(each.input) for each in shop.engine.executions.values()} == {("order_id",)}
    assert {line["request_id"] for line in lines()} == {""}


def test_the_access_log_has_the_route_and_no_personal_data(shop):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    access_log.addHandler(handler)
    access_log.setLevel(logging.INFO)
    try:
        ask(shop.gateway, "GET", "/api/products/Zebedee?name=Quux", authorization="")
        ask(shop.gateway, "GET", "/api/orders")
        ask(shop.gateway, "GET", "/api/Perch-Lane")
    finally:
        access_log.removeHandler(handler)
        access_log.setLevel(logging.NOTSET)
    facts = [json.loads(line) for line in written.getvalue().splitlines()]
    logged = [(each["route"], each["status"], each["error"]) for each in facts]
    assert logged == [
        ("GET /api/products/{sku}", 404, "-"),
        ("GET /api/orders", 401, "Unauthorized"),
        ("-", 404, "Not Found"),
    ]
    assert all(THEIRS.fullmatch(each["gateway_request_id"]) and each["latency_ms"] >= 0 for each in facts)
