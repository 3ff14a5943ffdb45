"""One seed, one history; and many executions on one clock, one step after another."""

from __future__ import annotations

from typing import Any

from asl import Engine, Execution
from tests.asl.build import Busy, answering, load, passing, task

RANDOM = {"id.$": "States.UUID()", "n.$": "States.MathRandom(1, 1000000)", "at.$": "$$.Execution.StartTime"}
MACHINE = load(
    Draw=passing(Parameters=RANDOM, Next="Work"),
    Work=task(Retry=[{"ErrorEquals": ["Busy"], "JitterStrategy": "FULL"}]),
)


def run(seed: int) -> Execution:
    return MACHINE.run(tasks={"Work": answering(Busy(), Busy(), "done")}, seed=seed)


def test_the_same_seed_gives_the_same_history() -> None:
    assert run(1).history == run(1).history
    assert run(1).arn == run(1).arn


def test_another_seed_gives_other_numbers() -> None:
    assert run(1).history != run(2).history


def test_executions_take_turns_at_every_task() -> None:
    order: list[str] = []
    engine = Engine(tasks={name: lambda payload: order.append(payload["who"]) for name in ("A", "B")})
    machine = load(A=task("A", ResultPath=None, Next="B"), B=task("B"))
    for who in ("one", "two"):
        engine.start(machine, {"who": who}, name=who)
    engine.run()
    assert order == ["one", "two", "one", "two"]


def test_a_caller_may_choose_which_step_comes_next() -> None:
    order: list[str] = []
    engine = Engine(tasks={"A": lambda payload: order.append(payload["who"])})
    machine = load(A=task("A"))
    for who in ("one", "two"):
        engine.start(machine, {"who": who}, name=who)
    steps = engine.due_now()
    assert [step.kind for step in steps] == ["invoke", "invoke"]
    engine.step(steps[1])
    engine.run()
    assert order == ["two", "one"]


def test_a_late_effect_is_a_step_of_its_own() -> None:
    """The task timed out; its effect comes after the next state has run."""
    done: list[str] = []

    def invoke(request: Any, complete: Any) -> None:
        if request.state == "Pay":
            engine.call_at(engine.now + 20, lambda: done.append("Pay"))
        else:
            done.append(request.state)
            complete({})

    engine = Engine(invoke=invoke)
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Refund"}]
    engine.start(load(Pay=task(TimeoutSeconds=10, Catch=catch), Refund=task()), {})
    engine.run()
    assert done == ["Refund", "Pay"]


def test_a_real_clock_is_asked_when_to_be_woken() -> None:
    class Clock:
        virtual = False
        time = 100.0

        def now(self) -> float:
            return self.time

    clock = Clock()
    engine = Engine(clock=clock)
    execution = engine.start(load(Wait={"Type": "Wait", "Seconds": 30, "End": True}), {})
    assert engine.next_due() == 130
    assert engine.run_due() == 0
    clock.time = 131.5
    assert engine.run_due() == 1
    assert (execution.status, execution.stopped_at, engine.next_due()) == ("SUCCEEDED", 131.5, None)
