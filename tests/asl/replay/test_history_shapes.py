"""Replays of histories of all shapes: branches, iterations, callbacks, timers, nested executions, redrives, exports."""

from __future__ import annotations

import copy
import json
from itertools import pairwise

import pytest

import asl
from asl import StatesError
from asl.engine.engine import Engine
from asl.engine.history import events
from asl.replay import InvalidHistory, parse_history, replay

WORK = {"Type": "Task", "Resource": "${WorkArn}", "TimeoutSeconds": 15, "End": True}
ORDERS = {"StartAt": "Work", "States": {"Work": WORK}}


def record_run(definition, value=None, *, advance=None, redrives=0, machines=(), **tasks):
    """Run an execution of a definition; returns its recording."""
    engine = Engine(tasks=tasks)
    for machine in machines:
        engine.add(machine)
    execution = engine.start(asl.load(definition, name="Outer"), {} if value is None else value, name="one")
    if advance is None:
        engine.run()
    else:
        engine.advance(advance)
    while redrives and execution.status == "FAILED":
        redrives -= 1
        engine.redrive(execution)
        engine.run()
    return parse_history(execution.history, name="one")


def failing_times(count, error="Broken"):
    """A task that fails `count` times, then succeeds."""
    remaining = [count]

    def task(payload):
        remaining[0] -= 1
        if remaining[0] >= 0:
            raise StatesError(error)
        return {"n": payload}

    return task


def edit_states(definition, change):
    new = copy.deepcopy(definition)
    change(new["States"])
    return new


def single_state(**state):
    return {"StartAt": "Only", "States": {"Only": {"End": True, **state}}}


def task_chain(*names):
    states = {name: {**WORK, "Resource": f"${{{name}Arn}}"} for name in names}
    for name, following in pairwise(names):
        del states[name]["End"]
        states[name]["Next"] = following
    return {"StartAt": names[0], "States": states}


RETRY = [{"ErrorEquals": ["Broken"], "MaxAttempts": 2, "JitterStrategy": "FULL"}]
PARALLEL = single_state(Type="Parallel", Branches=[task_chain("A", "B"), task_chain("C", "D")])
MAP = single_state(Type="Map", MaxConcurrency=2, ItemProcessor=task_chain("A", "B"))
INNER = {"Type": "Map", "ItemProcessor": task_chain("A", "B"), "End": True}
NESTED_MAP = single_state(Type="Map", ItemProcessor={"StartAt": "Inner", "States": {"Inner": INNER}})
WAIT = single_state(Type="Wait", Seconds=3600)
CHILD = asl.load(ORDERS, name="Child")
SYNC = single_state(
    Type="Task",
    Resource="arn:aws:states:::states:startExecution.sync:2",
    Parameters={"StateMachineArn": CHILD.arn, "Input": {"n": 1}},
)
CALLBACK = single_state(
    Type="Task",
    Resource="arn:aws:states:::lambda:invoke.waitForTaskToken",
    Parameters={"FunctionName": "AskArn", "Payload": {"token.$": "$$.Task.Token", "who.$": "$$.Execution.Name"}},
    TimeoutSeconds=86400,
)
SLOW = {
    "A": lambda payload: asl.after(5, {"did": "A"}),
    "B": lambda payload: asl.after(3, {"did": "B"}),
    "C": lambda payload: asl.after(1, {"did": "C"}),
    "D": lambda payload: asl.after(9, {"did": "D"}),
}
RETRIED_MAP = {**MAP["States"]["Only"], "Retry": RETRY}
SHAPES = {
    "parallel": (PARALLEL, {}, SLOW),
    "parallel, retried": (
        single_state(Type="Parallel", Retry=RETRY, Branches=[task_chain("A", "B"), task_chain("C")]),
        {}, SLOW | {"C": failing_times(1)},
    ),
    "parallel, failed": (PARALLEL, {}, SLOW | {"B": failing_times(9)}),
    "map": (MAP, [1, 2, 3, 4], SLOW),
    "map, retried": (single_state(**RETRIED_MAP), [1, 2], {**SLOW, "B": failing_times(2)}),
    "map in a map": (NESTED_MAP, [[1, 2], [3], []], SLOW),
    "map, empty": (MAP, [], SLOW),
    "wait": (WAIT, {}, {}),
    "task, retried": (single_state(**{**WORK, "Retry": RETRY}), {}, {"Only": failing_times(2)}),
    "task, timed out": (single_state(**WORK), {}, {"Only": lambda payload: asl.NEVER}),
    "callback": (CALLBACK, {}, {"AskArn": lambda payload: asl.callback({"yes": True})}),
    "callback, unanswered": (CALLBACK, {}, {"AskArn": lambda payload: asl.NEVER}),
    "uuid": (single_state(Type="Pass", Parameters={"id.$": "States.UUID()"}), {}, {}),
}  # fmt: skip


