"""Authentication, and invalid requests."""

from __future__ import annotations

import pytest
import urllib3

from tests.unit.payments_sandbox.caller import INTENT, Api


@pytest.mark.parametrize("authorization", ["", "Bearer sk_live_1", "Bearer pk_test_1", "Basic eA==", "Basic %"])
def test_a_request_without_a_test_key_is_refused(api: Api, authorization: str) -> None:
    api.headers = {"Authorization": authorization}

    assert api.post("/v1/payment_intents", **INTENT).status == 401


def test_basic_authentication_is_accepted(api: Api) -> None:
    api.headers = urllib3.make_headers(basic_auth="sk_test_1:")

    assert api.post("/v1/payment_intents", **INTENT).status == 200


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"amount": "49"}, "amount_too_small", "amount"),
        ({"amount": "100000000"}, "amount_too_large", "amount"),
        ({"amount": "1.5"}, "parameter_invalid_integer", "amount"),
        ({"amount": "-5000"}, "parameter_invalid_integer", "amount"),
        ({"amount": "0"}, "parameter_invalid_integer", "amount"),
        ({"currency": "zzz"}, None, "currency"),
        ({"capture_method": "automatic"}, None, "capture_method"),
        ({"payment_method": "pm_made_up"}, "resource_missing", "payment_method"),
        ({"payment_method_types[]": "sepa_debit"}, None, "payment_method_types"),
        ({"confirm": "true"}, "parameter_unknown", "confirm"),
        ({"payment_method[]": "pm_card_visa"}, None, "payment_method"),
        ({"amount[usd]": "5000"}, None, "amount"),
        ({"metadata": "flat"}, None, "metadata"),
        ({"metadata[a][b]": "deep"}, None, "metadata"),
        ({"metadata[a]": "1", "metadata[]": "2"}, None, "metadata"),
    ],
)
def test_an_invalid_parameter_is_named(api: Api, change: dict[str, str], code: str | None, param: str) -> None:
    reply = api.post("/v1/payment_intents", **{**INTENT, **change})

    assert (reply.status, reply.error["type"]) == (400, "invalid_request_error")
    assert (reply.error.get("code"), reply.error["param"]) == (code, param)
    assert api.get("/v1/payment_intents").body["data"] == []


@pytest.mark.parametrize("query", ["payment_intents?starting_after[]=pi_1", "refunds?payment_intent[]=pi_1"])
def test_a_list_is_no_id(api: Api, query: str) -> None:
    assert api.get(f"/v1/{query}").error["type"] == "invalid_request_error"


def test_a_body_that_is_not_utf_8_is_refused(api: Api) -> None:
    answer = api.pool.request("POST", f"{api.url}/v1/payment_intents", body=b"amount=\xff", headers=api.headers)

    assert (answer.status, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("missing", ["amount", "currency"])
def test_a_missing_parameter_is_named(api: Api, missing: str) -> None:
    reply = api.post("/v1/payment_intents", **{name: value for name, value in INTENT.items() if name != missing})

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "parameter_missing", missing)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/payment_intents/pi_none"),
        ("POST", "/v1/payment_intents/pi_none/confirm"),
        ("GET", "/v1/charges/ch_none"),
        ("GET", "/v1/refunds/re_none"),
        ("GET", "/v1/customers"),
        ("POST", "/v1/payment_intents/pi_none/explode"),
        ("DELETE", "/v1/payment_intents/pi_none"),
        ("GET", "/elsewhere"),
    ],
)
def test_an_unknown_object_or_path_is_not_found(api: Api, method: str, path: str) -> None:
    reply = api.call(method, path)

    assert (reply.status, reply.error["type"]) == (404, "invalid_request_error")


def test_a_body_of_two_megabytes_is_cut_off(api: Api) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.post("/v1/payment_intents", **INTENT, statement="x" * 2_000_000)

    assert api.get("/health").body == {"status": "ok"}
