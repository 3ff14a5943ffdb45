"""The payments sandbox as a caller of the Stripe API sees it: keys, cards, errors, lists, faults, books that last."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3

from local.payments_sandbox.api import Sandbox
from local.payments_sandbox.books import Books, Intent
from local.payments_sandbox.server import running

HOUR = 3600
INTENT = {"amount": "5000", "currency": "usd", "capture_method": "manual", "payment_method": "pm_card_visa"}


@dataclass
class Api:
    """A caller with a test key."""

    url: str
    now: float = 1_800_000_000.0
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": "Bearer sk_test_unit"})

    def call(self, method: str, path: str, body: str | None = None, key: str | None = None) -> Reply:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        answer = self.pool.request(method, self.url + path, body=body, headers=headers)
        return Reply(answer.status, answer.json(), answer.headers)

    def get(self, path: str) -> Reply:
        return self.call("GET", path)

    def post(self, path: str, key: str | None = None, **params: str) -> Reply:
        return self.call("POST", path, urlencode(params), key)

    def intent(self, **params: str) -> str:
        return str(self.post("/v1/payment_intents", **{**INTENT, **params}).body["id"])

    def confirmed(self, **params: str) -> str:
        name = self.intent(**params)
        assert self.post(f"/v1/payment_intents/{name}/confirm").status == 200
        return name

    def arm(self, **fault: Any) -> Reply:
        return self.call("POST", "/_sandbox/next", json.dumps(fault))

    def ledger(self) -> list[tuple[str, int]]:
        return [(entry["kind"], entry["amount"]) for entry in self.get("/_sandbox/ledger").body["entries"]]


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Any

    @property
    def error(self) -> Any:
        return self.body["error"]

    @property
    def replayed(self) -> bool:
        return "Idempotent-Replayed" in self.headers


@pytest.fixture
def api() -> Iterator[Api]:
    caller = Api("")
    with running(clock=lambda: caller.now) as sandbox:
        caller.url = sandbox.url
        yield caller
        caller.pool.clear()


# --- Idempotency keys -----------------------------------------------------------------------------


def test_a_key_replays_status_and_body(api: Api) -> None:
    first = api.post("/v1/payment_intents", key="k1", **INTENT)
    second = api.post("/v1/payment_intents", key="k1", **dict(reversed(INTENT.items())))

    assert (first.status, first.replayed) == (200, False)
    assert (second.status, second.body, second.replayed) == (200, first.body, True)
    assert len(api.get("/v1/payment_intents").body["data"]) == 1


def test_a_key_replays_what_was_not_what_is(api: Api) -> None:
    name = api.post("/v1/payment_intents", key="k1", **INTENT).body["id"]
    api.post(f"/v1/payment_intents/{name}/confirm")

    assert api.post("/v1/payment_intents", key="k1", **INTENT).body["status"] == "requires_confirmation"
    assert api.get(f"/v1/payment_intents/{name}").body["status"] == "requires_capture"


@pytest.mark.parametrize("change", [{"amount": "5001"}, {"metadata[order_id]": "x"}])
def test_a_key_is_of_one_set_of_parameters(api: Api, change: dict[str, str]) -> None:
    api.post("/v1/payment_intents", key="k1", **INTENT)

    other = api.post("/v1/payment_intents", key="k1", **{**INTENT, **change})

    assert (other.status, other.error["type"]) == (400, "idempotency_error")


def test_a_key_is_of_one_endpoint(api: Api) -> None:
    name = api.intent()
    api.post(f"/v1/payment_intents/{name}/confirm", key="k1")

    other = api.post(f"/v1/payment_intents/{name}/cancel", key="k1")

    assert (other.status, other.error["type"]) == (400, "idempotency_error")
    assert api.get(f"/v1/payment_intents/{name}").body["status"] == "requires_capture"


def test_a_key_keeps_declines_and_refusals_but_not_what_never_began(api: Api) -> None:
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


# --- Who calls, and what they ask -----------------------------------------------------------------


@pytest.mark.parametrize("authorization", ["", "Bearer sk_live_1", "Bearer pk_test_1", "Basic eA==", "Basic %"])
def test_no_test_key_no_answer(api: Api, authorization: str) -> None:
    api.headers = {"Authorization": authorization}

    assert api.post("/v1/payment_intents", **INTENT).status == 401


def test_basic_authentication_will_do(api: Api) -> None:
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
        ({"metadata": "flat"}, None, "metadata"),
        ({"metadata[a][b]": "deep"}, None, "metadata"),
        ({"metadata[a]": "1", "metadata[]": "2"}, None, "metadata"),
    ],
)
def test_what_can_not_be_taken_is_named(api: Api, change: dict[str, str], code: str | None, param: str) -> None:
    reply = api.post("/v1/payment_intents", **{**INTENT, **change})

    assert (reply.status, reply.error["type"]) == (400, "invalid_request_error")
    assert (reply.error.get("code"), reply.error["param"]) == (code, param)
    assert api.get("/v1/payment_intents").body["data"] == []


@pytest.mark.parametrize("missing", ["amount", "currency"])
def test_what_is_missing_is_named(api: Api, missing: str) -> None:
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
def test_what_is_not_there_is_not_found(api: Api, method: str, path: str) -> None:
    reply = api.call(method, path)

    assert (reply.status, reply.error["type"]) == (404, "invalid_request_error")


def test_a_body_of_two_megabytes_is_cut_off(api: Api) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.post("/v1/payment_intents", **INTENT, statement="x" * 2_000_000)

    assert api.get("/health").body == {"status": "ok"}


# --- Cards ----------------------------------------------------------------------------------------


def test_a_confirmed_intent_shows_its_charge_when_asked(api: Api) -> None:
    name = api.intent(payment_method="pm_card_mastercard")
    intent = api.call("POST", f"/v1/payment_intents/{name}/confirm", "expand[]=latest_charge").body

    assert (intent["status"], intent["amount_capturable"]) == ("requires_capture", 5000)
    charge = intent["latest_charge"]
    assert charge["payment_method_details"]["card"]["brand"] == "mastercard"
    assert (charge["status"], charge["captured"], charge["outcome"]["risk_level"]) == ("succeeded", False, "normal")
    assert api.get(f"/v1/charges/{charge['id']}").body == charge
    assert api.get(f"/v1/payment_intents/{name}").body["latest_charge"] == charge["id"]


def test_a_risky_card_is_put_up_for_review(api: Api) -> None:
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
def test_a_declined_card_says_why_and_another_card_can_be_tried(
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


def test_the_card_that_errs_holds_nothing(api: Api) -> None:
    name = api.intent(payment_method="pm_sandbox_error")

    replies = [api.post(f"/v1/payment_intents/{name}/confirm", key="k1") for _ in range(2)]

    assert [(reply.status, reply.replayed) for reply in replies] == [(500, False), (500, True)]
    assert replies[0].error["type"] == "api_error"
    assert api.ledger() == []


# --- Captures, cancels, refunds -------------------------------------------------------------------


def test_a_capture_of_a_part_gives_the_rest_back(api: Api) -> None:
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


def test_a_refund_without_an_amount_is_of_all_that_is_left(api: Api) -> None:
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


# --- Faults on demand -----------------------------------------------------------------------------


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


def test_a_fault_hits_as_often_as_was_said_and_can_be_disarmed(api: Api) -> None:
    api.arm(fault="error_500", operation="*", count=2)

    assert [api.post("/v1/payment_intents", **INTENT).status for _ in range(3)] == [500, 500, 200]
    api.arm(fault="error_500", count=9)
    assert api.call("DELETE", "/_sandbox/next").body == {"armed": []}
    assert api.post("/v1/payment_intents", **INTENT).status == 200


def test_an_error_on_demand_is_kept_under_its_key_and_does_nothing(api: Api) -> None:
    name = api.intent()
    api.arm(fault="error_500", operation="confirm")

    replies = [api.post(f"/v1/payment_intents/{name}/confirm", key="k1") for _ in range(2)]

    assert [(reply.status, reply.replayed) for reply in replies] == [(500, False), (500, True)]
    assert api.ledger() == []


def test_a_decline_on_demand_waits_for_a_confirm(api: Api) -> None:
    api.arm(fault="decline")
    name = api.intent()

    assert api.post(f"/v1/payment_intents/{name}/confirm").error["decline_code"] == "generic_decline"
    assert api.ledger() == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
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
def test_what_can_not_be_armed_is_refused(api: Api, body: bytes) -> None:
    assert api.call("POST", "/_sandbox/next", body.decode()).status == 400
    assert api.get("/_sandbox/next").body == {"armed": []}


# --- Books ----------------------------------------------------------------------------------------


def test_the_ledger_names_orders_and_effects_and_is_paged(api: Api) -> None:
    tags = {"metadata[order_id]": "ord_1", "metadata[effect_id]": "ord_1:authorize"}
    name = api.confirmed(**tags)
    api.post(f"/v1/payment_intents/{name}/capture", amount_to_capture="4000")
    api.post("/v1/refunds", payment_intent=name, amount="1", **{"metadata[effect_id]": "rma_1:refund"})

    first = api.get("/_sandbox/ledger?limit=2").body
    rest = api.get(f"/_sandbox/ledger?limit=2&after={first['next']}").body

    entries = first["entries"] + rest["entries"]
    assert rest["next"] is None
    assert [entry["kind"] for entry in entries] == ["hold", "capture", "refund"]
    assert {(entry["order_id"], entry["payment_intent"], entry["currency"]) for entry in entries} == {
        ("ord_1", name, "usd")
    }
    assert [entry["effect_id"] for entry in entries] == ["ord_1:authorize", None, "rma_1:refund"]
    assert api.get("/_sandbox/ledger?limit=0").status == 400


SOUND = Intent("pi_1", 0, 100, "usd", None, {}, authorized=100, captured=60, refunded=60)


@pytest.mark.parametrize("unsound", [{"authorized": 99}, {"captured": 101}, {"captured": 59}, {"refunded": -1}])
def test_the_books_take_no_unsound_intent(unsound: dict[str, Any]) -> None:
    books = Books(":memory:", lambda: 0)
    books.write(SOUND)

    with pytest.raises(sqlite3.IntegrityError):
        books.write(replace(SOUND, **unsound))

    assert books.intent("pi_1") == SOUND
    books.close()


class TornBooks(Books):
    """Books that fail in the middle of a hold."""

    def enter(self, kind: str, intent: Intent, amount: int, effect_id: str | None = None) -> None:
        raise sqlite3.OperationalError("the disk is full")


def test_a_call_that_fails_midway_leaves_nothing_behind() -> None:
    books = TornBooks(":memory:", lambda: 0)
    books.write(Intent("pi_1", 0, 5000, "usd", "pm_card_visa", {}))
    headers = {"authorization": "Bearer sk_test_1", "idempotency-key": "k1"}

    with pytest.raises(sqlite3.OperationalError):
        Sandbox(books).handle("POST", "/v1/payment_intents/pi_1/confirm", headers, b"")

    assert books.intent("pi_1") == Intent("pi_1", 0, 5000, "usd", "pm_card_visa", {})
    assert books.kept_answer("k1", since=-1) is None
    books.close()


# --- As a process ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Child:
    process: subprocess.Popen[str]
    api: Api

    def end(self, number: signal.Signals) -> int:
        self.api.pool.clear()
        self.process.send_signal(number)
        self.process.communicate()
        return self.process.returncode


def start(store: Path) -> Child:
    command = [sys.executable, "-m", "local.payments_sandbox", "--port", "0", "--store", str(store)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return Child(process, Api(process.stdout.readline().split()[-1]))


def test_what_was_answered_outlives_a_sigkill(tmp_path: Path) -> None:
    child = start(tmp_path / "deep" / "payments.sqlite")
    name = child.api.post("/v1/payment_intents", key="k1", **INTENT).body["id"]
    child.api.post(f"/v1/payment_intents/{name}/confirm", key="k2")
    assert child.end(signal.SIGKILL) == -signal.SIGKILL

    child = start(tmp_path / "deep" / "payments.sqlite")
    replies = [
        child.api.post("/v1/payment_intents", key="k1", **INTENT),
        child.api.post(f"/v1/payment_intents/{name}/confirm", key="k2"),
    ]
    ledger = child.api.ledger()
    assert child.end(signal.SIGTERM) == 0

    assert [(reply.body["id"], reply.replayed) for reply in replies] == [(name, True), (name, True)]
    assert ledger == [("hold", 5000)]


def test_two_processes_do_not_share_a_store(tmp_path: Path) -> None:
    books = Books(str(tmp_path / "p"), lambda: 0)
    command = [sys.executable, "-m", "local.payments_sandbox", "--port", "0", "--store", str(tmp_path / "p")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    books.close()

    assert (ended.returncode, ended.stderr) == (1, f"payments sandbox: {tmp_path / 'p'}: database is locked\n")


def test_a_taken_port_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "local.payments_sandbox", "--port", str(port), "--store", str(tmp_path / "p")]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert not (tmp_path / "p").exists()
    assert ended.stderr == f"payments sandbox: port {port}: Address already in use\n"
