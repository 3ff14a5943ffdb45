"""Retry: which errors, how often, after how long.

Page: concepts-error-handling.html ("Retrying after an error"); states-language.net, section "Retrying after error".
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from asl import NEVER, StatesError
from tests.asl.build import Busy, Declined, answering, load, seconds, task, types


def retrier(*errors: str, **fields: object) -> dict[str, object]:
    return {"ErrorEquals": list(errors or ["States.ALL"]), **fields}


def test_backs_off_exponentially_and_gives_up_after_three() -> None:
    machine = load(Work=task(Retry=[retrier()]))
    execution = machine.run(tasks={"Work": answering(Busy("busy"))})
    assert (execution.status, execution.error) == ("FAILED", "Busy")
    assert seconds(execution, "LambdaFunctionScheduled") == [0, 1, 3, 7]


def test_takes_the_first_answer_that_is_none_of_the_errors() -> None:
    machine = load(Work=task(Retry=[retrier("Busy", IntervalSeconds=10, BackoffRate=1)]))
    execution = machine.run(tasks={"Work": answering(Busy(), Busy(), {"done": True})})
    assert execution.output == {"done": True}
    assert seconds(execution, "LambdaFunctionSucceeded") == [20]


def test_the_longest_delay_is_bounded() -> None:
    machine = load(Work=task(Retry=[retrier(IntervalSeconds=5, MaxAttempts=4, MaxDelaySeconds=12)]))
    execution = machine.run(tasks={"Work": answering(Busy())})
    assert seconds(execution, "LambdaFunctionScheduled") == [0, 5, 15, 27, 39]


def test_every_retrier_counts_for_itself() -> None:
    machine = load(Work=task(Retry=[retrier("Busy", MaxAttempts=1), retrier("Declined", MaxAttempts=1)]))
    execution = machine.run(tasks={"Work": answering(Busy(), Declined(), Busy())})
    assert execution.error == "Busy"
    assert types(execution).count("LambdaFunctionScheduled") == 3


def test_the_first_retrier_that_matches_decides_even_when_it_is_spent() -> None:
    machine = load(Work=task(Retry=[retrier("Busy", MaxAttempts=0), retrier(MaxAttempts=5)]))
    execution = machine.run(tasks={"Work": answering(Busy())})
    assert types(execution).count("LambdaFunctionScheduled") == 1


def test_task_failed_is_every_error_but_a_timeout() -> None:
    machine = load(Work=task(TimeoutSeconds=5, Retry=[retrier("States.TaskFailed", MaxAttempts=1)]))
    failed = machine.run(tasks={"Work": answering(Busy(), {})})
    late = machine.run(tasks={"Work": answering(NEVER)})
    assert failed.status == "SUCCEEDED"
    assert (late.error, types(late).count("LambdaFunctionScheduled")) == ("States.Timeout", 1)


def test_a_broken_definition_is_never_retried() -> None:
    machine = load(Work=task(InputPath="$.missing", Retry=[retrier()]))
    execution = machine.run({}, tasks={"Work": answering({})})
    assert execution.error == "States.Runtime"
    assert types(execution) == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]


def test_full_jitter_stays_below_the_delay_and_comes_again_with_its_seed() -> None:
    machine = load(Work=task(Retry=[retrier(IntervalSeconds=8, MaxAttempts=6, BackoffRate=1, JitterStrategy="FULL")]))

    def delays(seed: int) -> list[float]:
        execution = machine.run(tasks={"Work": answering(Busy())}, seed=seed, name="same")
        at = seconds(execution, "LambdaFunctionScheduled")
        return [b - a for a, b in pairwise(at)]

    assert all(0 <= delay <= 8 for delay in delays(1))
    assert len(set(delays(1))) == 6
    assert delays(1) == delays(1) != delays(2)


def test_the_context_counts_the_retries() -> None:
    counts: list[int] = []
    machine = load(Work=task(Parameters={"n.$": "$$.State.RetryCount"}, Retry=[retrier(MaxAttempts=2)]))

    def work(payload: dict[str, int]) -> None:
        counts.append(payload["n"])
        raise Busy

    machine.run(tasks={"Work": work})
    assert counts == [0, 1, 2]


@pytest.mark.parametrize("name", ["States.Timeout", "States.HeartbeatTimeout"])
def test_a_missed_heartbeat_has_two_names(name: str) -> None:
    machine = load(Work=task(HeartbeatSeconds=5, TimeoutSeconds=60, Retry=[retrier(name, MaxAttempts=1)]))
    execution = machine.run(tasks={"Work": answering(NEVER, {"ok": 1})})
    assert execution.output == {"ok": 1}


def test_a_task_says_its_own_error_name() -> None:
    machine = load(Work=task(Retry=[retrier("Stock.Gone", MaxAttempts=1)]))
    execution = machine.run(tasks={"Work": answering(StatesError("Stock.Gone", "sold"), 7)})
    assert execution.output == 7
