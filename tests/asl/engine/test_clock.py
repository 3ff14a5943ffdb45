"""The real clock: durations are the elapsed time, whatever the machine's clock is set to."""

import pytest

from asl.engine.clock import SKEW_SECONDS, RealClock
from asl.server import Server
from asl.server.clock import ServerClock
from asl.server.execution_store import ExecutionRow, ExecutionStore

START = 1_800_000_000.0


class Machine:
    """A machine whose clock can be set."""

    def __init__(self):
        self.wall, self.elapsed = START, 100.0

    def pass_seconds(self, seconds):
        self.wall += seconds
        self.elapsed += seconds

    def clock(self, kind=RealClock):
        return kind(wall=lambda: self.wall, elapsed=lambda: self.elapsed)


@pytest.mark.parametrize("change", [7200, -3600, 400 * 86_400])
def test_setting_the_machine_s_clock_moves_no_timer(change):
    machine = Machine()
    clock = machine.clock()
    machine.pass_seconds(10)
    machine.wall += change
    assert clock.now() == START + 10
    machine.pass_seconds(5)
    assert clock.now() == START + 15


@pytest.mark.parametrize("change", [7200, -3600])
def test_a_new_skew_is_reported_once(change):
    machine = Machine()
    clock = machine.clock()
    assert clock.new_skew() is None
    machine.wall += change
    machine.pass_seconds(60)
    assert [clock.new_skew(), clock.new_skew()] == [change, None]
    machine.wall -= change
    assert [clock.new_skew(), clock.new_skew()] == [0, None], "it is right again"


def test_corrections_by_parts_of_a_second_are_no_skew():
    machine = Machine()
    clock = machine.clock()
    machine.wall += SKEW_SECONDS / 2
    assert clock.new_skew() is None


def test_time_continues_from_a_later_moment_and_never_runs_backwards():
    machine = Machine()
    clock = machine.clock()
    assert clock.continue_from(START - 60) == 0
    assert clock.now() == START
    assert clock.continue_from(START + 3600) == 3600
    machine.pass_seconds(1)
    assert clock.now() == START + 3601
    assert clock.new_skew() is None


def test_the_server_s_clock_keeps_its_offset_and_what_is_pinned():
    machine = Machine()
    clock = machine.clock(lambda **parts: ServerClock(50.0, **parts))
    machine.wall += 7200
    assert clock.now() == START + 50
    clock.pinned = START + 7
    assert (clock.now(), clock.real()) == (START + 7, START + 50)


def test_a_server_continues_from_its_newest_entry(tmp_path, caplog):
    file, later = str(tmp_path / "store.db"), RealClock().now() + 3600
    store = ExecutionStore(file)
    ended = ExecutionRow("a", "m", "a", "r", 1, later - 60, "{}", status="SUCCEEDED", stopped=later)
    store.add_execution(ended)
    store.close()

    server = Server(file, lambda *_: None)
    assert server.clock.now() >= later
    assert "the newest entry is 3600 s ahead of the machine's clock" in caplog.text
    server.store.close()


def test_the_newest_entry_is_also_one_of_a_running_execution_s_journal():
    store = ExecutionStore(":memory:")
    assert store.newest() == 0
    store.add_execution(ExecutionRow("a", "m", "a", "r", 1, 10.0, "{}"))
    assert store.newest() == 10
    store.append_entry("a", 0, 25.0, "{}")
    assert store.newest() == 25
    store.close()
