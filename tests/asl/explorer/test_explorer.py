"""The explorer passes a correct saga, and finds each of the well-known defects of sagas."""

import json
from contextlib import suppress
from random import Random

import pytest

import asl
from asl.cli import explore
from asl.explorer import (
    FaultInjector,
    Finding,
    Scenario,
    SearchReport,
    explore_pairs,
    explore_singles,
    explore_walks,
    run_schedule,
)
from asl.explorer.coverage import all_transitions, transitions_of
from asl.explorer.faults import CallFailed
from asl.explorer.report import ScheduleCounts
from asl.explorer.search import run_exhaustively, run_walks, shrink_plan
from asl.explorer.story import describe_execution, describe_finding
from tests.asl.explorer import box_office


def test_a_correct_saga_passes_all_singles_and_pairs():
    assert explore_singles(box_office.good()).findings == []
    report = explore_pairs(box_office.good())
    assert report.findings == []
    assert report.counts.schedules > 400


@pytest.mark.parametrize("build", [box_office.good, *box_office.DEFECTS], ids=lambda build: build.__name__)
def test_a_run_from_a_snapshot_equals_a_run_from_the_start(build):
    """The second fault of a pair is injected after a restore; a fresh run of the pair has the same result."""
    scenario = build()
    for run in run_exhaustively(scenario, 2):
        fresh = run_schedule(scenario, run.plan)
        assert (run.visited, run.problems, run.parked, run.transitions) == (
            fresh.visited,
            fresh.problems,
            fresh.parked,
            fresh.transitions,
        )


@pytest.mark.parametrize("defect", box_office.DEFECTS, ids=lambda defect: defect.__name__)
def test_each_known_defect_is_found_by_a_single_fault(defect):
    assert explore_singles(defect()).findings


def test_each_fault_of_each_attempt_runs_once():
    report = explore_singles(box_office.good())
    base = run_schedule(box_office.good(), {})
    assert report.counts.schedules == 1 + sum(len(each.faults) for each in base.visited)
    assert [each.site for each in base.visited] == [
        "Booking/b1:HoldSeats#1.0",
        "Booking/b1:Charge#1.0",
        "Booking/b1:IssueTickets#1.0",
    ]


@pytest.mark.parametrize(
    ("fault", "charges", "event_type"),
    [
        ("error:Away", 0, "TaskFailed"),
        ("timeout-before", 0, "TaskTimedOut"),
        ("timeout-after", 1, "TaskTimedOut"),
        ("crash", 1, "TaskFailed"),
    ],
)
def test_a_fault_has_its_effect_and_its_event(fault, charges, event_type):
    """The number of effects, and the event of the first attempt."""
    charge_times = []
    scenario = box_office.scenario(
        "watched", tasks={"Charge": lambda office, event: charge_times.append(office.engine.now)}
    )
    injector = scenario.injector({"Booking/b1:Charge#1.0": fault}, None)
    office = scenario.world(injector)
    office.play()
    office.engine.run()
    (execution,) = office.engine.executions.values()
    kinds = [event["type"].replace("LambdaFunction", "Task") for event in execution.history]
    first = next(kind for kind in kinds if kind in ("TaskFailed", "TaskTimedOut"))
    assert first == event_type
    assert len(charge_times) == charges + 1


def test_a_late_effect_comes_after_its_delay():
    charge_times = []
    scenario = box_office.scenario(
        "watched", tasks={"Charge": lambda office, event: charge_times.append(office.engine.now)}
    )
    run_schedule(scenario, {"Booking/b1:Charge#1.0": "late:7200"})
    assert max(charge_times) - min(charge_times) > 7000


def test_the_external_calls_of_a_task_are_counted():
    """The scenario declares two calls for random walks, and the task makes four: plans use the counted number."""

    def charge(office, event):
        for _ in range(4):
            office.checkpoint()
        return office.charge(event)

    base = run_schedule(box_office.scenario("chatty", tasks={"Charge": charge}), {})
    deaths = {each.site: [fault for fault in each.faults if fault.startswith("dies")] for each in base.visited}
    assert list(deaths.values()) == [[], ["dies:2", "dies:3", "dies:4"], []]


