"""Redrive: go on from what failed, keep what was done, count retries anew.

Page: redrive-executions.html ("Redrive behavior of individual states", "Retry behavior of redriven executions").
"""

from __future__ import annotations

from typing import Any

import pytest

from asl import Engine, Execution
from tests.asl.build import Busy, Declined, answering, callback, graph, load, passing, task, types


class Plant:
    """Counts what ran; a task fails as long as it is broken."""

    def __init__(self, *broken: str) -> None:
        self.broken = set(broken)
        self.ran: list[str] = []
        self.engine = Engine(tasks={name: self.task(name) for name in "ABCD"})

    def task(self, name: str) -> Any:
        def work(payload: Any) -> str:
            self.ran.append(name)
            if name in self.broken:
                raise Busy
            return name

        return work

    def run(self, fields: dict[str, Any] | None = None, /, **states: Any) -> Execution:
        execution = self.engine.start(load(fields, **states), {"n": 1})
        self.engine.run()
        return execution

    def redrive(self, execution: Execution) -> None:
        self.broken.clear()
        self.ran.clear()
        self.engine.redrive(execution)
        self.engine.run()


def test_goes_on_from_the_task_that_failed() -> None:
    plant = Plant("B")
    execution = plant.run(A=task("A", Next="B", ResultPath="$.a"), B=task("B", ResultPath="$.b"))
    arn, events = execution.arn, len(execution.history)
    plant.redrive(execution)
    assert plant.ran == ["B"]
    assert (execution.output, execution.arn) == ({"n": 1, "a": "A", "b": "B"}, arn)
    assert types(execution)[events:] == [
        "ExecutionRedriven", "LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded",
        "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert execution.history[events]["executionRedrivenEventDetails"] == {"redriveCount": 1}


def test_retries_are_counted_anew() -> None:
    plant = Plant("A")
    execution = plant.run(A=task("A", Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": 2}]))
    assert len(plant.ran) == 3
    plant.ran.clear()
    plant.engine.redrive(execution)
    plant.engine.run()
    assert len(plant.ran) == 3
    assert execution.redrive_count == 1


def test_only_the_branches_that_failed_run_again() -> None:
    plant = Plant("B")
    branches = [graph(First=task("A")), graph(Second=task("B", Next="Third"), Third=task("C"))]
    execution = plant.run(Both={"Type": "Parallel", "Branches": branches, "End": True})
    plant.redrive(execution)
    assert plant.ran == ["B", "C"]
    assert execution.output == ["A", "C"]


def test_only_the_iterations_that_failed_or_were_stopped_run_again() -> None:
    payloads: list[int] = []
    broken = [True]

    def work(n: int) -> int:
        payloads.append(n)
        if n == 1 and broken[0]:
            raise Declined
        return n * 10

    engine = Engine(tasks={"Work": work})
    each = {"Type": "Map", "ItemProcessor": graph(Work=task()), "MaxConcurrency": 1, "End": True}
    execution = engine.start(load(Each=each), [0, 1, 2])
    engine.run()
    broken[0] = False
    payloads.clear()
    engine.redrive(execution)
    engine.run()
    assert payloads == [1, 2]
    assert execution.output == [0, 10, 20]


def test_an_execution_that_was_stopped_waits_on_where_it_stood() -> None:
    engine = Engine()
    execution = engine.start(load(Wait={"Type": "Wait", "Seconds": 100, "Next": "End"}, End=passing()), {})
    engine.advance(40)
    engine.stop(execution, "Operator", "by hand")
    assert (execution.status, execution.error) == ("ABORTED", "Operator")
    engine.redrive(execution)
    engine.advance(59)
    assert execution.running
    engine.advance(1)
    assert execution.status == "SUCCEEDED"


def test_a_timed_out_execution_gets_its_time_again() -> None:
    plant = Plant()
    execution = plant.run({"TimeoutSeconds": 10}, Wait={"Type": "Wait", "Seconds": 15, "Next": "A"}, A=task("A"))
    assert execution.status == "TIMED_OUT"
    plant.redrive(execution)
    assert execution.status == "SUCCEEDED"
    assert plant.ran == ["A"]


def test_a_waiting_task_gets_a_new_token() -> None:
    tokens: list[str] = []
    engine = Engine(tasks={"Ask": lambda payload: tokens.append(payload["token"])})
    execution = engine.start(load(Ask=callback()), {})
    engine.run_due()
    engine.send_task_failure(tokens[0], "No")
    engine.redrive(execution)
    engine.run_due()
    engine.send_task_success(tokens[1], "yes")
    assert execution.output == "yes"
    assert tokens[0] != tokens[1]


def test_a_fail_state_fails_again() -> None:
    plant = Plant()
    execution = plant.run(Stop={"Type": "Fail", "Error": "Stop"})
    plant.redrive(execution)
    assert (execution.status, execution.error, execution.redrive_count) == ("FAILED", "Stop", 1)


def test_the_context_says_that_it_was_redriven() -> None:
    machine = load(Work=task(Parameters={"redrives.$": "$$.Execution.RedriveCount"}))
    engine = Engine(tasks={"Work": answering(Busy(), 1)})
    execution = engine.start(machine, {})
    engine.run()
    engine.redrive(execution)
    engine.run()
    scheduled = [event for event in execution.history if event["type"] == "LambdaFunctionScheduled"]
    assert [event["lambdaFunctionScheduledEventDetails"]["input"] for event in scheduled] == [
        '{"redrives":0}',
        '{"redrives":1}',
    ]


def test_what_succeeded_cannot_be_redriven() -> None:
    engine = Engine()
    execution = engine.start(load(Only=passing()), {})
    with pytest.raises(ValueError, match="cannot be redriven"):
        engine.redrive(execution)
