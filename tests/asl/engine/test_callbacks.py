"""Task tokens: a task waits until somebody answers the token.

Page: connect-to-resource.html ("Wait for a Callback with Task Token"); SendTaskSuccess, SendTaskFailure.
"""

from __future__ import annotations

from typing import Any

import pytest

import asl
from asl import Engine, Execution, TaskDoesNotExist
from tests.asl.build import Busy, answering, callback, load, passing, previous, types


class Desk:
    """An engine, an execution that asked for an answer, and the tokens it gave out."""

    def __init__(self, **fields: object) -> None:
        self.tokens: list[str] = []
        self.engine = Engine(tasks={"Ask": lambda payload: self.tokens.append(payload["token"])})
        self.execution: Execution = self.engine.start(load(Ask=callback(**fields)), {}, name="one")
        self.engine.run_due()


def test_success_gives_the_state_its_result() -> None:
    desk = Desk()
    desk.engine.send_task_success(desk.tokens[0], {"approved": True})
    assert desk.execution.output == {"approved": True}
    assert types(desk.execution)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert previous(desk.execution) == [0, 0, 2, 3, 4, 5, 6, 7]


def test_failure_fails_the_task() -> None:
    desk = Desk()
    desk.engine.send_task_failure(desk.tokens[0], "Refused", "too expensive")
    assert (desk.execution.error, desk.execution.cause) == ("Refused", "too expensive")


def test_a_token_is_answered_once() -> None:
    desk = Desk()
    desk.engine.send_task_success(desk.tokens[0], 1)
    with pytest.raises(TaskDoesNotExist):
        desk.engine.send_task_success(desk.tokens[0], 2)
    with pytest.raises(TaskDoesNotExist):
        desk.engine.send_task_heartbeat("no such token")
    assert desk.execution.output == 1


def test_an_answer_after_the_deadline_is_turned_away() -> None:
    desk = Desk(TimeoutSeconds=10)
    desk.engine.advance(11)
    with pytest.raises(TaskDoesNotExist):
        desk.engine.send_task_success(desk.tokens[0], 1)
    assert desk.execution.error == "States.Timeout"


def test_every_attempt_has_a_token_of_its_own() -> None:
    desk = Desk(Retry=[{"ErrorEquals": ["Refused"], "MaxAttempts": 1}])
    desk.engine.send_task_failure(desk.tokens[0], "Refused")
    desk.engine.advance(1)
    with pytest.raises(TaskDoesNotExist):
        desk.engine.send_task_success(desk.tokens[0], "old")
    desk.engine.send_task_success(desk.tokens[1], "new")
    assert desk.execution.output == "new"


def test_an_answer_from_inside_the_call_waits_for_the_call_to_return() -> None:
    engine = Engine(tasks={"Ask": lambda payload: engine.send_task_success(payload["token"], "early")})
    execution = engine.start(load(Ask=callback()), {})
    engine.run()
    assert execution.output == "early"
    assert types(execution)[4:6] == ["TaskSubmitted", "TaskSucceeded"]


def test_an_answer_is_not_lost_when_the_call_fails_after_it() -> None:
    def ask(payload: dict[str, str]) -> None:
        engine.send_task_success(payload["token"], "early")
        raise Busy

    engine = Engine(tasks={"Ask": ask})
    execution = engine.start(load(Ask=callback()), {})
    engine.run()
    assert execution.output == "early"


def test_an_answer_outlasts_the_deadline_of_a_call_that_never_returns() -> None:
    def ask(payload: dict[str, str]) -> Any:
        engine.send_task_success(payload["token"], "early")
        return asl.NEVER

    engine = Engine(tasks={"Ask": ask})
    execution = engine.start(load(Ask=callback(TimeoutSeconds=10)), {})
    engine.run()
    assert execution.output == "early"
    assert "TaskTimedOut" not in types(execution)


def test_a_failure_that_is_sent_before_the_call_returns_fails_the_task_after_it() -> None:
    engine = Engine(tasks={"Ask": lambda payload: engine.send_task_failure(payload["token"], "Refused", "no")})
    execution = engine.start(load(Ask=callback()), {})
    engine.run()
    assert (execution.error, execution.cause) == ("Refused", "no")
    assert types(execution)[4:6] == ["TaskSubmitted", "TaskFailed"]


def test_an_early_answer_is_the_only_one() -> None:
    def ask(payload: dict[str, str]) -> None:
        engine.send_task_success(payload["token"], "early")
        for answer_again in (engine.send_task_success, engine.send_task_failure):
            with pytest.raises(TaskDoesNotExist):
                answer_again(payload["token"], "late")
        with pytest.raises(TaskDoesNotExist):
            engine.send_task_heartbeat(payload["token"])

    engine = Engine(tasks={"Ask": ask})
    execution = engine.start(load(Ask=callback()), {})
    engine.run()
    assert execution.output == "early"


def test_a_failed_call_needs_no_answer() -> None:
    assert load(Ask=callback()).run(tasks={"Ask": answering(Busy())}).error == "Busy"


def test_a_stub_may_answer_the_token_itself() -> None:
    stub = asl.callback(asl.after(3600, {"yes": 1}))
    execution = load(Ask=callback(Next="End"), End=passing()).run(tasks={"Ask": lambda payload: stub})
    assert execution.output == {"yes": 1}
    assert execution.stopped_at == execution.started_at + 3600


def test_tokens_come_again_with_their_seed_and_nobody_elses() -> None:
    assert Desk().tokens == Desk().tokens
    engine = Engine(seed=1, tasks={"Ask": answering(None)})
    engine.start(load(Ask=callback()), {}, name="one")
    engine.run_due()
    assert list(engine.tokens) != Desk().tokens
