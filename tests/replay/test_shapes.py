"""Every shape of a history: branches, iterations, callbacks, timers, nested executions, redrives, exports."""

from __future__ import annotations

import copy
import json
from itertools import pairwise

import pytest

import asl
from asl import StatesError
from asl.engine.engine import Engine
from asl.engine.history import events
from asl.replay import BadHistory, recording, replay

WORK = {"Type": "Task", "Resource": "${WorkArn}", "TimeoutSeconds": 15, "End": True}
ORDERS = {"StartAt": "Work", "States": {"Work": WORK}}


def run(definition, value=None, *, advance=None, redrives=0, machines=(), **tasks):
    """Run an execution of a definition; its recording."""
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
    return recording(execution.history, name="one")


def times(count, error="Broken"):
    """A task that fails so many times first."""
    left = [count]

    def task(payload):
        left[0] -= 1
        if left[0] >= 0:
            raise StatesError(error)
        return {"n": payload}

    return task


def edited(definition, change):
    new = copy.deepcopy(definition)
    change(new["States"])
    return new


def single(**state):
    return {"StartAt": "Only", "States": {"Only": {"End": True, **state}}}


def branch(*names):
    states = {name: {**WORK, "Resource": f"${{{name}Arn}}"} for name in names}
    for name, following in pairwise(names):
        del states[name]["End"]
        states[name]["Next"] = following
    return {"StartAt": names[0], "States": states}


RETRY = [{"ErrorEquals": ["Broken"], "MaxAttempts": 2, "JitterStrategy": "FULL"}]
PARALLEL = single(Type="Parallel", Branches=[branch("A", "B"), branch("C", "D")])
MAP = single(Type="Map", MaxConcurrency=2, ItemProcessor=branch("A", "B"))
INNER = {"Type": "Map", "ItemProcessor": branch("A", "B"), "End": True}
NESTED_MAP = single(Type="Map", ItemProcessor={"StartAt": "Inner", "States": {"Inner": INNER}})
WAIT = single(Type="Wait", Seconds=3600)
CHILD = asl.load(ORDERS, name="Child")
SYNC = single(
    Type="Task",
    Resource="arn:aws:states:::states:startExecution.sync:2",
    Parameters={"StateMachineArn": CHILD.arn, "Input": {"n": 1}},
)
CALLBACK = single(
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
        single(Type="Parallel", Retry=RETRY, Branches=[branch("A", "B"), branch("C")]), {}, SLOW | {"C": times(1)},
    ),
    "parallel, failed": (PARALLEL, {}, SLOW | {"B": times(9)}),
    "map": (MAP, [1, 2, 3, 4], SLOW),
    "map, retried": (single(**RETRIED_MAP), [1, 2], {**SLOW, "B": times(2)}),
    "map in a map": (NESTED_MAP, [[1, 2], [3], []], SLOW),
    "map, empty": (MAP, [], SLOW),
    "wait": (WAIT, {}, {}),
    "task, retried": (single(**{**WORK, "Retry": RETRY}), {}, {"Only": times(2)}),
    "task, timed out": (single(**WORK), {}, {"Only": lambda payload: asl.NEVER}),
    "callback": (CALLBACK, {}, {"AskArn": lambda payload: asl.callback({"yes": True})}),
    "callback, unanswered": (CALLBACK, {}, {"AskArn": lambda payload: asl.NEVER}),
    "uuid": (single(Type="Pass", Parameters={"id.$": "States.UUID()"}), {}, {}),
}  # fmt: skip


@pytest.mark.parametrize(("definition", "value", "tasks"), SHAPES.values(), ids=SHAPES)
def test_a_history_of_any_shape_replays_the_same(definition, value, tasks):
    assert replay(run(definition, value, **tasks), definition).differences == []


