"""What a redrive would do, foreseen from a history."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

import asl
from asl import StatesError, VirtualClock
from asl.engine.engine import Engine
from asl.lint import parse_config, read_config
from asl.replay import recording
from asl.replay.redrive_forecast import foresee
from tests.replay.test_golden import DEFINITIONS, committed, golden

OURS = read_config(DEFINITIONS.parent / "lint.json")


def named(steps):
    return [step.state for step in steps]


def failing(error):
    def task(payload):
        raise StatesError(error, "no luck")

    return task


def machine(*names, **more):
    states = {name: {"Type": "Task", "Resource": f"${{{name}Arn}}", "TimeoutSeconds": 15} for name in names}
    for name, following in pairwise(names):
        states[name]["Next"] = following
    states[names[-1]]["End"] = True
    for name, fields in more.items():
        states[name] |= fields
    return {"StartAt": names[0], "States": states}


def recorded(definition, **tasks):
    engine = Engine(tasks={"A": lambda payload: {}, "B": lambda payload: {}, "C": lambda payload: {}, **tasks})
    execution = engine.start(asl.load(definition), {})
    engine.run()
    return recording(execution.history)


def test_a_parked_order_goes_on_from_where_it_is_parked():
    seen = foresee(golden("parked"), committed("new_order"), OURS)
    assert named(seen.again) == ["ParkOrder"]
    assert named(seen.may) == ["AbandonOrder", "VoidAuthorization", "ReleaseInventory", "RejectOrder"]
    assert named(seen.kept) == ["ReserveInventory", "AuthorizePayment"]
    assert seen.may[0].why == "can come again: ParkOrder → Resume → AbandonOrder"
    assert seen.again[0].safe == "one visit parks once, and resumes once"
    assert seen.safe


def test_nothing_is_safe_that_nobody_declared_so():
    assert not foresee(golden("parked"), committed("new_order")).safe


@pytest.mark.parametrize(("story", "why"), [("confirmed", "it is SUCCEEDED"), ("waits_for_a_review", "it still runs")])
def test_only_what_failed_can_be_redriven(story, why):
    seen = foresee(golden(story), committed("new_order"), OURS)
    assert seen.refused.startswith(why)
    assert not seen.safe


def test_it_foresees_what_the_redrive_then_did():
    before = foresee(golden("parked"), committed("new_order"))
    after = golden("parked_and_redriven")
    assert before.again[0].state == next(
        visit.name for visit in after.visits.all if any(each.scheduled.id > 58 for each in visit.tries)
    )


def test_a_task_that_failed_runs_again_and_what_came_before_stays():
    definition = machine("A", "B", "C")
    seen = foresee(recorded(definition, B=failing("Broken")), definition)
    assert named(seen.again) == ["B"]
    assert named(seen.kept) == ["A"]
    assert seen.again[0].why == "it failed with Broken; it is tried anew, with all its retries"
    assert seen.again[0].happened is None
    assert seen.kept[0].happened is True
    assert seen.kept[0].why == "the redrive begins after it, and no way leads back"


def test_a_task_that_went_unheard_may_have_had_its_effect():
    definition = machine("A", "B")
    seen = foresee(recorded(definition, B=lambda payload: asl.NEVER), definition)
    assert (seen.again[0].outcome, seen.again[0].happened) == ("timed out", None)
    told = {"tasks": {"B": {"idempotent": "it has a key", "key": ["id"]}}}
    assert not seen.safe
    assert foresee(recorded(definition, B=lambda payload: asl.NEVER), definition, parse_config(told)).safe


def test_what_can_come_again_only_after_another_failure_says_so():
    again = {"Catch": [{"ErrorEquals": ["Away"], "Next": "A"}]}
    definition = machine("A", "B", B=again)
    seen = foresee(recorded(definition, B=failing("Broken")), definition)
    assert named(seen.may) == ["A"]
    assert seen.may[0].why == "can come again if something fails: B → A"


def test_in_a_parallel_only_the_branch_that_failed_and_the_one_that_was_stopped_run_again():
    branches = [machine(name) for name in ("A", "B", "C")]
    definition = {"StartAt": "All", "States": {"All": {"Type": "Parallel", "Branches": branches, "End": True}}}
    late = lambda payload: asl.after(5, StatesError("Broken"))  # noqa: E731
    seen = foresee(recorded(definition, B=late, C=lambda payload: asl.after(10)), definition)
    assert named(seen.again) == ["B", "C"]
    assert named(seen.kept) == ["A"]
    assert "was stopped before its answer came" in seen.again[1].why


def looped(field, inner, **more):
    return {"StartAt": "All", "States": {"All": {"Type": field, **inner, **more, "End": True}}}


def test_what_a_parallel_that_is_retried_has_done_may_come_again():
    definition = looped(
        "Parallel", {"Branches": [machine("A"), machine("B")]}, Retry=[{"ErrorEquals": ["Broken"], "MaxAttempts": 1}]
    )
    seen = foresee(recorded(definition, B=lambda payload: asl.after(5, StatesError("Broken"))), definition)
    assert named(seen.again) == ["B"]
    assert named(seen.may) == ["A"]
    assert seen.may[0].why.startswith("can come again if something fails: All has a Retry")


def test_the_iterations_that_are_done_stay_as_they_are():
    def second(payload):
        if payload == 2:
            raise StatesError("Broken")
        return payload

    definition = {"StartAt": "List", "States": {
        "List": {"Type": "Pass", "Result": [1, 3, 2], "Next": "All"},
        **looped("Map", {"ItemProcessor": machine("A", "B")}, MaxConcurrency=1)["States"],
    }}  # fmt: skip
    seen = foresee(recorded(definition, A=lambda payload: payload, B=second), definition)
    assert named(seen.again) == ["B"]
    assert [(step.state, step.why.partition(", the")[0]) for step in seen.kept] == [
        ("A", "in 3 iterations"), ("B", "in 2 iterations"),
    ]  # fmt: skip


def test_the_children_of_a_distributed_map_are_redriven_too():
    processor = {**machine("A"), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    definition = {"StartAt": "List", "States": {
        "List": {"Type": "Pass", "Result": [1], "Next": "All"},
        **looped("Map", {"ItemProcessor": processor})["States"],
    }}  # fmt: skip
    history = recorded(definition, A=failing("Broken"))
    seen = foresee(history, definition)
    assert [(step.state, step.task) for step in seen.again] == [("All", ""), ("A", "${AArn}")]
    assert not seen.safe
    assert foresee(history, definition, parse_config({"tasks": {"A": {"idempotent": "it has a key"}}})).safe


def test_what_fails_again_at_once_is_said():
    definition = machine("A")
    del definition["States"]["A"]["End"]
    definition["States"] |= {"A": {**definition["States"]["A"], "Next": "No"}, "No": {"Type": "Fail", "Error": "Sorry"}}
    (step,) = foresee(recorded(definition), definition).again
    assert (step.state, step.why) == ("No", "it fails again at once, with Sorry: a redrive changes nothing")


def test_what_only_reads_is_safe_by_nature():
    definition = machine("A", A={"Resource": "arn:aws:states:::dynamodb:getItem", "Parameters": {"TableName": "t"}})
    seen = foresee(recorded(definition, A=failing("Broken")), definition)
    assert (seen.safe, seen.again[0].safe) == (True, "it only reads, or starts an execution under a name")


def test_a_definition_that_it_did_not_run_under_foresees_nothing():
    seen = foresee(recorded(machine("A", "B"), B=failing("Broken")), machine("A", "C", "B"))
    assert seen.again == []
    assert seen.differences[0].state == "A"
    assert not seen.safe


def test_aws_redrives_for_two_weeks():
    definition = machine("A")
    engine = Engine(clock=VirtualClock(1_767_225_600), tasks={"A": failing("Broken")})
    execution = engine.start(asl.load(definition), {})
    engine.run()
    assert foresee(recording(execution.history), definition).until == "2026-01-15T00:00:00.000Z"


def test_it_can_be_kept_as_json():
    told = json.loads(json.dumps(foresee(golden("parked"), committed("new_order"), OURS).as_json()))
    assert (told["safe"], told["again"][0]["state"]) == (True, "ParkOrder")