@pytest.mark.parametrize(("definition", "value", "tasks"), SHAPES.values(), ids=SHAPES)
def test_a_history_of_any_shape_replays_the_same(definition, value, tasks):
    assert replay(record_run(definition, value, **tasks), definition).differences == []


@pytest.mark.parametrize(
    ("definition", "value"),
    [(PARALLEL, {}), (MAP, [1, 2, 3]), (NESTED_MAP, [[1, 2], [3]])],
    ids=["parallel", "map", "nested"],
)
@pytest.mark.parametrize("count", [1, 3])
def test_a_redriven_history_replays_the_same(definition, value, count):
    tasks = {**SLOW, "B": failing_times(count)}
    history = record_run(definition, value, redrives=count, **tasks)
    assert history.status == "SUCCEEDED"
    assert replay(history, definition).differences == []


def test_a_redriven_branch_is_recognized_by_its_input():
    definition = single_state(Type="Parallel", Branches=[task_chain("A"), task_chain("B"), task_chain("C")])
    history = record_run(definition, redrives=1, A=SLOW["A"], B=failing_times(1), C=SLOW["D"])
    assert [visit.name for visit in history.tree.visits if len(visit.attempts) == 2] == ["A", "B", "C"]
    assert replay(history, definition).same


def test_a_branch_is_compared_with_its_own_recording():
    new = edit_states(PARALLEL, lambda states: states["Only"]["Branches"][1]["States"]["C"].update(Next="E"))
    new["States"]["Only"]["Branches"][1]["States"]["E"] = {"Type": "Pass", "Next": "D"}
    result = replay(record_run(PARALLEL, **SLOW), new)
    assert [(each.state, each.description) for each in result.differences] == [
        ("C", "the recording goes to D, it goes to E")
    ]
    assert [repeat.state for repeat in result.repeats] == ["D"]


def test_an_iteration_is_compared_with_its_own_recording():
    def odd(states):
        states["Only"]["ItemProcessor"]["States"]["A"]["Next"] = "Odd"
        states["Only"]["ItemProcessor"]["States"]["Odd"] = {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 3, "Next": "B"}],
            "Default": "B",
        }

    result = replay(record_run(MAP, [1, 2, 3], A=lambda n: n, B=lambda n: n), edit_states(MAP, odd))
    assert result.differences[0].description == "the recording goes to B, it goes to Odd"
    assert [repeat.state for repeat in result.repeats] == ["B", "B", "B"]


def test_a_longer_wait_is_a_difference_without_divergence():
    result = replay(record_run(WAIT), single_state(Type="Wait", Seconds=7200))
    assert [(each.kind, each.description) for each in result.differences] == [
        ("waits", "it waits 3600 s longer than the recording")
    ]


def test_a_shorter_machine_timeout_diverges():
    result = replay(record_run(WAIT), WAIT | {"TimeoutSeconds": 60})
    assert result.differences[0].description == "it times out as a whole after 60 s"


def test_a_nested_execution_is_replayed_as_a_task():
    history = record_run(SYNC, machines=[CHILD], Work=lambda payload: {"m": 2})
    assert replay(history, SYNC).same
    starter = edit_states(SYNC, lambda states: states["Only"]["Parameters"]["Input"].update(n=2))
    assert (
        replay(history, starter).differences[0].description == "the task is called differently: $.Input.n was 1, is 2"
    )


