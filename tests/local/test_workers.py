"""The task functions' process: called by its sockets, gone with its caller, and missed when it dies."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from asl.language.errors import StatesError
from local.aws.function_process import Workers


class Ending(threading.Event):
    """When the process has ended by itself."""


@pytest.fixture
def ended() -> Ending:
    return Ending()


@pytest.fixture
def workers(ended: Ending) -> Iterator[Workers]:
    workers = Workers(4, ended.set)
    yield workers
    workers.process.kill()
    workers.process.wait()


def test_what_a_function_raises_is_a_failed_payload(workers: Workers) -> None:
    reply = workers.invoke("arn:aws:lambda:us-east-1:000000000000:function:ReserveInventory", '{"order_id": 7}')

    told = json.loads(reply.payload)
    assert (reply.failed, told["errorType"]) == (True, "InvalidCommand")
    assert "ReserveInventory at $.order_id" in told["errorMessage"]


def test_a_function_that_is_not_there_is_an_error_of_the_task(workers: Workers) -> None:
    with pytest.raises(StatesError, match=r"Function not found: .*:NoSuchFunction") as caught:
        workers.invoke("NoSuchFunction", "{}")
    assert caught.value.error == "Lambda.ResourceNotFoundException"


def test_as_many_calls_as_it_has_sockets_are_answered_each_with_its_own(workers: Workers) -> None:
    def ask(number: int) -> str:
        return str(json.loads(workers.invoke("ConfirmOrder", json.dumps({"order_id": number})).payload)["errorMessage"])

    with ThreadPoolExecutor(4) as callers:
        said = list(callers.map(ask, range(40)))

    assert [f"{number} is not of type 'string'" in each for number, each in enumerate(said)] == [True] * 40


def test_it_is_missed_when_it_dies_and_answers_nothing_then(workers: Workers, ended: Ending) -> None:
    workers.invoke("ConfirmOrder", "{}")
    answered = Ending()

    def ask() -> None:
        workers.invoke("ConfirmOrder", "{}")
        answered.set()

    workers.process.kill()
    assert ended.wait(10)
    threading.Thread(target=ask, daemon=True).start()
    assert not answered.wait(0.1)
