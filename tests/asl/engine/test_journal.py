"""The journal: an execution comes back from its start and the outcomes that reached it, and nothing is done twice.

Follows "Exactly-once workflow execution" of concepts-standard-vs-express.html.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import asl
from asl import Engine, Execution, VirtualClock, after
from tests.asl.build import Busy, callback, graph, load, passing, task

TRIES = {"try.$": "$$.State.RetryCount"}
RETRY = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 5, "JitterStrategy": "FULL"}]
SHIP = load(
    Reserve=task("Reserve", Parameters=TRIES, ResultPath="$.reserved", Retry=RETRY, Next="Both"),
    Both={
        "Type": "Parallel",
        "Branches": [
            graph(Pack=task("Pack", Next="Rest"), Rest={"Type": "Wait", "Seconds": 60, "End": True}),
            graph(Ask=callback(TimeoutSeconds=3600, ResultSelector={"id.$": "States.UUID()", "answer.$": "$"})),
        ],
        "ResultPath": "$.both",
        "Next": "Each",
    },
    Each={"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": graph(Label=task("Label")), "End": True},
)


class World:
    """Tasks that remember that they ran; it outlives the engine."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.tokens: list[str] = []
        self.journal: list[str] = []
        self.tasks: dict[str, Callable[[Any], Any]] = {
            name: self._task(name) for name in ("Reserve", "Pack", "Ask", "Label")
        }

    def _task(self, name: str) -> Callable[[Any], Any]:
        def work(payload: Any) -> Any:
            self.ran.append(name)
            if name == "Ask":
                self.tokens.append(payload["token"])
            if name == "Reserve" and payload.get("try", 2) < 2:
                raise Busy
            return after(1, name)

        return work

    def engine(self, start: float) -> Engine:
        return Engine(
            clock=VirtualClock(start),
            seed=7,
            tasks=self.tasks,
            journal=lambda entry: self.journal.append(json.dumps(entry)),
        )

    def answer(self, engine: Engine) -> None:
        """Answer every token that still waits, at 40 seconds."""

        def send() -> None:
            for token in set(self.tokens):
                with suppress(asl.TaskDoesNotExist):
                    engine.send_task_success(token, "go")

        engine.call_at(max(engine.now, 40), send)


def undisturbed() -> tuple[World, Execution]:
    world = World()
    engine = world.engine(0)
    execution = engine.start(SHIP, {"items": [1, 2]}, name="order")
    world.answer(engine)
    engine.run()
    return world, execution


def test_a_replay_of_the_journal_is_the_execution() -> None:
    world, execution = undisturbed()
    again = Engine(seed=7).resume(map(json.loads, world.journal), SHIP)
    assert again.status == "SUCCEEDED"
    assert again.history == execution.history
    assert again.output == execution.output


@pytest.mark.parametrize("steps", range(1, 22))
def test_killed_at_any_step_it_ends_the_same_and_repeats_no_finished_task(steps: int) -> None:
    whole, expected = undisturbed()
    world = World()
    engine = world.engine(0)
    engine.start(SHIP, {"items": [1, 2]}, name="order")
    world.answer(engine)
    for _ in range(steps):
        engine.step()
    entries = [json.loads(line) for line in world.journal]
    outcomes = [e for e in entries if e.get("kind") in ("succeeded", "failed", "submitted") and e["data"] != "go"]
    unfinished = len(world.ran) - len(outcomes)

    engine = world.engine(engine.now)
    execution = engine.resume(entries, SHIP)
    world.answer(engine)
    engine.run()

    assert execution.status == "SUCCEEDED"
    assert sorted(execution.path) == sorted(expected.path)
    assert len(world.ran) == len(whole.ran) + unfinished
    again = Engine(seed=7).resume(map(json.loads, world.journal), SHIP)
    assert again.history == execution.history


def test_an_answer_that_came_before_the_call_returned_survives_a_crash() -> None:
    journal: list[str] = []
    machine = load(Ask=callback(TimeoutSeconds=60))
    calls: list[str] = []

    def answer_and_crash(payload: dict[str, str]) -> Any:
        calls.append("answered")
        engine.send_task_success(payload["token"], "early")
        return asl.NEVER

    engine = Engine(seed=7, tasks={"Ask": answer_and_crash}, journal=lambda entry: journal.append(json.dumps(entry)))
    engine.start(machine, {}, name="order")
    engine.step()

    engine = Engine(clock=VirtualClock(engine.now), seed=7, tasks={"Ask": lambda payload: calls.append("again")})
    execution = engine.resume(map(json.loads, journal), machine)
    engine.run()

    assert execution.output == "early"
    assert calls == ["answered", "again"]


def test_a_callback_keeps_waiting_under_its_token() -> None:
    world = World()
    engine = world.engine(0)
    engine.start(load(Ask=callback()), {}, name="one")
    engine.run_due()
    engine.advance(2)
    engine = world.engine(engine.now)
    execution = engine.resume(map(json.loads, world.journal), load(Ask=callback()))
    engine.run_due()
    assert world.ran == ["Ask"]
    engine.send_task_success(world.tokens[0], "late")
    assert execution.output == "late"


def test_a_wait_keeps_its_moment() -> None:
    world = World()
    machine = load(Wait={"Type": "Wait", "Seconds": 1000, "Next": "End"}, End=passing())
    engine = world.engine(0)
    engine.start(machine, {}, name="one")
    engine = world.engine(400)
    execution = engine.resume(map(json.loads, world.journal), machine)
    engine.run()
    assert execution.stopped_at == 1000


def test_a_redrive_is_an_entry_of_the_journal() -> None:
    world = World()
    machine = load(Reserve=task("Reserve"))
    engine = world.engine(0)
    execution = engine.start(machine, {"try": 0}, name="one")
    engine.run()
    engine.redrive(execution)
    engine.run()
    again = Engine(seed=7).resume(map(json.loads, world.journal), machine)
    assert again.redrive_count == 1
    assert again.history == execution.history


def test_a_parent_that_waits_for_its_child_comes_back_with_it() -> None:
    child = asl.load({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 50, "End": True}}}, name="child")
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": child.arn, "Name": "c"},
        "OutputPath": "$.Status",
        "End": True,
    }
    parent = asl.load({"StartAt": "S", "States": {"S": start}}, name="parent")
    world = World()
    engine = world.engine(0)
    engine.add(child)
    engine.start(parent, {}, name="p")
    engine.advance(10)
    lines = [json.loads(line) for line in world.journal]

    engine = world.engine(10)
    engine.add(child)
    of = {name: [line for line in lines if line["execution"].endswith(name)] for name in (":p", ":c")}
    back = [engine.resume(of[":p"], parent), engine.resume(of[":c"], child)]
    engine.run()
    assert [execution.output for execution in back] == ["SUCCEEDED", {}]
    assert back[0].stopped_at == 50
