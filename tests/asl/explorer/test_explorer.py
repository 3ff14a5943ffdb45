"""The explorer passes a sound saga, and finds each defect that sagas are known for."""

import json
from contextlib import suppress
from random import Random

import pytest

import asl
from asl.cli import explore
from asl.explorer import Finding, Injector, Report, Scenario, check, pairs, singles, walks
from asl.explorer.coverage import every_move
from asl.explorer.faults import CallFailed
from asl.explorer.search import Tally, exhaustive, shrunk, transitions, walked
from asl.explorer.story import tell, through
from tests.asl.explorer import seats


def test_a_sound_saga_passes_every_single_and_every_pair():
    assert singles(seats.good()).findings == []
    report = pairs(seats.good())
    assert report.findings == []
    assert report.tally.schedules > 400


@pytest.mark.parametrize("story", [seats.good, *seats.DEFECTS], ids=lambda story: story.__name__)
def test_what_is_put_back_goes_on_as_what_is_begun_anew(story):
    """Every pair is played from where its first fault's world stood: the same as if it were played from the start."""
    scenario = story()
    for run in exhaustive(scenario, 2):
        anew = check(scenario, run.plan)
        assert (run.met, run.problems, run.parked, run.moves) == (anew.met, anew.problems, anew.parked, anew.moves)


@pytest.mark.parametrize("defect", seats.DEFECTS, ids=lambda defect: defect.__name__)
def test_a_known_defect_is_found_by_one_fault(defect):
    assert singles(defect()).findings


def test_every_fault_of_every_attempt_is_played_once():
    report = singles(seats.good())
    base = check(seats.good(), {})
    assert report.tally.schedules == 1 + sum(len(met.faults) for met in base.met)
    assert [met.site for met in base.met] == [
        "Booking/b1:HoldSeats#1.0",
        "Booking/b1:Charge#1.0",
        "Booking/b1:IssueTickets#1.0",
    ]


@pytest.mark.parametrize(
    ("fault", "charges", "heard"),
    [
        ("error:Away", 0, "TaskFailed"),
        ("timeout-before", 0, "TaskTimedOut"),
        ("timeout-after", 1, "TaskTimedOut"),
        ("crash", 1, "TaskFailed"),
    ],
)
def test_a_fault_does_what_it_says(fault, charges, heard):
    """The effect first, then what the state machine hears of the first attempt."""
    seen = []
    scenario = seats.scenario("watched", tasks={"Charge": lambda office, event: seen.append(office.engine.now)})
    injector = scenario.injector({"Booking/b1:Charge#1.0": fault}, None)
    office = scenario.world(injector)
    office.play()
    office.engine.run()
    (execution,) = office.engine.executions.values()
    kinds = [event["type"].replace("LambdaFunction", "Task") for event in execution.history]
    first = next(kind for kind in kinds if kind in ("TaskFailed", "TaskTimedOut"))
    assert first == heard
    assert len(seen) == charges + 1


def test_a_late_effect_comes_when_it_says():
    seen = []
    scenario = seats.scenario("watched", tasks={"Charge": lambda office, event: seen.append(office.engine.now)})
    check(scenario, {"Booking/b1:Charge#1.0": "late:7200"})
    assert max(seen) - min(seen) > 7000


def test_the_calls_of_a_task_are_counted_as_it_makes_them():
    """The dice are told of two, and it makes four: what is played one by one comes by them all."""

    def charge(office, event):
        for _ in range(4):
            office.checkpoint()
        return office.charge(event)

    base = check(seats.scenario("chatty", tasks={"Charge": charge}), {})
    deaths = {each.site: [fault for fault in each.faults if fault.startswith("dies")] for each in base.met}
    assert list(deaths.values()) == [[], ["dies:2", "dies:3", "dies:4"], []]


@pytest.mark.parametrize(("call", "made"), [(2, 1), (3, 2), (4, 2)])
def test_a_task_dies_before_the_call_that_it_says_or_at_its_end(call, made):
    seen = []

    def charge(office, event):
        for number in (1, 2):
            office.checkpoint()
            seen.append(number)

    run = check(seats.scenario("dying", tasks={"Charge": charge}), {"Booking/b1:Charge#1.0": f"dies:{call}"})
    assert seen == [*[1, 2][:made], 1, 2]
    assert [met.site for met in run.met if "Charge" in met.site] == ["Booking/b1:Charge#1.0", "Booking/b1:Charge#1.1"]


@pytest.mark.parametrize(("call", "made"), [(1, [2]), (2, [1]), (3, [1, 2])])
def test_a_task_goes_on_as_it_will_where_a_call_of_its_fails(call, made):
    seen = []

    def charge(office, event):
        for number in (1, 2):
            with suppress(CallFailed):
                office.checkpoint()
                seen.append(number)

    run = check(seats.scenario("failing", tasks={"Charge": charge}), {"Booking/b1:Charge#1.0": f"fails:{call}"})
    assert seen == made
    assert [met.site for met in run.met if "Charge" in met.site] == ["Booking/b1:Charge#1.0"]


def test_what_fails_without_a_fault_is_told():
    def charge(office, event):
        raise seats.Taken

    failing = seats.scenario("failing", tasks={"Charge": charge, "ReleaseSeats": charge})
    assert "Booking b1 is FAILED, and no fault was met" in check(failing, {}).problems