@pytest.mark.parametrize(
    ("definition", "value"),
    [(PARALLEL, {}), (MAP, [1, 2, 3]), (NESTED_MAP, [[1, 2], [3]])],
    ids=["parallel", "map", "nested"],
)
@pytest.mark.parametrize("count", [1, 3])
def test_a_redriven_history_replays_the_same(definition, value, count):
    tasks = {**SLOW, "B": times(count)}
    history = run(definition, value, redrives=count, **tasks)
    assert history.status == "SUCCEEDED"
    assert replay(history, definition).differences == []


def test_a_redrive_takes_up_each_branch_by_what_it_asked():
    definition = single(Type="Parallel", Branches=[branch("A"), branch("B"), branch("C")])
    history = run(definition, redrives=1, A=SLOW["A"], B=times(1), C=SLOW["D"])
    assert [visit.name for visit in history.visits.all if len(visit.tries) == 2] == ["A", "B", "C"]
    assert replay(history, definition).same


def test_a_branch_is_compared_with_its_own_recording():
    new = edited(PARALLEL, lambda states: states["Only"]["Branches"][1]["States"]["C"].update(Next="E"))
    new["States"]["Only"]["Branches"][1]["States"]["E"] = {"Type": "Pass", "Next": "D"}
    verdict = replay(run(PARALLEL, **SLOW), new)
    assert [(each.state, each.how) for each in verdict.differences] == [("C", "the recording goes to D, it goes to E")]
    assert [repeat.state for repeat in verdict.repeats] == ["D"]


def test_an_iteration_is_compared_with_its_own_recording():
    def odd(states):
        states["Only"]["ItemProcessor"]["States"]["A"]["Next"] = "Odd"
        states["Only"]["ItemProcessor"]["States"]["Odd"] = {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 3, "Next": "B"}],
            "Default": "B",
        }

    verdict = replay(run(MAP, [1, 2, 3], A=lambda n: n, B=lambda n: n), edited(MAP, odd))
    assert verdict.differences[0].how == "the recording goes to B, it goes to Odd"
    assert [repeat.state for repeat in verdict.repeats] == ["B", "B", "B"]


def test_a_wait_that_is_longer_is_noted_and_the_way_stays():
    verdict = replay(run(WAIT), single(Type="Wait", Seconds=7200))
    assert [(each.kind, each.how) for each in verdict.differences] == [
        ("waits", "it waits 3600 s longer than the recording")
    ]


def test_a_machine_that_is_given_less_time_would_have_timed_out():
    verdict = replay(run(WAIT), WAIT | {"TimeoutSeconds": 60})
    assert verdict.differences[0].how == "it times out as a whole after 60 s"


def test_a_nested_execution_is_an_answer_like_others():
    history = run(SYNC, machines=[CHILD], Work=lambda payload: {"m": 2})
    assert replay(history, SYNC).same
    starter = edited(SYNC, lambda states: states["Only"]["Parameters"]["Input"].update(n=2))
    assert replay(history, starter).differences[0].how == "the task is asked something else: $.Input.n was 1, is 2"