@pytest.mark.parametrize(("failing_call", "call_count"), [(2, 1), (3, 2), (4, 2)])
def test_a_task_dies_before_an_external_call_or_at_its_end(failing_call, call_count):
    calls = []

    def charge(office, event):
        for number in (1, 2):
            office.checkpoint()
            calls.append(number)

    run = run_schedule(
        box_office.scenario("dying", tasks={"Charge": charge}), {"Booking/b1:Charge#1.0": f"dies:{failing_call}"}
    )
    assert calls == [*[1, 2][:call_count], 1, 2]
    assert [each.site for each in run.visited if "Charge" in each.site] == [
        "Booking/b1:Charge#1.0",
        "Booking/b1:Charge#1.1",
    ]


@pytest.mark.parametrize(("failing_call", "successful_calls"), [(1, [2]), (2, [1]), (3, [1, 2])])
def test_a_task_can_handle_a_failed_external_call(failing_call, successful_calls):
    calls = []

    def charge(office, event):
        for number in (1, 2):
            with suppress(CallFailed):
                office.checkpoint()
                calls.append(number)

    run = run_schedule(
        box_office.scenario("failing", tasks={"Charge": charge}), {"Booking/b1:Charge#1.0": f"fails:{failing_call}"}
    )
    assert calls == successful_calls
    assert [each.site for each in run.visited if "Charge" in each.site] == ["Booking/b1:Charge#1.0"]


def test_a_failure_without_a_fault_is_a_problem():
    def charge(office, event):
        raise box_office.Taken

    failing = box_office.scenario("failing", tasks={"Charge": charge, "ReleaseSeats": charge})
    assert "Booking b1 is FAILED, and no fault was met" in run_schedule(failing, {}).problems


def test_walks_are_reproducible_and_their_plans_are_minimal():
    first, again = (explore_walks(box_office.random_key(), 30, seed=7) for _ in range(2))
    assert first.findings == again.findings != []
    for finding in first.findings:
        for site in finding.plan:
            fewer = {each: fault for each, fault in finding.plan.items() if each != site}
            assert not run_schedule(box_office.random_key(), fewer).problems


def test_a_walk_from_a_snapshot_equals_a_walk_from_the_start():
    scenario = box_office.uncaught_timeout()
    for n, run in enumerate(run_walks(scenario, 60, 5)):
        fresh = run_schedule(scenario, {}, Random(f"5:{scenario.name}:{n}"))
        if run.problems:
            fresh = shrink_plan(scenario, fresh)
        assert (run.plan, injected(run), run.problems, run.transitions) == (
            fresh.plan,
            injected(fresh),
            fresh.problems,
            fresh.transitions,
        )


def injected(run):
    return [(each.site, each.at, each.fault) for each in run.visited]


def test_a_run_without_end_is_stopped_and_reported():
    def circle(office, event):
        office.engine.call_at(office.engine.now, lambda: circle(office, event))

    scenario = box_office.scenario("circle", tasks={"IssueTickets": circle})
    problems = run_schedule(scenario, {}).problems
    assert "still busy" in problems[0]
    assert "  it is still busy after 20,000 steps" in describe_finding(scenario, Finding("circle", {}, tuple(problems)))


def test_a_task_that_never_returns_is_reported_and_stops_the_search(monkeypatch):
    """The world of that run is unfinished, so its invariants are not checked."""

    def charge(office, event):
        while True:
            office.charge_once(event["booking"], event["booking"])

    monkeypatch.setattr("asl.explorer.schedule_run.MAX_CPU_SECONDS", 0.05)
    monkeypatch.setattr("asl.explorer.story.MAX_CPU_SECONDS", 0.05)
    scenario = box_office.scenario("endless", tasks={"Charge": charge})
    report = explore_singles(scenario)
    (finding,) = report.findings
    assert (report.stopped, report.counts.schedules) == (True, 1)
    assert finding.problems[0].startswith("Booking/b1:Charge#1.0 never ends: it has computed for 0.05 s")
    assert "test_explorer.py:" in finding.problems[0] or "box_office.py:" in finding.problems[0]
    assert next(describe_finding(scenario, finding)) == "endless:"


