"""The task functions' process: it answers calls on its sockets, and its exit is reported."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from asl.language.errors import StatesError
from local.aws.function_process import FunctionProcess


class Ending(threading.Event):
    """Set when the process has ended by itself."""


@pytest.fixture
def ended() -> Ending:
    return Ending()


@pytest.fixture
def workers(ended: Ending) -> Iterator[FunctionProcess]:
    workers = FunctionProcess(4, ended.set)
    yield workers
    workers.process.kill()
    workers.process.wait()


def test_an_exception_of_a_function_is_a_failed_payload(workers: FunctionProcess) -> None:
    reply = workers.invoke("arn:aws:lambda:us-east-1:000000000000:function:ReserveInventory", '{"order_id": 7}')

    error = json.loads(reply.payload)
    assert (reply.failed, error["errorType"]) == (True, "InvalidCommand")
    assert "ReserveInventory at $.order_id" in error["errorMessage"]


def test_an_unknown_function_is_an_error_of_the_task(workers: FunctionProcess) -> None:
    with pytest.raises(StatesError, match=r"Function not found: .*:NoSuchFunction") as caught:
        workers.invoke("NoSuchFunction", "{}")
    assert caught.value.error == "Lambda.ResourceNotFoundException"


def test_concurrent_calls_get_their_own_answers(workers: FunctionProcess) -> None:
    def ask(number: int) -> str:
        return str(json.loads(workers.invoke("ConfirmOrder", json.dumps({"order_id": number})).payload)["errorMessage"])

    with ThreadPoolExecutor(4) as callers:
        messages = list(callers.map(ask, range(40)))

    assert [f"{number} is not of type 'string'" in each for number, each in enumerate(messages)] == [True] * 40


def test_its_death_is_reported_and_calls_stay_unanswered(workers: FunctionProcess, ended: Ending) -> None:
    workers.invoke("ConfirmOrder", "{}")
    answered = Ending()

    def ask() -> None:
        workers.invoke("ConfirmOrder", "{}")
        answered.set()

    workers.process.kill()
    assert ended.wait(10)
    threading.Thread(target=ask, daemon=True).start()
    assert not answered.wait(0.1)
