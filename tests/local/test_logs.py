"""No personal data in a log, whatever the result of a request."""

import json

import pytest

from local.aws.functions import LocalFunctions
from local.gateway.app import Gateway
from local.gateway.tokens import Authorizer, PublishedKeys
from oms.domain.errors import StoreUnavailable
from tests.api.shop import BODY, OLGA, SECRET, Shop
from tests.local.asgi import ask
from tests.local.tokens import CLIENT, ISSUER, Pool

POOL = Pool()
PERSONAL = {
    "name": "Zebedee Quux",
    "address": "Perch Lane 17",
    "city": "Xanadu-on-Sea",
    "phone": "555-0199",
    "country": "IS",
}
REASON, CARD, SUBJECT, ADDRESS = "because of my illness", "pm_card_mine", "zebedee-quux", "203.0.113.7"
WORDS = [*list(PERSONAL.values())[:4], REASON, CARD, SUBJECT, ADDRESS]
ORDER = {**BODY, "recipient": PERSONAL, "payment_method": CARD}


@pytest.fixture
def shop():
    return Shop()


def requests(shop, order_id):
    """Valid requests, and requests that are refused."""
    reason = {"lines": [{"sku": "RED-LAMP", "quantity": 1}], "reason": REASON}
    yield "POST", "/api/orders", ORDER
    yield "POST", "/api/orders", {**ORDER, "currency": REASON}
    yield "POST", "/api/orders", REASON
    yield "GET", "/api/orders", None
    yield "GET", f"/api/orders/{order_id}", None
    yield "GET", "/api/products?department=Xanadu-on-Sea", None
    yield "GET", "/api/orders/Zebedee%20Quux", None
    yield "GET", "/api/Perch Lane 17", None
    yield "POST", f"/api/orders/{order_id}/returns", reason
    yield "POST", f"/api/orders/{order_id}/cancellation", reason
    yield "POST", f"/api/orders/{order_id}/review", {"decision": "approve", "note": REASON}


class Failing:
    def __init__(self, error):
        self.error = error

    def __getattr__(self, name):
        def fail(*_, **__):
            raise self.error

        return fail


@pytest.mark.parametrize("error", [None, StoreUnavailable("the database is busy"), KeyError("sku")], ids=str)
def test_no_personal_data_is_logged(shop, error, caplog, capfd):
    caplog.set_level("DEBUG")
    order_id = shop.place(ORDER, by=SUBJECT)
    deps = shop.deps if error is None else shop.deps.__class__(**{**vars(shop.deps), "orders": Failing(error)})
    functions = LocalFunctions(lambda _: {"CARRIER_SECRET": SECRET}, lambda _: deps)
    gateway = Gateway(functions.invoke, Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT]))
    tokens = [POOL.access_token(SUBJECT), POOL.access_token(OLGA, **{"cognito:groups": ["operators"]})]
    responses = [
        ask(
            gateway,
            method,
            path,
            json.dumps(body).encode() if body is not None else b"",
            address=ADDRESS,
            authorization=f"Bearer {token}",
            content_type="application/json",
            idempotency_key="key",
        )
        for token in tokens
        for method, path, body in requests(shop, order_id)
    ]
    written = capfd.readouterr()
    logged = written.out + written.err + caplog.text
    assert {answer.status for answer in responses} & ({202, 400, 404} if error is None else {500, 503})
    assert not error or "route" in logged
    assert [word for word in [*WORDS, *tokens] if word in logged] == []
