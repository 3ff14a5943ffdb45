"""The gateway's limits, and the headers that protect browsers."""

import threading

import pytest

from api import security
from local.gateway.app import Gateway
from local.gateway.limits import MOST_BUCKETS, Limits, Rate, TokenBuckets
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
    buckets = TokenBuckets(Rate(2, 3), now=lambda: now)
    assert [buckets.take("anna") for _ in range(4)] == [0, 0, 0, 1]
    assert buckets.take("bert") == 0
    now = 0.5
    assert [buckets.take("anna") for _ in range(2)] == [0, 1]
    now = 100.0
    assert [buckets.take("anna") for _ in range(4)] == [0, 0, 0, 1]


def test_the_number_of_buckets_is_limited():
    now = 0.0
    buckets = TokenBuckets(Rate(1, 1), now=lambda: now)
    for n in range(MOST_BUCKETS):
        buckets.take(str(n))
    now = 0.5
    buckets.take("one more")
    assert len(buckets._left) == 1
    now = 1.0
    buckets.take("another")
    assert buckets.take("another") == 1


def test_too_many_requests_of_an_address_are_refused_with_a_retry_after():
    app = gateway(limits=Limits(per_address=Rate(0.5, 2)))
    assert [ask(app, "GET", "/api/health").status for _ in range(3)] == [200, 200, 429]
    refused = ask(app, "GET", "/api/health")
    assert (refused.json["type"], refused.json["message"]) == ("/problems/too-many-requests", "Too Many Requests")
    assert refused.headers["retry-after"] == "2"
    assert ask(app, "GET", "/api/health", address="10.0.0.2").status == 200


def test_a_user_has_one_bucket_for_all_addresses():
    app = gateway(limits=Limits(per_user=Rate(1, 2)))
    anna, bert = (f"Bearer {POOL.access_token(who)}" for who in ("anna", "bert"))
    statuses = [ask(app, "GET", "/api/orders", address=f"10.0.0.{n}", authorization=anna).status for n in range(3)]
    assert statuses == [200, 200, 429]
    assert ask(app, "GET", "/api/orders", authorization=bert).status == 200


def test_headers_over_10_kb_are_refused():
    response = ask(gateway(), "GET", "/api/health", x="y" * 10_240)
    assert (response.status, response.json["message"]) == (431, "Request Header Fields Too Large")
    assert ask(gateway(), "GET", "/api/health", x="y" * 10_200).status == 200


def test_a_function_that_hangs_is_a_504():
    release = threading.Event()
    app = gateway(lambda *_: release.wait(10), limits=Limits(timeout_seconds=0.01))
    response = ask(app, "GET", "/api/health")
    release.set()
    assert (response.status, response.json["message"]) == (504, "Endpoint request timed out")


def preflight(app, origin):
    return ask(app, "OPTIONS", "/api/orders", origin=origin, access_control_request_method="POST")


def test_the_site_may_call_from_a_browser():
    app = gateway(site=SITE)
    response = preflight(app, SITE)
    assert (response.status, response.headers["access-control-allow-origin"]) == (204, SITE)
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "idempotency-key" in response.headers["access-control-allow-headers"]
    answer = ask(app, "GET", "/api/health", origin=SITE)
    assert answer.headers["access-control-allow-origin"] == SITE
    assert "etag" in answer.headers["access-control-expose-headers"]
    refused = ask(app, "GET", "/api/orders", origin=SITE)
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, SITE)


@pytest.mark.parametrize("origin", ["https://evil.example", SITE + ".evil.example", "null", "http://shop.example"])
def test_no_other_site_may_call(origin):
    app = gateway(site=SITE)
    for response in (preflight(app, origin), ask(app, "GET", "/api/health", origin=origin)):
        assert not [name for name in response.headers if name.startswith("access-control")]


def test_without_a_site_no_page_may_call():
    assert preflight(gateway(), SITE).status == 404
    assert "access-control-allow-origin" not in ask(gateway(), "GET", "/api/health", origin=SITE).headers


@pytest.mark.parametrize("path", ["/api/health", "/api/orders", "/api/nowhere"])
def test_every_response_has_the_security_headers(path):
    response = ask(gateway(), "GET", path)
    assert {name.lower(): value for name, value in security.HEADERS.items()}.items() <= response.headers.items()


def test_a_response_s_own_cache_control_stays():
    app = gateway(lambda *_: {"statusCode": 200, "headers": {"Cache-Control": "no-cache"}, "body": "{}"})
    assert ask(app, "GET", "/api/health").headers["cache-control"] == "no-cache"
