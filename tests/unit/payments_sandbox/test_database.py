"""The database: its ledger, the rows that it refuses, and what survives the process."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.sandboxes.payments.api import PaymentsSandbox
from local.sandboxes.payments.database import Intent, PaymentsDatabase
from tests.unit.payments_sandbox.caller import INTENT, Api


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


CONSISTENT = Intent("pi_1", 0, 100, "usd", None, {}, authorized=100, captured=60, refunded=60)


@pytest.mark.parametrize("change", [{"authorized": 99}, {"captured": 101}, {"captured": 59}, {"refunded": -1}])
def test_an_inconsistent_intent_is_refused(change: dict[str, Any]) -> None:
    database = PaymentsDatabase(":memory:", lambda: 0)
    database.write(CONSISTENT)

    with pytest.raises(sqlite3.IntegrityError):
        database.write(replace(CONSISTENT, **change))

    assert database.intent("pi_1") == CONSISTENT
    database.close()


class FailingDatabase(PaymentsDatabase):
    """A database that fails in the middle of an authorization."""

    def add_entry(self, kind: str, intent: Intent, amount: int, effect_id: str | None = None) -> None:
        raise sqlite3.OperationalError("the disk is full")


def test_a_request_that_fails_midway_leaves_nothing_behind() -> None:
    database = FailingDatabase(":memory:", lambda: 0)
    database.write(Intent("pi_1", 0, 5000, "usd", "pm_card_visa", {}))
    headers = {"authorization": "Bearer sk_test_1", "idempotency-key": "k1"}

    with pytest.raises(sqlite3.OperationalError):
        PaymentsSandbox(database).handle("POST", "/v1/payment_intents/pi_1/confirm", headers, b"")

    assert database.intent("pi_1") == Intent("pi_1", 0, 5000, "usd", "pm_card_visa", {})
    assert database.stored_response("k1", since=-1) is None
    database.close()


@dataclass(frozen=True)
class SandboxProcess:
    process: subprocess.Popen[str]
    api: Api

    def end(self, number: signal.Signals) -> int:
        self.api.pool.clear()
        self.process.send_signal(number)
        self.process.communicate()
        return self.process.returncode


def start(store: Path) -> SandboxProcess:
    command = [sys.executable, "-m", "local.sandboxes.payments", "--port", "0", "--store", str(store)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return SandboxProcess(process, Api(process.stdout.readline().split()[-1]))


def test_answered_requests_survive_a_sigkill(tmp_path: Path) -> None:
    process = start(tmp_path / "deep" / "payments.sqlite")
    name = process.api.post("/v1/payment_intents", key="k1", **INTENT).body["id"]
    process.api.post(f"/v1/payment_intents/{name}/confirm", key="k2")
    assert process.end(signal.SIGKILL) == -signal.SIGKILL

    process = start(tmp_path / "deep" / "payments.sqlite")
    replies = [
        process.api.post("/v1/payment_intents", key="k1", **INTENT),
        process.api.post(f"/v1/payment_intents/{name}/confirm", key="k2"),
    ]
    ledger = process.api.ledger()
    assert process.end(signal.SIGTERM) == 0

    assert [(reply.body["id"], reply.replayed) for reply in replies] == [(name, True), (name, True)]
    assert ledger == [("hold", 5000)]


def test_two_processes_do_not_share_a_store(tmp_path: Path) -> None:
    database = PaymentsDatabase(str(tmp_path / "p"), lambda: 0)
    command = [sys.executable, "-m", "local.sandboxes.payments", "--port", "0", "--store", str(tmp_path / "p")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    database.close()

    assert (ended.returncode, ended.stderr) == (1, f"payments sandbox: {tmp_path / 'p'}: database is locked\n")


def test_a_taken_port_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "local.sandboxes.payments",
            "--port",
            str(port),
            "--store",
            str(tmp_path / "p"),
        ]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert not (tmp_path / "p").exists()
    assert ended.stderr == f"payments sandbox: port {port}: Address already in use\n"
