"""Fault injection."""

from __future__ import annotations

import pytest
import urllib3

from tests.unit.payments_sandbox.caller import INTENT, Api


@pytest.mark.parametrize(("fault", "entries"), [("timeout_before", []), ("timeout_after", [("hold", 5000)])])
def test_a_call_can_time_out_before_or_after_its_effect(api: Api, fault: str, entries: list[tuple[str, int]]) -> None:
    name = api.intent()
    armed = api.arm(fault=fault, operation="confirm")
    api.get(f"/v1/payment_intents/{name}")  # another operation doesn't use it up

    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.post(f"/v1/payment_intents/{name}/confirm", key="k1")

    assert armed.body == {"armed": [{"fault": fault, "operation": "confirm", "count": 1, "seconds": 0}]}
    assert api.ledger() == entries
    again = api.post(f"/v1/payment_intents/{name}/confirm", key="k1")
    assert (again.status, again.replayed) == (200, bool(entries))


def test_a_fault_hits_count_times_and_can_be_disarmed(api: Api) -> None:
    api.arm(fault="error_500", operation="*", count=2)

    assert [api.post("/v1/payment_intents", **INTENT).status for _ in range(3)] == [500, 500, 200]
    api.arm(fault="error_500", count=9)
    assert api.call("DELETE", "/_sandbox/next").body == {"armed": []}
    assert api.post("/v1/payment_intents", **INTENT).status == 200


def test_an_injected_error_is_stored_under_its_key_and_has_no_effect(api: Api) -> None:
    name = api.intent()
    api.arm(fault="error_500", operation="confirm")

    replies = [api.post(f"/v1/payment_intents/{name}/confirm", key="k1") for _ in range(2)]

    assert [(reply.status, reply.replayed) for reply in replies] == [(500, False), (500, True)]
    assert api.ledger() == []


def test_an_injected_decline_waits_for_a_confirm(api: Api) -> None:
    api.arm(fault="decline")
    name = api.intent()

    assert api.post(f"/v1/payment_intents/{name}/confirm").error["decline_code"] == "generic_decline"
    assert api.ledger() == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"[" * 100_000,
        b"{}",
        b'{"fault": "rain"}',
        b'{"fault": "decline", "operation": "refund"}',
        b'{"fault": "error_500", "operation": "fly"}',
        b'{"fault": "error_500", "count": 0}',
        b'{"fault": "error_500", "count": true}',
        b'{"fault": "timeout_after", "seconds": -1}',
        b'{"fault": "timeout_after", "when": "now"}',
    ],
)
def test_an_invalid_fault_is_refused(api: Api, body: bytes) -> None:
    assert api.call("POST", "/_sandbox/next", body.decode()).status == 400
    assert api.get("/_sandbox/next").body == {"armed": []}