def test_a_distributed_map_takes_its_recorded_output_and_its_children_replay_with_its_processor():
    processor = {**task_chain("A", "B"), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    definition = {
        "StartAt": "Every",
        "States": {
            "Every": {
                "Type": "Map",
                "ItemProcessor": processor,
                "ResultPath": "$.done",
                "ItemsPath": "$.all",
                "Next": "C",
            },
            "C": {**WORK, "Resource": "${CArn}"},
        },
    }
    engine = Engine(tasks=SLOW)
    execution = engine.start(asl.load(definition), {"all": [1, 2]})
    engine.run()
    assert replay(parse_history(execution.history), definition).same
    (map_run,) = execution.map_runs
    child = parse_history(events(map_run.children[1].history_builder.records))
    assert replay(child, definition).same
    processor["States"] = {"A": {**WORK, "Resource": "${AArn}"}}
    assert not replay(child, definition).same


def test_an_aborted_or_running_execution_is_compared_up_to_its_last_event():
    definition = task_chain("A", "B")
    engine = Engine(tasks={"A": lambda payload: {}, "B": lambda payload: asl.NEVER})
    execution = engine.start(asl.load(definition), {})
    engine.advance(1)
    running = replay(parse_history(execution.history), definition)
    assert (running.same, running.status, running.waits_in) == (True, "RUNNING", ["B"])
    engine.stop(execution, "Enough")
    assert replay(parse_history(execution.history), definition).same
    other = edit_states(definition, lambda states: states.update(B={"Type": "Pass", "End": True}))
    assert (
        replay(parse_history(execution.history), other).differences[0].description
        == "it was a Task state, it is a Pass state"
    )


# Exports.

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:shop-Work-9F2"
NAMED = edit_states(ORDERS, lambda states: states["Work"].update(Parameters={"execution.$": "$$.Execution.Id"}))


def deployed_history():
    """A history from AWS, with deployed ARNs and another account."""
    definition = edit_states(NAMED, lambda states: states["Work"].update(Resource=ARN))
    machine = asl.load(definition, arn="arn:aws:states:eu-west-1:111122223333:stateMachine:Shop", name="Shop")
    return machine.run(
        {"n": 1}, tasks={"Work": lambda payload: 1, "shop-Work-9F2": lambda payload: 1}, name="ord_7"
    ).history


@pytest.mark.parametrize("form", ["boto3", "iso", "epoch", "reversed", "events alone"])
def test_every_form_of_export_is_read(form):
    events_of_export = deployed_history()
    shapes = {"iso": lambda moment: moment.isoformat(), "epoch": lambda moment: moment.timestamp()}
    if form in shapes:
        events_of_export = json.loads(
            json.dumps([{**event, "timestamp": shapes[form](event["timestamp"])} for event in events_of_export])
        )
    if form == "reversed":
        events_of_export = events_of_export[::-1]
    history = parse_history(events_of_export if form == "events alone" else {"events": events_of_export})
    assert replay(history, NAMED).differences == []


def test_placeholders_get_their_deployed_values_in_a_renamed_state():
    renamed = {"StartAt": "Do", "States": {"Do": NAMED["States"]["Work"]}}
    result = replay(parse_history(deployed_history()), renamed)
    assert [(repeat.task, repeat.state, repeat.recorded_in) for repeat in result.repeats] == [(ARN, "Do", "Work")]


def test_another_function_in_the_same_state_is_a_difference():
    other = edit_states(NAMED, lambda states: states["Work"].update(Resource=ARN.replace("Work", "Play")))
    (difference,) = replay(parse_history(deployed_history()), other).differences
    assert difference.kind == "asks"
    assert "calls arn:aws:lambda:eu-west-1:111122223333:function:shop-Play-9F2" in difference.description


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ({"events": []}, "no events"),
        ({"events": deployed_history()[1:]}, "begin with ExecutionStarted"),
        ({"events": deployed_history()[:2] + deployed_history()[3:]}, "without a gap"),
        ({"events": deployed_history(), "nextToken": "more"}, "nextToken"),
        ({"events": deployed_history()[:4], "NextToken": "more"}, "NextToken"),
        ({"events": [{"type": "ExecutionStarted"}]}, "invalid event"),
        ({"events": [{**deployed_history()[0], "executionStartedEventDetails": {}}]}, "it was exported without"),
        ([1], "invalid event"),
        ([{**deployed_history()[0], "timestamp": 1767225600000}], "event 1 .ExecutionStarted.: year 57971"),
        ([{**deployed_history()[0], "type": 4}], "its type is 4"),
        (
            [*deployed_history()[:1], {**deployed_history()[1], "stateEnteredEventDetails": {"input": "{}"}}],
            "event 2 .* names no state",
        ),
        ([*deployed_history()[:2], {**deployed_history()[2], "previousEventId": 9}], "event 3 .* follows event 9"),
        (
            [{**deployed_history()[0], "executionStartedEventDetails": {"input": "{"}}],
            "event 1 .ExecutionStarted.: Expecting",
        ),
    ],
)
def test_an_incomplete_or_invalid_history_is_refused(history, message):
    with pytest.raises(InvalidHistory, match=message):
        parse_history(history)


def test_a_task_timeout_during_events_of_another_branch_diverges():
    both = single_state(Type="Parallel", Branches=[task_chain("A"), task_chain("B")])
    both["States"]["Only"]["Branches"][0]["States"]["A"]["TimeoutSeconds"] = 90
    slow = {"A": lambda payload: asl.after(60), "B": lambda payload: asl.after(12)}
    less = edit_states(both, lambda states: states["Only"]["Branches"][0]["States"]["A"].update(TimeoutSeconds=2))
    result = replay(record_run(both, **slow), less)
    assert [(each.state, each.kind) for each in result.differences] == [("A", "asks"), ("A", "flow")]
    assert result.differences[1].description == "the recording waits on for its result; it times out after 2 s"