def test_a_distributed_map_hands_on_what_it_did_and_its_children_are_replayed_by_its_processor():
    processor = {**branch("A", "B"), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
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
    assert replay(recording(execution.history), definition).same
    (map_run,) = execution.map_runs
    child = recording(events(map_run.children[1].history_builder.records))
    assert replay(child, definition).same
    processor["States"] = {"A": {**WORK, "Resource": "${AArn}"}}
    assert not replay(child, definition).same


def test_an_execution_that_was_aborted_or_still_runs_is_compared_as_far_as_it_went():
    definition = branch("A", "B")
    engine = Engine(tasks={"A": lambda payload: {}, "B": lambda payload: asl.NEVER})
    execution = engine.start(asl.load(definition), {})
    engine.advance(1)
    running = replay(recording(execution.history), definition)
    assert (running.same, running.status, running.waits_in) == (True, "RUNNING", ["B"])
    engine.stop(execution, "Enough")
    assert replay(recording(execution.history), definition).same
    other = edited(definition, lambda states: states.update(B={"Type": "Pass", "End": True}))
    assert replay(recording(execution.history), other).differences[0].how == "it was a Task state, it is a Pass state"


# How it was exported.

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:shop-Work-9F2"
NAMED = edited(ORDERS, lambda states: states["Work"].update(Parameters={"execution.$": "$$.Execution.Id"}))


def deployed():
    """A history from AWS: deployed ARNs, and an execution of another account."""
    definition = edited(NAMED, lambda states: states["Work"].update(Resource=ARN))
    machine = asl.load(definition, arn="arn:aws:states:eu-west-1:111122223333:stateMachine:Shop", name="Shop")
    return machine.run(
        {"n": 1}, tasks={"Work": lambda payload: 1, "shop-Work-9F2": lambda payload: 1}, name="ord_7"
    ).history


@pytest.mark.parametrize("form", ["boto3", "iso", "epoch", "reversed", "events alone"])
def test_every_form_of_export_is_read(form):
    told = deployed()
    shapes = {"iso": lambda moment: moment.isoformat(), "epoch": lambda moment: moment.timestamp()}
    if form in shapes:
        told = json.loads(json.dumps([{**event, "timestamp": shapes[form](event["timestamp"])} for event in told]))
    if form == "reversed":
        told = told[::-1]
    history = recording(told if form == "events alone" else {"events": told})
    assert replay(history, NAMED).differences == []


def test_placeholders_stand_for_what_was_deployed_even_under_a_new_state_s_name():
    renamed = {"StartAt": "Do", "States": {"Do": NAMED["States"]["Work"]}}
    verdict = replay(recording(deployed()), renamed)
    assert [(repeat.task, repeat.state, repeat.recorded_in) for repeat in verdict.repeats] == [(ARN, "Do", "Work")]


def test_another_function_under_the_same_name_is_said():
    other = edited(NAMED, lambda states: states["Work"].update(Resource=ARN.replace("Work", "Play")))
    (difference,) = replay(recording(deployed()), other).differences
    assert difference.kind == "asks"
    assert "function:shop-Play-9F2 is" in difference.how


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ({"events": []}, "no events"),
        ({"events": deployed()[1:]}, "begin with ExecutionStarted"),
        ({"events": deployed()[:2] + deployed()[3:]}, "without a gap"),
        ({"events": deployed(), "nextToken": "more"}, "nextToken"),
        ({"events": deployed()[:4], "NextToken": "more"}, "NextToken"),
        ({"events": [{"type": "ExecutionStarted"}]}, "an event that is none"),
        ({"events": [{**deployed()[0], "executionStartedEventDetails": {}}]}, "it was exported without"),
        ([1], "an event that is none"),
        ([{**deployed()[0], "timestamp": 1767225600000}], "event 1 .ExecutionStarted.: year 57971"),
        ([{**deployed()[0], "type": 4}], "its type is 4"),
        (
            [*deployed()[:1], {**deployed()[1], "stateEnteredEventDetails": {"input": "{}"}}],
            "event 2 .* names no state",
        ),
        ([*deployed()[:2], {**deployed()[2], "previousEventId": 9}], "event 3 .* follows event 9"),
        ([{**deployed()[0], "executionStartedEventDetails": {"input": "{"}}], "event 1 .ExecutionStarted.: Expecting"),
    ],
)
def test_what_is_no_whole_history_is_refused(history, said):
    with pytest.raises(BadHistory, match=said):
        recording(history)


def test_a_task_beside_what_happens_would_have_timed_out_meanwhile():
    both = single(Type="Parallel", Branches=[branch("A"), branch("B")])
    both["States"]["Only"]["Branches"][0]["States"]["A"]["TimeoutSeconds"] = 90
    slow = {"A": lambda payload: asl.after(60), "B": lambda payload: asl.after(12)}
    less = edited(both, lambda states: states["Only"]["Branches"][0]["States"]["A"].update(TimeoutSeconds=2))
    verdict = replay(run(both, **slow), less)
    assert [(each.state, each.kind) for each in verdict.differences] == [("A", "asks"), ("A", "flow")]
    assert verdict.differences[1].how == "the recording waits on for its answer; it times out after 2 s"
