"""A search that is shared out comes to the same, ends when it is told to, and leaves nobody behind."""

import multiprocessing
import os
import signal

import asl
from asl.cli import explore as command
from asl.explorer import Report, pairs, singles
from asl.explorer.parallel import Share, explore, shares, walking
from asl.explorer.search import Tally
from asl.explorer.tables import Seen, tables
from tests.asl.explorer import seats

MODULE = "tests.asl.explorer.seats"


def whole(reports):
    total = Report("good")
    for report in reports:
        total.add(report)
    return total


def counted(tally: Tally):
    return tally.schedules, tally.violations, tally.parked


def test_what_is_shared_out_comes_to_what_one_process_finds():
    alone = pairs(seats.good())
    work = list(shares(MODULE, [seats.good()], 2))
    together = whole(report for _, report in explore(work, processes=2))
    assert len(work) > 1
    assert counted(together.tally) == counted(alone.tally)
    assert counted(together.machines["Booking"]) == counted(alone.machines["Booking"])
    assert together.moves == alone.moves
    assert not together.stopped


def test_a_story_that_is_told_of_one_fault_is_played_no_deeper():
    shallow = seats.good()
    object.__setattr__(shallow, "depth", 1)
    assert [share.depth for share in shares(MODULE, [shallow], 2)] == [1]


def test_walks_are_dealt_out_to_the_stories():
    dealt = list(walking([("a", "one"), ("b", "two")], 700, seed=3))
    assert [(share.scenario, share.walks, share.seed) for share in dealt] == [
        ("one", 250, 3),
        ("two", 250, 253),
        ("one", 200, 503),
    ]


def test_no_time_is_no_schedules():
    reports = [report for _, report in explore([Share(MODULE, "good", depth=2)], processes=1, seconds=1e-9)]
    assert [(report.stopped, report.tally.schedules) for report in reports] == [(True, 0)]


def test_an_interrupt_ends_what_is_under_way_and_keeps_what_was_found():
    reports, before = [], signal.getsignal(signal.SIGINT)
    for _, report in explore([Share(MODULE, "good"), *[Share(MODULE, "good", depth=2)] * 60], processes=1):
        if not reports:
            os.kill(os.getpid(), signal.SIGINT)
        reports.append(report)
    assert len(reports) == 61
    assert reports[-1].stopped
    assert whole(reports).tally.schedules >= reports[0].tally.schedules > 20
    assert multiprocessing.active_children() == []
    assert signal.getsignal(signal.SIGINT) is before


def test_a_process_that_is_killed_ends_it_with_what_was_found_and_is_no_success(capsys):
    assert command.main(["tests.asl.explorer.deadly", "--processes", "1"]) == 2
    out = capsys.readouterr().out
    assert "A process was killed" in out
    assert "good: 28 schedules, 0 violations, 0 parked" in out


def test_each_story_has_its_line_and_each_machine_its_row(capsys):
    assert command.main([MODULE, "--processes", "1"]) == 0
    out = capsys.readouterr().out
    assert "good: 28 schedules, 0 violations, 0 parked" in out
    assert [line.split()[0:5] for line in out.splitlines() if "Booking" in line] == [["Booking", "5", "28", "0", "0"]]
    assert "6 of 6" in out


def test_what_was_never_taken_is_told_of_the_machines_that_were_played():
    booking, other = (asl.load(seats.definition(), name=name) for name in ("Booking", "Other"))
    report = singles(seats.good())
    report.moves.remove(("Booking", "HoldSeats", "Charge"))
    _, _, *told = tables(Seen({"Booking": booking, "Other": other}, [report], {}), 1)
    assert told == ["  not played: Other", "  not taken in Booking: HoldSeats → Charge"]
