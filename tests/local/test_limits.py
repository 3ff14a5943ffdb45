"""What the gateway refuses of too much, and what each of its answers carries for browsers."""

import threading

import pytest

from api import security
from local.gateway.app import Gateway
from local.gateway.limits import MOST_BUCKETS, Buckets, Limits, Rate
from local.gateway.tokens import Authorizer, PublishedKeys
from tests.local.asgi import ask
from tests.local.tokens import CLIENT, ISSUER, Pool

POOL = Pool()
SITE = "https://shop.example"
ENOUGH = Rate(1, 1000)


def gateway(invoke=lambda *_: {"statusCode": 200, "headers": {}, "body": "{}"}, **more):
    return Gateway(invoke, Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT]), threads=2, **more)


def test_a_bucket_gives_its_burst_and_then_its_rate():
    now = 0.0
    buckets = Buckets(Rate(2, 3), now=lambda: now)
    assert [buckets.take("anna") for _ in range(4)] == [0, 0, 0, 1]
    assert buckets.take("bert") == 0
    now = 0.5
    assert [buckets.take("anna") for _ in range(2)] == [0, 1]
    now = 100.0
    assert [buckets.take("anna") for _ in range(4)] == [0, 0, 0, 1]


def test_buckets_are_not_remembered_without_end():
    now = 0.0
    buckets = Buckets(Rate(1, 1), now=lambda: now)
    for n in range(MOST_BUCKETS):
        buckets.take(str(n))
    now = 0.5
    buckets.take("one more")
    assert len(buckets._left) == 1
    now = 1.0
    buckets.take("another")
    assert buckets.take("another") == 1


def test_an_address_that_asks_too_much_is_told_when_to_come_back():
    app = gateway(limits=Limits(an_address=Rate(0.5, 2)))
    assert [ask(app, "GET", "/api/health").status for _ in range(3)] == [200, 200, 429]
    refused = ask(app, "GET", "/api/health")
    assert (refused.json["type"], refused.json["message"]) == ("/problems/too-many-requests", "Too Many Requests")
    assert refused.headers["retry-after"] == "2"
    assert ask(app, "GET", "/api/health", address="10.0.0.2").status == 200


def test_a_user_has_one_bucket_wherever_they_ask_from():
    app = gateway(limits=Limits(a_user=Rate(1, 2)))
    anna, bert = (f"Bearer {POOL.access_token(who)}" for who in ("anna", "bert"))
    asked = [ask(app, "GET", "/api/orders", address=f"10.0.0.{n}", authorization=anna).status for n in range(3)]
    assert asked == [200, 200, 429]
    assert ask(app, "GET", "/api/orders", authorization=bert).status == 200


def test_headers_of_more_than_10_kb_reach_nothing():
    told = ask(gateway(), "GET", "/api/health", x="y" * 10_240)
    assert (told.status, told.json["message"]) == (431, "Request Header Fields Too Large")
    assert ask(gateway(), "GET", "/api/health", x="y" * 10_200).status == 200


def test_a_function_that_hangs_is_a_504():
    release = threading.Event()
    app = gateway(lambda *_: release.wait(10), limits=Limits(answer_seconds=0.01))
    told = ask(app, "GET", "/api/health")
    release.set()
    assert (told.status, told.json["message"]) == (504, "Endpoint request timed out")


def preflight(app, origin):
    return ask(app, "OPTIONS", "/api/orders", origin=origin, access_control_request_method="POST")


def test_the_site_may_call_from_a_browser():
    app = gateway(site=SITE)
    told = preflight(app, SITE)
    assert (told.status, told.headers["access-control-allow-origin"]) == (204, SITE)
    assert "POST" in told.headers["access-control-allow-methods"]
    assert "idempotency-key" in told.headers["access-control-allow-headers"]
    answer = ask(app, "GET", "/api/health", origin=SITE)
    assert answer.headers["access-control-allow-origin"] == SITE
    assert "etag" in answer.headers["access-control-expose-headers"]
    refused = ask(app, "GET", "/api/orders", origin=SITE)
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, SITE)


@pytest.mark.parametrize("origin", ["https://evil.example", SITE + ".evil.example", "null", "http://shop.example"])
def test_no_other_site_may(origin):
    app = gateway(site=SITE)
    for told in (preflight(app, origin), ask(app, "GET", "/api/health", origin=origin)):
        assert not [name for name in told.headers if name.startswith("access-control")]


def test_without_a_site_nobody_may():
    assert preflight(gateway(), SITE).status == 404
    assert "access-control-allow-origin" not in ask(gateway(), "GET", "/api/health", origin=SITE).headers


@pytest.mark.parametrize("path", ["/api/health", "/api/orders", "/api/nowhere"])
def test_every_answer_carries_what_keeps_a_browser_safe(path):
    told = ask(gateway(), "GET", path)
    assert {name.lower(): value for name, value in security.HEADERS.items()}.items() <= told.headers.items()


def test_an_answer_s_own_word_on_caching_stands():
    app = gateway(lambda *_: {"statusCode": 200, "headers": {"Cache-Control": "no-cache"}, "body": "{}"})
    assert ask(app, "GET", "/api/health").headers["cache-control"] == "no-cache"
