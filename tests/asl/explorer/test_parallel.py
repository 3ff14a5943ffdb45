"""Parallel search has the same result as one process, stops on request, and leaves no process behind."""

import multiprocessing
import os
import signal

import asl
from asl.cli import explore as command
from asl.explorer import SearchReport, explore_pairs, explore_singles
from asl.explorer.parallel import SearchShare, exhaustive_shares, run_shares, walk_shares
from asl.explorer.report import ScheduleCounts
from asl.explorer.tables import SearchSummary, summary_tables
from tests.asl.explorer import box_office

MODULE = "tests.asl.explorer.box_office"


def merge(reports):
    total = SearchReport("good")
    for report in reports:
        total.add_report(report)
    return total


def without_seconds(counts: ScheduleCounts):
    return counts.schedules, counts.violations, counts.parked


def test_a_parallel_search_has_the_result_of_one_process():
    alone = explore_pairs(box_office.good())
    shares = list(exhaustive_shares(MODULE, [box_office.good()], 2))
    together = merge(report for _, report in run_shares(shares, processes=2))
    assert len(shares) > 1
    assert without_seconds(together.counts) == without_seconds(alone.counts)
    assert without_seconds(together.machines["Booking"]) == without_seconds(alone.machines["Booking"])
    assert together.transitions == alone.transitions
    assert not together.stopped


def test_a_scenario_limits_the_number_of_faults():
    shallow = box_office.good()
    object.__setattr__(shallow, "depth", 1)
    assert [share.depth for share in exhaustive_shares(MODULE, [shallow], 2)] == [1]


def test_walks_are_distributed_over_the_scenarios():
    shares = list(walk_shares([("a", "one"), ("b", "two")], 700, seed=3))
    assert [(share.scenario, share.walks, share.seed) for share in shares] == [
        ("one", 250, 3),
        ("two", 250, 253),
        ("one", 200, 503),
    ]


def test_a_search_without_time_runs_nothing():
    shares = [SearchShare(MODULE, "good", depth=2)]
    reports = [report for _, report in run_shares(shares, processes=1, seconds=1e-9)]
    assert [(report.stopped, report.counts.schedules) for report in reports] == [(True, 0)]


def test_an_interrupt_stops_the_search_and_keeps_its_results():
    reports, handler = [], signal.getsignal(signal.SIGINT)
    shares = [SearchShare(MODULE, "good"), *[SearchShare(MODULE, "good", depth=2)] * 60]
    for _, report in run_shares(shares, processes=1):
        if not reports:
            os.kill(os.getpid(), signal.SIGINT)
        reports.append(report)
    assert len(reports) == 61
    assert reports[-1].stopped
    assert merge(reports).counts.schedules >= reports[0].counts.schedules > 20
    assert multiprocessing.active_children() == []
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_killed_process_ends_the_search_with_an_error_and_the_results_so_far(capsys):
    assert command.main(["tests.asl.explorer.killed_process", "--processes", "1"]) == 2
    out = capsys.readouterr().out
    assert "A process was killed" in out
    assert "good: 28 schedules, 0 violations, 0 parked" in out


def test_each_scenario_has_a_line_and_each_machine_a_row(capsys):
    assert command.main([MODULE, "--processes", "1"]) == 0
    out = capsys.readouterr().out
    assert "good: 28 schedules, 0 violations, 0 parked" in out
    assert [line.split()[0:5] for line in out.splitlines() if "Booking" in line] == [["Booking", "5", "28", "0", "0"]]
    assert "6 of 6" in out


def test_the_transitions_not_taken_are_listed_for_machines_that_ran():
    booking, other = (asl.load(box_office.definition(), name=name) for name in ("Booking", "Other"))
    report = explore_singles(box_office.good())
    report.transitions.remove(("Booking", "HoldSeats", "Charge"))
    _, _, *lines = summary_tables(SearchSummary({"Booking": booking, "Other": other}, [report], {}), 1)
    assert lines == ["  not played: Other", "  not taken in Booking: HoldSeats → Charge"]