def test_walks_come_again_with_the_same_seed_and_shrink_to_what_they_need():
    first, again = (walks(seats.random_key(), 30, seed=7) for _ in range(2))
    assert first.findings == again.findings != []
    for finding in first.findings:
        for site in finding.plan:
            fewer = {each: fault for each, fault in finding.plan.items() if each != site}
            assert not check(seats.random_key(), fewer).problems


def test_a_walk_that_sets_out_from_its_first_fault_goes_as_one_from_the_start():
    scenario = seats.uncaught_timeout()
    for n, run in enumerate(walked(scenario, 60, 5)):
        anew = check(scenario, {}, Random(f"5:{scenario.name}:{n}"))
        if run.problems:
            anew = shrunk(scenario, anew)
        assert (run.plan, happened(run), run.problems, run.moves) == (
            anew.plan,
            happened(anew),
            anew.problems,
            anew.moves,
        )


def happened(run):
    return [(met.site, met.at, met.fault) for met in run.met]


def test_what_turns_in_a_circle_is_cut_off_and_told():
    def circle(office, event):
        office.engine.call_at(office.engine.now, lambda: circle(office, event))

    scenario = seats.scenario("circle", tasks={"IssueTickets": circle})
    problems = check(scenario, {}).problems
    assert "still busy" in problems[0]
    assert "  it is still busy after 20,000 steps" in tell(scenario, Finding("circle", {}, tuple(problems)))


def test_a_task_that_never_ends_is_told_and_ends_its_story(monkeypatch):
    """Its whole world is what it left half done: of nothing in it is anything asked."""

    def charge(office, event):
        while True:
            office.charge_once(event["booking"], event["booking"])

    monkeypatch.setattr("asl.explorer.search.PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("asl.explorer.story.PATIENCE_SECONDS", 0.05)
    scenario = seats.scenario("endless", tasks={"Charge": charge})
    report = singles(scenario)
    (finding,) = report.findings
    assert (report.stopped, report.tally.schedules) == (True, 1)
    assert finding.problems[0].startswith("Booking/b1:Charge#1.0 never ends: it has computed for 0.05 s")
    assert "test_explorer.py:" in finding.problems[0] or "seats.py:" in finding.problems[0]
    assert next(tell(scenario, finding)) == "endless:"


def test_of_a_long_story_the_middle_is_left_out():
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
    first, *told = through(*engine.executions.values())
    assert first.endswith("long: SUCCEEDED")
    assert len(told) == 81
    assert told[0].endswith(" Wait")
    assert told[-1].endswith(" Done")
    assert told[40] == "    … 2,801 more of these …"


def test_of_a_long_wait_only_the_attempts_that_double_it_meet_faults():
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 20}]

    def taken(office, event):
        raise seats.Taken

    waits = seats.scenario("waits", {"Charge": {"Retry": retry}}, {"Charge": taken})
    met = check(waits, {}).met
    attempts = [int(each.site.rpartition(".")[2]) for each in met if ":Charge#" in each.site]
    assert attempts == list(range(21))
    assert [each.site.rpartition(".")[2] for each in met if ":Charge#" in each.site and each.faults] == [
        *("0", "1", "2", "3", "4"), "8", "16"
    ]  # fmt: skip


def test_a_word_is_dropped_repeated_or_late():
    heard = []
    office = seats.good().world(Injector({}))
    for n, fault in enumerate(["drop", "repeat", "late:3600", ""]):
        Injector({f"word:{n}": fault}).say(office.engine, str(n), lambda n=n: heard.append(n) or True)
    office.engine.run()
    assert heard == [1, 1, 3, 2]


def test_dice_decide_when_there_is_no_plan():
    run = check(seats.good(), {}, Random(3))
    assert run.problems == []


def test_a_finding_is_told_as_a_story():
    finding = singles(seats.uncaught_timeout()).findings[0]
    story = "\n".join(tell(seats.uncaught_timeout(), finding))
    assert "Booking/b1:Charge#1.0 times out, having done nothing" in story or "Charge" in story
    assert "BROKEN" in story


def test_the_command_says_what_it_did(capsys):
    assert explore.main(["tests.asl.explorer.seats", "--processes", "1", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["findings"] == []
    assert answer["schedules"] > 20


def test_a_name_that_no_scenario_has_explores_nothing_and_is_no_success(capsys):
    assert explore.main(["tests.asl.explorer.seats", "--only", "god"]) == 2
    assert "no scenario of tests.asl.explorer.seats has 'god' in its name" in capsys.readouterr().err


def test_each_scenario_s_machines_are_shown():
    first, second = seats.good(), seats.needs_the_forward_result()
    machine = asl.load(seats.definition(), name="Another")
    other = Scenario(second.name, lambda injector: seats.BoxOffice(injector, machine, {}), second.injector)
    known = {seats.__name__: {"good": first, other.name: other}}
    reports = [Report(first.name, machines={"Booking": Tally()}), Report(other.name, machines={"Another": Tally()})]
    assert sorted(explore.seen(known, reports).machines) == ["Another", "Booking"]


def test_transitions_are_those_of_each_branch_and_iteration():
    branch = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}}
    each = {"Type": "Map", "ItemProcessor": branch, "Next": "Done"}
    machine = asl.load({"StartAt": "Each", "States": {"Each": each, "Done": {"Type": "Succeed"}}}, name="Maps")
    taken = {("Maps", *move) for move in transitions(machine.run([1, 2]))}
    assert taken == every_move([machine]) == {("Maps", "A", "B"), ("Maps", "Each", "Done")}


def test_a_module_that_is_not_there_is_one_line(capsys):
    assert explore.main(["no.such.module"]) == 2
    assert "no.such" in capsys.readouterr().err
