"""Idempotency keys, as Stripe documents them."""

from __future__ import annotations

import socket

import pytest

from tests.unit.payments_sandbox.caller import INTENT, Api

HOUR = 3600


def test_a_key_replays_status_and_body(api: Api) -> None:
    first = api.post("/v1/payment_intents", key="k1", **INTENT)
    second = api.post("/v1/payment_intents", key="k1", **dict(reversed(INTENT.items())))

    assert (first.status, first.replayed) == (200, False)
    assert (second.status, second.body, second.replayed) == (200, first.body, True)
    assert len(api.get("/v1/payment_intents").body["data"]) == 1


def test_a_key_replays_the_first_response_not_the_current_state(api: Api) -> None:
    name = api.post("/v1/payment_intents", key="k1", **INTENT).body["id"]
    api.post(f"/v1/payment_intents/{name}/confirm")

    assert api.post("/v1/payment_intents", key="k1", **INTENT).body["status"] == "requires_confirmation"
    assert api.get(f"/v1/payment_intents/{name}").body["status"] == "requires_capture"


@pytest.mark.parametrize("change", [{"amount": "5001"}, {"metadata[order_id]": "x"}])
def test_a_key_belongs_to_one_set_of_parameters(api: Api, change: dict[str, str]) -> None:
    api.post("/v1/payment_intents", key="k1", **INTENT)

    other = api.post("/v1/payment_intents", key="k1", **{**INTENT, **change})

    assert (other.status, other.error["type"]) == (400, "idempotency_error")


def test_a_key_belongs_to_one_endpoint(api: Api) -> None:
    name = api.intent()
    api.post(f"/v1/payment_intents/{name}/confirm", key="k1")

    other = api.post(f"/v1/payment_intents/{name}/cancel", key="k1")

    assert (other.status, other.error["type"]) == (400, "idempotency_error")
    assert api.get(f"/v1/payment_intents/{name}").body["status"] == "requires_capture"


def test_a_key_stores_declines_and_refusals_but_not_what_never_began(api: Api) -> None:
    declined = api.intent(payment_method="pm_card_chargeDeclined")
    held = api.confirmed()

    assert [api.post(f"/v1/payment_intents/{declined}/confirm", key="d").replayed for _ in range(2)] == [False, True]
    assert [api.post(f"/v1/payment_intents/{held}/confirm", key="s").replayed for _ in range(2)] == [False, True]
    assert api.post("/v1/payment_intents", key="v", **{**INTENT, "amount": "x"}).status == 400
    assert api.post("/v1/payment_intents", key="v", **INTENT).status == 200


def test_a_key_is_forgotten_after_a_day(api: Api) -> None:
    first = api.post("/v1/payment_intents", key="k1", **INTENT).body["id"]

    api.now += 24 * HOUR - 1
    assert api.post("/v1/payment_intents", key="k1", **INTENT).body["id"] == first
    api.now += 1
    assert api.post("/v1/payment_intents", key="k1", **INTENT).body["id"] != first


def test_an_open_request_holds_its_key_and_its_intent_until_its_caller_leaves(api: Api) -> None:
    name = api.intent(payment_method="pm_sandbox_hang")
    path = f"/v1/payment_intents/{name}/confirm"
    head = (
        f"POST {path} HTTP/1.1\r\nAuthorization: Bearer sk_test_a\r\nIdempotency-Key: k1\r\nContent-Length: 0\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2]))) as hanging:
        hanging.sendall(head.encode())
        api.pool.clear()  # a new connection is read after the bytes that came before it
        same_key, other_key = api.post(path, key="k1"), api.post(path, key="k2")
    api.pool.clear()

    assert (same_key.status, same_key.error["code"]) == (409, "idempotency_key_in_use")
    assert (other_key.status, other_key.error["code"]) == (429, "lock_timeout")
    assert api.post(f"/v1/payment_intents/{name}/cancel").body["status"] == "canceled"
    assert api.post(path, key="k1").error["code"] == "payment_intent_unexpected_state"
    assert api.ledger() == [("void", 0)]
