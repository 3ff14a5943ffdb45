"""Restart after a kill: a new server on the same file continues, and repeats no finished task."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from asl.engine.requests import TaskRequest
from tests.asl.serving import ROLE, advance, client, outcome, serving

HANDLERS = """
from pathlib import Path
from threading import Event

LOG = Path(__file__).with_name("calls")


def log(name):
    with LOG.open("a") as calls:
        calls.write(name + "\\n")


def first(event, context):
    log("first")
    return {"first": True}


def hang(event, context):
    log("hang")
    print("hanging", flush=True)
    Event().wait()


def ask(event, context):
    log("ask")
    print(event["token"], flush=True)


handlers = {"first": first, "hang": hang, "ask": ask}
"""
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
FIRST = {"Type": "Task", "Resource": f"{FUNCTION}first", "Next": "Then"}
HANG = {"Type": "Task", "Resource": f"{FUNCTION}hang", "End": True}
ASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
    "End": True,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(HANDLERS)
    return tmp_path


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().split()


class ServerProcess:
    """A process of `python -m asl serve`, and a client."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "asl", "serve", "--port", str(self.port)]
        command += ["--store", str(folder / "store.db"), "--handlers", "shop:handlers"]
        environment = {"PYTHONPATH": f"{Path.cwd()}:{folder}", "PATH": "/usr/bin"}
        self.popen = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.sfn = client(self.port)

    def line(self) -> str:
        assert self.popen.stdout is not None
        return self.popen.stdout.readline().strip()


@contextmanager
def killed_afterwards(folder: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(folder)
    try:
        assert process.line().startswith("Step Functions on")
        yield process
    finally:
        process.popen.kill()
        process.popen.communicate()
        process.sfn.close()


def test_ctrl_c_stops_the_server_without_a_traceback(folder: Path) -> None:
    with killed_afterwards(folder) as process:
        process.popen.send_signal(signal.SIGINT)

        _, stderr = process.popen.communicate(timeout=30)
        assert (process.popen.returncode, stderr) == (0, "")


def start(sfn: Any, *states: dict[str, Any]) -> str:
    names = ["First", "Then"]
    definition = {"StartAt": names[-len(states)], "States": dict(zip(names[-len(states) :], states, strict=True))}
    machine = sfn.create_state_machine(name="machine", definition=json.dumps(definition), roleArn=ROLE)
    arn: str = sfn.start_execution(stateMachineArn=machine["stateMachineArn"], name="it")["executionArn"]
    return arn


@pytest.fixture
def resumed(folder: Path) -> Any:
    """A server in this process on the killed server's file. Its tasks only log that they ran."""

    def again(request: TaskRequest) -> Any:
        with (folder / "calls").open("a") as log:
            log.write(f"again-{request.resource.rpartition(':')[2]}\n")
        return {"again": request.payload}

    return serving(str(folder / "store.db"), again)


def test_a_task_in_flight_runs_again_and_a_finished_one_does_not(folder: Path, resumed: Any) -> None:
    with killed_afterwards(folder) as process:
        arn = start(process.sfn, FIRST, HANG)
        assert process.line() == "hanging"

    with resumed as sfn:
        ended = outcome(sfn, arn)

    assert calls(folder) == ["first", "hang", "again-hang"]
    assert ended["output"] == '{"again":{"first":true}}'


def test_a_task_token_stays_valid(folder: Path, resumed: Any) -> None:
    with killed_afterwards(folder) as process:
        arn = start(process.sfn, ASK)
        token = process.line()

    with resumed as sfn:
        sfn.send_task_success(taskToken=token, output='"still here"')
        ended = outcome(sfn, arn)

    assert ended["output"] == '"still here"'


def test_a_wait_and_the_moved_clock_survive(folder: Path, resumed: Any) -> None:
    with killed_afterwards(folder) as process:
        arn = start(process.sfn, {"Type": "Wait", "Seconds": 259_200, "End": True})
        process.sfn.port = process.port
        advance(process.sfn, 200_000)

    with resumed as sfn:
        before = sfn.describe_execution(executionArn=arn)["status"]
        advance(sfn, 59_201)
        ended = outcome(sfn, arn)

    assert (before, ended["status"]) == ("RUNNING", "SUCCEEDED")
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() == pytest.approx(259_200, abs=0.01)


def test_history_is_the_same_after_a_restart(folder: Path, resumed: Any) -> None:
    with killed_afterwards(folder) as process:
        arn = start(process.sfn, FIRST, HANG)
        assert process.line() == "hanging"
        process.sfn.stop_execution(executionArn=arn, error="Enough")
        before = process.sfn.get_execution_history(executionArn=arn)["events"]

    with resumed as sfn:
        assert sfn.get_execution_history(executionArn=arn)["events"] == before
    assert before[-1]["type"] == "ExecutionAborted"


def test_a_journal_that_an_earlier_version_wrote_is_read(folder: Path, resumed: Any) -> None:
    with killed_afterwards(folder) as process:
        arn = start(process.sfn, FIRST, HANG)
        assert process.line() == "hanging"
    with closing(sqlite3.connect(folder / "store.db")) as store, store:
        store.execute("UPDATE journal SET entry = replace(entry, '\"pending_id\":', '\"ticket\":')")
        assert "ticket" in store.execute("SELECT entry FROM journal").fetchone()[0]

    with resumed as sfn:
        assert outcome(sfn, arn)["output"] == '{"again":{"first":true}}'

    assert calls(folder) == ["first", "hang", "again-hang"]
