"""What the API says to those who can't sign, don't know the scheme's case, or meet an outage: nothing of its inside."""

from __future__ import annotations

import io
import json
import logging

import pytest

from api import contract
from api.problems import problem_of
from oms.domain.errors import Unavailable, leaves

SIGNATURES = {
    parameter["name"]: f"/webhooks/{path.rpartition('/')[2]}"
    for path, item in contract.document()["paths"].items()
    for parameter in item.get("post", {}).get("parameters", ())
    if parameter.get("name", "").endswith("-Signature")
}
BODIES = {
    "no JSON": b"{",
    "no body": b"",
    "half a character": b"\xff",
    "a list": b"[]",
    "an unknown type": json.dumps({"id": "evt_1", "type": "eaten", "order_id": "x"}).encode(),
    "a name twice": b'{"id": "1", "id": "2"}',
    "too large": b" " * 200_000,
}
OUTAGES = [error for error in leaves() if issubclass(error, Unavailable)]


@pytest.mark.parametrize("header", SIGNATURES)
@pytest.mark.parametrize("media_type", ["application/json", "text/plain", None])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_signature_is_verified_before_the_body_is_looked_at(shop, header, media_type, body):
    headers = {header.lower(): "t=1,v1=00", "content-type": media_type}
    reply = shop.post(SIGNATURES[header], body, by=None, headers=headers)
    assert (reply.status, reply.problem) == (401, "invalid-signature")


def test_there_are_two_signed_webhooks():
    assert set(SIGNATURES) == {"Carrier-Signature", "Stripe-Signature"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR "])
def test_the_scheme_of_a_guest_s_token_may_be_in_any_case(shop, scheme):
    token = shop.post("/guest/carts", by=None).json["token"]
    assert shop.get("/guest/cart", by=None, headers={"authorization": f"{scheme} {token}"}).status == 200
    assert shop.get("/guest/cart", by=None, headers={"authorization": scheme}).status == 401


@pytest.mark.parametrize("error", OUTAGES)
def test_an_outage_names_no_host(error):
    problem = problem_of(error("POST http://10.0.0.7:4566/: Connection refused"))
    document = json.dumps(problem.document("/api/orders", "request-1"))
    assert (problem.status, problem.headers["Retry-After"]) == (503, "1")
    assert not [word for word in ("10.0.0.7", "4566", "http:", "refused") if word in document]


@pytest.fixture
def log_text():
    """What the API logs during a test."""
    written, logger = io.StringIO(), logging.getLogger("order-api")
    handler = logging.StreamHandler(written)
    logger.addHandler(handler)
    yield written.getvalue
    logger.removeHandler(handler)


def test_an_outage_is_logged_with_its_host(shop, log_text, monkeypatch):
    def fail(*_, **__):
        raise OUTAGES[0]("POST http://10.0.0.7:4566/: Connection refused")

    monkeypatch.setattr(shop.products, "get", fail)
    reply = shop.get("/products/TEA", by=None)
    assert (reply.status, "10.0.0.7" in json.dumps(reply.json)) == (503, False)
    assert "http://10.0.0.7:4566/" in log_text()
