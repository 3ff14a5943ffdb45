"""The stack restarts a process that ends by itself, once and where that is safe."""

import asyncio

import pytest

from asl.engine.clock import RealClock
from local.stack import startup
from local.stack.processes import StackFailed
from local.stack.stack import RESTARTABLE


class Process:
    def __init__(self, name):
        self.name = name

    def exit_message(self):
        return f"{self.name} ended with status 1: out of luck (see {self.name}.log)"


class FakeStack:
    """Its processes end in this order; None is a while in which none ends."""

    def __init__(self, *names):
        self._names = list(names)
        self.restarted, self.bounded = [], 0

    async def first_exit(self, seconds):
        if not self._names:
            raise EndOfTest
        name = self._names.pop(0)
        return name and Process(name)

    async def restart(self, process):
        self.restarted.append(process.name)

    def bound_logs(self):
        self.bounded += 1


class EndOfTest(Exception):
    pass


def run(stack, expected):
    steps = []
    with pytest.raises(expected) as failure:
        asyncio.run(startup.keep_running(stack, steps.append))
    return steps, str(failure.value)


@pytest.mark.parametrize("name", sorted(RESTARTABLE))
def test_a_process_without_memory_is_restarted_once(name):
    stack = FakeStack(name, None, name)
    steps, failure = run(stack, StackFailed)
    assert steps == [f"{name} ended with status 1: out of luck (see {name}.log)", f"{name} was restarted"]
    assert failure == steps[0]
    assert stack.restarted == [name]


@pytest.mark.parametrize("name", ["ministack", "cognito"])
def test_the_end_of_a_process_that_keeps_its_state_in_memory_ends_the_stack(name):
    stack = FakeStack(name)
    steps, failure = run(stack, StackFailed)
    assert (steps, stack.restarted) == ([], [])
    assert failure.startswith(f"{name} ended with status 1: ")


def test_each_process_is_restarted_once():
    stack = FakeStack(*sorted(RESTARTABLE))
    run(stack, EndOfTest)
    assert stack.restarted == sorted(RESTARTABLE)


def test_logs_are_bounded_all_the_while():
    stack = FakeStack(None, None, None)
    run(stack, EndOfTest)
    assert stack.bounded == 3


def test_a_skew_of_the_machine_s_clock_is_printed_once(monkeypatch):
    wall = [0, 7200, 7200, 7200]
    clock = RealClock(wall=lambda: wall.pop(0), elapsed=lambda: 0.0)
    monkeypatch.setattr(startup, "RealClock", lambda: clock)
    steps, _ = run(FakeStack(None, None, None), EndOfTest)
    assert steps == ["the machine's clock was set, and is +7,200 s off: timers stay as they are"]