def test_the_middle_of_a_long_history_is_omitted():
    machine = asl.load(
        {
            "StartAt": "Wait",
            "States": {
                "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Again"},
                "Again": {
                    "Type": "Choice",
                    "Choices": [
                        {
                            "Variable": "$$.State.EnteredTime",
                            "TimestampLessThan": "2026-01-02T00:00:00Z",
                            "Next": "Wait",
                        }
                    ],
                    "Default": "Done",
                },
                "Done": {"Type": "Succeed"},
            },
        }
    )
    engine = asl.Engine()
    engine.start(machine, {}, name="long")
    engine.run()
    first, *lines = describe_execution(*engine.executions.values())
    assert first.endswith("long: SUCCEEDED")
    assert len(lines) == 81
    assert lines[0].endswith(" Wait")
    assert lines[-1].endswith(" Done")
    assert lines[40] == "    … 2,801 more of these …"


def test_of_many_retries_only_powers_of_two_meet_faults():
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 20}]

    def taken(office, event):
        raise box_office.Taken

    waits = box_office.scenario("waits", {"Charge": {"Retry": retry}}, {"Charge": taken})
    visited = run_schedule(waits, {}).visited
    attempts = [int(each.site.rpartition(".")[2]) for each in visited if ":Charge#" in each.site]
    assert attempts == list(range(21))
    assert [each.site.rpartition(".")[2] for each in visited if ":Charge#" in each.site and each.faults] == [
        *("0", "1", "2", "3", "4"), "8", "16"
    ]  # fmt: skip


def test_a_message_is_dropped_repeated_or_late():
    received = []
    office = box_office.good().world(FaultInjector({}))
    for n, fault in enumerate(["drop", "repeat", "late:3600", ""]):
        FaultInjector({f"message:{n}": fault}).send_message(
            office.engine, str(n), lambda n=n: received.append(n) or True
        )
    office.engine.run()
    assert received == [1, 1, 3, 2]


def test_dice_choose_the_faults_without_a_plan():
    run = run_schedule(box_office.good(), {}, Random(3))
    assert run.problems == []


def test_a_finding_is_described():
    finding = explore_singles(box_office.uncaught_timeout()).findings[0]
    text = "\n".join(describe_finding(box_office.uncaught_timeout(), finding))
    assert "Booking/b1:Charge#1.0 times out, having done nothing" in text or "Charge" in text
    assert "BROKEN" in text


def test_the_command_prints_json(capsys):
    assert explore.main(["tests.asl.explorer.box_office", "--processes", "1", "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output["findings"] == []
    assert output["schedules"] > 20


def test_an_unknown_scenario_name_is_an_error(capsys):
    assert explore.main(["tests.asl.explorer.box_office", "--only", "god"]) == 2
    assert "no scenario of tests.asl.explorer.box_office has 'god' in its name" in capsys.readouterr().err


def test_the_summary_has_the_machines_of_each_scenario():
    first, second = box_office.good(), box_office.needs_the_forward_result()
    machine = asl.load(box_office.definition(), name="Another")
    other = Scenario(second.name, lambda injector: box_office.BoxOffice(injector, machine, {}), second.injector)
    modules = {box_office.__name__: {"good": first, other.name: other}}
    reports = [
        SearchReport(first.name, machines={"Booking": ScheduleCounts()}),
        SearchReport(other.name, machines={"Another": ScheduleCounts()}),
    ]
    assert sorted(explore.summarize(modules, reports).machines) == ["Another", "Booking"]


def test_transitions_include_those_of_each_branch_and_iteration():
    branch = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}}
    each = {"Type": "Map", "ItemProcessor": branch, "Next": "Done"}
    machine = asl.load({"StartAt": "Each", "States": {"Each": each, "Done": {"Type": "Succeed"}}}, name="Maps")
    taken = {("Maps", *pair) for pair in transitions_of(machine.run([1, 2]))}
    assert taken == all_transitions([machine]) == {("Maps", "A", "B"), ("Maps", "Each", "Done")}


def test_a_missing_module_is_reported_in_one_line(capsys):
    assert explore.main(["no.such.module"]) == 2
    assert "no.such" in capsys.readouterr().err
