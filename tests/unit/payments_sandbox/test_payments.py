"""Payments: cards, captures, cancels, refunds, and their lists."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.unit.payments_sandbox.caller import Api


def test_a_confirmed_intent_shows_its_charge_when_asked(api: Api) -> None:
    name = api.intent(payment_method="pm_card_mastercard")
    intent = api.call("POST", f"/v1/payment_intents/{name}/confirm", "expand[]=latest_charge").body

    assert (intent["status"], intent["amount_capturable"]) == ("requires_capture", 5000)
    charge = intent["latest_charge"]
    assert charge["payment_method_details"]["card"]["brand"] == "mastercard"
    assert (charge["status"], charge["captured"], charge["outcome"]["risk_level"]) == ("succeeded", False, "normal")
    assert api.get(f"/v1/charges/{charge['id']}").body == charge
    assert api.get(f"/v1/payment_intents/{name}").body["latest_charge"] == charge["id"]


def test_a_risky_card_gets_a_review(api: Api) -> None:
    name = api.confirmed(payment_method="pm_card_riskLevelElevated")

    outcome = api.get(f"/v1/payment_intents/{name}?expand[]=latest_charge").body["latest_charge"]["outcome"]

    assert (outcome["risk_level"], outcome["type"]) == ("elevated", "manual_review")


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
    ],
)
def test_a_declined_card_has_its_code_and_another_card_can_be_tried(
    api: Api, card: str, code: str, decline_code: str
) -> None:
    name = api.intent(payment_method=card)

    reply = api.post(f"/v1/payment_intents/{name}/confirm")

    assert (reply.status, reply.error["type"]) == (402, "card_error")
    assert (reply.error["code"], reply.error["decline_code"]) == (code, decline_code)
    assert reply.error["payment_intent"]["status"] == "requires_payment_method"
    assert api.get(f"/v1/payment_intents/{name}").body["last_payment_error"]["decline_code"] == decline_code
    bare = api.post(f"/v1/payment_intents/{name}/confirm")
    assert (bare.status, bare.error["code"]) == (400, "payment_intent_unexpected_state")
    other = api.post(f"/v1/payment_intents/{name}/confirm", payment_method="pm_card_visa")
    assert (other.status, other.body["last_payment_error"]) == (200, None)


def test_the_error_card_authorizes_nothing(api: Api) -> None:
    name = api.intent(payment_method="pm_sandbox_error")

    replies = [api.post(f"/v1/payment_intents/{name}/confirm", key="k1") for _ in range(2)]

    assert [(reply.status, reply.replayed) for reply in replies] == [(500, False), (500, True)]
    assert replies[0].error["type"] == "api_error"
    assert api.ledger() == []


def test_a_partial_capture_releases_the_rest(api: Api) -> None:
    name = api.confirmed()

    intent = api.call(
        "POST", f"/v1/payment_intents/{name}/capture", "amount_to_capture=3000&expand[]=latest_charge"
    ).body

    assert (intent["status"], intent["amount_received"], intent["amount_capturable"]) == ("succeeded", 3000, 0)
    charge = intent["latest_charge"]
    assert (charge["amount_captured"], charge["amount_refunded"], charge["captured"]) == (3000, 2000, True)
    assert api.ledger() == [("hold", 5000), ("capture", 3000)]


@pytest.mark.parametrize("verb", ["confirm", "capture", "cancel"])
def test_a_canceled_intent_takes_no_verb_any_more(api: Api, verb: str) -> None:
    name = api.confirmed()
    api.post(f"/v1/payment_intents/{name}/cancel")

    reply = api.post(f"/v1/payment_intents/{name}/{verb}")

    assert (reply.status, reply.error["code"]) == (400, "payment_intent_unexpected_state")
    assert reply.error["payment_intent"]["status"] == "canceled"
    assert api.ledger() == [("hold", 5000), ("void", 5000)]


def test_a_refund_without_an_amount_is_of_the_rest(api: Api) -> None:
    name = api.confirmed()
    api.post(f"/v1/payment_intents/{name}/capture")
    api.post("/v1/refunds", payment_intent=name, amount="1200")

    refund = api.post("/v1/refunds", payment_intent=name).body
    third = api.post("/v1/refunds", payment_intent=name)

    assert (refund["amount"], refund["status"]) == (3800, "succeeded")
    assert api.get(f"/v1/refunds/{refund['id']}").body == refund
    assert (third.status, third.error["code"]) == (400, "charge_already_refunded")
    assert api.ledger()[2:] == [("refund", 1200), ("refund", 3800)]


def test_lists_are_newest_first_and_paged(api: Api) -> None:
    names = [api.intent() for _ in range(5)]
    api.post(f"/v1/payment_intents/{names[0]}/confirm")  # an update doesn't move it

    first = api.get("/v1/payment_intents?limit=3").body
    rest = api.get(f"/v1/payment_intents?limit=3&starting_after={first['data'][-1]['id']}").body

    assert [each["id"] for each in first["data"] + rest["data"]] == names[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)


def test_refunds_are_listed_by_their_intent(api: Api) -> None:
    first, second = api.confirmed(), api.confirmed()
    for name in (first, second):
        api.post(f"/v1/payment_intents/{name}/capture")
    mine = [api.post("/v1/refunds", payment_intent=first, amount=str(amount)).body["id"] for amount in (10, 20, 30)]
    api.post("/v1/refunds", payment_intent=second, amount="40")

    page = api.get(f"/v1/refunds?payment_intent={first}&limit=2").body
    rest = api.get(f"/v1/refunds?payment_intent={first}&limit=2&starting_after={page['data'][-1]['id']}").body

    assert [each["id"] for each in page["data"] + rest["data"]] == mine[::-1]
    assert api.get("/v1/refunds?limit=100").body["data"][0]["amount"] == 40


def test_a_search_lags_as_stripe_s_does(api: Api) -> None:
    name = api.intent(**{"metadata[effect_id]": "ord_1:authorize"})
    api.intent(**{"metadata[effect_id]": "ord_2:authorize"})
    query = "/v1/payment_intents/search?" + urlencode({"query": 'metadata["effect_id"]:"ord_1:authorize"'})

    assert api.get(query).body["data"] == []
    api.now += 61
    assert [each["id"] for each in api.get(query).body["data"]] == [name]
    assert api.get("/v1/payment_intents/search?query=status:x").status == 400
