"""Forecasts of redrives."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

import asl
from asl import StatesError, VirtualClock
from asl.engine.engine import Engine
from asl.lint import parse_config, read_config
from asl.replay import parse_history
from asl.replay.redrive_forecast import forecast_redrive
from tests.replay.histories import DEFINITIONS, load_definition, load_golden

SHOP_CONFIG = read_config(DEFINITIONS.parent / "lint.json")


def state_names(states):
    return [each.state for each in states]


def failing_task(error):
    def task(payload):
        raise StatesError(error, "no luck")

    return task


def task_chain(*names, **more):
    states = {name: {"Type": "Task", "Resource": f"${{{name}Arn}}", "TimeoutSeconds": 15} for name in names}
    for name, following in pairwise(names):
        states[name]["Next"] = following
    states[names[-1]]["End"] = True
    for name, fields in more.items():
        states[name] |= fields
    return {"StartAt": names[0], "States": states}


def record_run(definition, **tasks):
    engine = Engine(tasks={"A": lambda payload: {}, "B": lambda payload: {}, "C": lambda payload: {}, **tasks})
    execution = engine.start(asl.load(definition), {})
    engine.run()
    return parse_history(execution.history)


def test_a_parked_order_continues_from_its_parked_state():
    forecast = forecast_redrive(load_golden("parked"), load_definition("new_order"), SHOP_CONFIG)
    assert state_names(forecast.again) == ["ParkOrder"]
    assert state_names(forecast.maybe_again) == ["AbandonOrder", "VoidAuthorization", "ReleaseInventory", "RejectOrder"]
    assert state_names(forecast.unchanged) == ["ReserveInventory", "AuthorizePayment"]
    assert forecast.maybe_again[0].reason == "can run again: ParkOrder → Resume → AbandonOrder"
    assert forecast.again[0].safety == "one visit parks once, and resumes once"
    assert forecast.safe


def test_a_task_without_declaration_is_not_safe():
    assert not forecast_redrive(load_golden("parked"), load_definition("new_order")).safe


@pytest.mark.parametrize(
    ("story", "reason"), [("confirmed", "it is SUCCEEDED"), ("waits_for_a_review", "it still runs")]
)
def test_only_failed_executions_can_be_redriven(story, reason):
    forecast = forecast_redrive(load_golden(story), load_definition("new_order"), SHOP_CONFIG)
    assert forecast.refusal.startswith(reason)
    assert not forecast.safe


def test_the_forecast_agrees_with_a_recorded_redrive():
    before = forecast_redrive(load_golden("parked"), load_definition("new_order"))
    after = load_golden("parked_and_redriven")
    assert before.again[0].state == next(
        visit.name for visit in after.tree.visits if any(each.scheduled.id > 58 for each in visit.attempts)
    )


def test_a_failed_task_runs_again_and_earlier_ones_do_not():
    definition = task_chain("A", "B", "C")
    forecast = forecast_redrive(record_run(definition, B=failing_task("Broken")), definition)
    assert state_names(forecast.again) == ["B"]
    assert state_names(forecast.unchanged) == ["A"]
    assert forecast.again[0].reason == "it failed with Broken; it is tried again, with all its retries"
    assert forecast.again[0].had_effect is None
    assert forecast.unchanged[0].had_effect is True
    assert forecast.unchanged[0].reason == "the redrive starts after it, and no path leads back"


def test_a_timed_out_task_may_have_had_its_effect():
    definition = task_chain("A", "B")
    forecast = forecast_redrive(record_run(definition, B=lambda payload: asl.NEVER), definition)
    assert (forecast.again[0].outcome, forecast.again[0].had_effect) == ("timed out", None)
    output = {"tasks": {"B": {"idempotent": "it has a key", "key": ["id"]}}}
    assert not forecast.safe
    assert forecast_redrive(record_run(definition, B=lambda payload: asl.NEVER), definition, parse_config(output)).safe


def test_a_path_back_through_a_catch_is_reported():
    again = {"Catch": [{"ErrorEquals": ["Away"], "Next": "A"}]}
    definition = task_chain("A", "B", B=again)
    forecast = forecast_redrive(record_run(definition, B=failing_task("Broken")), definition)
    assert state_names(forecast.maybe_again) == ["A"]
    assert forecast.maybe_again[0].reason == "can run again if something fails: B → A"


def test_in_a_parallel_only_failed_and_stopped_branches_run_again():
    branches = [task_chain(name) for name in ("A", "B", "C")]
    definition = {"StartAt": "All", "States": {"All": {"Type": "Parallel", "Branches": branches, "End": True}}}
    late = lambda payload: asl.after(5, StatesError("Broken"))  # noqa: E731
    forecast = forecast_redrive(record_run(definition, B=late, C=lambda payload: asl.after(10)), definition)
    assert state_names(forecast.again) == ["B", "C"]
    assert state_names(forecast.unchanged) == ["A"]
    assert "was stopped before its result" in forecast.again[1].reason


def single_state(field, inner, **more):
    return {"StartAt": "All", "States": {"All": {"Type": field, **inner, **more, "End": True}}}


def test_finished_branches_of_a_retried_parallel_may_run_again():
    definition = single_state(
        "Parallel",
        {"Branches": [task_chain("A"), task_chain("B")]},
        Retry=[{"ErrorEquals": ["Broken"], "MaxAttempts": 1}],
    )
    forecast = forecast_redrive(
        record_run(definition, B=lambda payload: asl.after(5, StatesError("Broken"))), definition
    )
    assert state_names(forecast.again) == ["B"]
    assert state_names(forecast.maybe_again) == ["A"]
    assert forecast.maybe_again[0].reason.startswith("can run again if something fails: All has a Retry")


def test_finished_iterations_do_not_run_again():
    def second(payload):
        if payload == 2:
            raise StatesError("Broken")
        return payload

    definition = {"StartAt": "List", "States": {
        "List": {"Type": "Pass", "Result": [1, 3, 2], "Next": "All"},
        **single_state("Map", {"ItemProcessor": task_chain("A", "B")}, MaxConcurrency=1)["States"],
    }}  # fmt: skip
    forecast = forecast_redrive(record_run(definition, A=lambda payload: payload, B=second), definition)
    assert state_names(forecast.again) == ["B"]
    assert [(each.state, each.reason.partition(", the")[0]) for each in forecast.unchanged] == [
        ("A", "in 3 iterations"), ("B", "in 2 iterations"),
    ]  # fmt: skip


def test_the_children_of_a_distributed_map_are_redriven_too():
    processor = {**task_chain("A"), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    definition = {"StartAt": "List", "States": {
        "List": {"Type": "Pass", "Result": [1], "Next": "All"},
        **single_state("Map", {"ItemProcessor": processor})["States"],
    }}  # fmt: skip
    history = record_run(definition, A=failing_task("Broken"))
    forecast = forecast_redrive(history, definition)
    assert [(each.state, each.task) for each in forecast.again] == [("All", ""), ("A", "${AArn}")]
    assert not forecast.safe
    assert forecast_redrive(history, definition, parse_config({"tasks": {"A": {"idempotent": "it has a key"}}})).safe


def test_a_fail_state_fails_again_at_once():
    definition = task_chain("A")
    del definition["States"]["A"]["End"]
    definition["States"] |= {"A": {**definition["States"]["A"], "Next": "No"}, "No": {"Type": "Fail", "Error": "Sorry"}}
    (state,) = forecast_redrive(record_run(definition), definition).again
    assert (state.state, state.reason) == ("No", "it fails again at once, with Sorry: a redrive changes nothing")


def test_a_task_that_only_reads_is_safe():
    definition = task_chain("A", A={"Resource": "arn:aws:states:::dynamodb:getItem", "Parameters": {"TableName": "t"}})
    forecast = forecast_redrive(record_run(definition, A=failing_task("Broken")), definition)
    assert (forecast.safe, forecast.again[0].safety) == (True, "it only reads, or starts an execution under a name")


def test_another_definition_gives_no_forecast():
    forecast = forecast_redrive(record_run(task_chain("A", "B"), B=failing_task("Broken")), task_chain("A", "C", "B"))
    assert forecast.again == []
    assert forecast.differences[0].state == "A"
    assert not forecast.safe


def test_a_redrive_is_possible_for_two_weeks():
    definition = task_chain("A")
    engine = Engine(clock=VirtualClock(1_767_225_600), tasks={"A": failing_task("Broken")})
    execution = engine.start(asl.load(definition), {})
    engine.run()
    assert forecast_redrive(parse_history(execution.history), definition).until == "2026-01-15T00:00:00.000Z"


def test_the_forecast_as_json():
    output = json.loads(
        json.dumps(forecast_redrive(load_golden("parked"), load_definition("new_order"), SHOP_CONFIG).as_json())
    )
    assert (output["safe"], output["again"][0]["state"]) == (True, "ParkOrder")
