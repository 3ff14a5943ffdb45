"""Replays under typically edited definitions: the differences, and how the replay continues."""

from __future__ import annotations

import copy
import json

import pytest

import asl
from asl.engine.engine import Engine
from asl.engine.history import events
from asl.replay import InvalidHistory, parse_history, replay
from tests.asl.replay.test_history_shapes import (
    CALLBACK,
    MAP,
    PARALLEL,
    RETRY,
    SLOW,
    edit_states,
    failing_times,
    record_run,
    single_state,
    task_chain,
)
from tests.replay.histories import load_definition, load_golden

ORDER = task_chain("A", "B")
CAUGHT = [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}]


def change_state(definition, name, **fields):
    return edit_states(definition, lambda states: states[name].update(fields))


def catch_with_undo(definition, name):
    new = change_state(definition, name, Catch=CAUGHT)
    new["States"]["Undo"] = {"Type": "Pass", "End": True}
    return new


def differences_of(result):
    return [(each.state, each.event, each.description) for each in result.differences]


def last_cause(result):
    return result.differences[-1].description.partition("; ")[2]


def test_another_timeout_is_a_difference_before_the_result():
    result = replay(record_run(ORDER, **SLOW), change_state(ORDER, "B", TimeoutSeconds=20, HeartbeatSeconds=9))
    description = "the task is called differently: timeoutInSeconds was 15, is 20; heartbeatInSeconds is new: 9"
    assert differences_of(result) == [("B", 7, description)]


def test_a_failure_is_reported_with_its_cause():
    lost = change_state(ORDER, "B", Parameters={"n.$": "$.none"})
    result = replay(record_run(ORDER, **SLOW), lost)
    assert last_cause(result).startswith(
        "it is FAILED with States.Runtime: The JSONPath '$.none' specified for the field"
    )
    assert "goes to no other state, and is FAILED with States.Runtime" in str(result)


def test_an_earlier_end_is_reported():
    result = replay(record_run(ORDER, **SLOW), task_chain("A"))
    assert differences_of(result) == [("A", 6, "the recording goes to B; it ends, SUCCEEDED")]


@pytest.mark.parametrize("limit", [{"TimeoutSeconds": 2}, {"TimeoutSeconds": 2, "Catch": CAUGHT}])
def test_a_result_after_the_timeout_is_not_delivered(limit):
    new = change_state(catch_with_undo(ORDER, "A") if "Catch" in limit else ORDER, "A", **limit)
    result = replay(record_run(ORDER, A=lambda payload: asl.after(12, {}), B=SLOW["B"]), new)
    assert result.differences[-1].description == "it times out after 2 s, before the recorded result"
    assert result.dropped_tasks == ["${BArn}"]
    assert (result.path, result.ending) == (
        (["Undo"], "is SUCCEEDED") if "Catch" in limit else ([], "is FAILED with States.Timeout")
    )


def test_an_attempt_that_times_out_and_is_retried_repeats_its_task():
    retried = change_state(ORDER, "A", TimeoutSeconds=2, Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}])
    result = replay(record_run(ORDER, A=lambda payload: asl.after(12, {}), B=SLOW["B"]), retried)
    assert [(each.state, each.kind) for each in result.repeats] == [("A", "again"), ("B", "later")]


def test_an_expired_machine_timeout_ends_the_replay():
    result = replay(record_run(ORDER, A=lambda payload: asl.after(12, {}), B=SLOW["B"]), ORDER | {"TimeoutSeconds": 2})
    assert (result.path, result.ending) == ([], "is TIMED_OUT with States.Timeout")


def test_a_wait_that_ends_before_the_recorded_timeout_diverges():
    wait = {"Type": "Wait", "Seconds": 600, "Next": "A"}
    waiting = {"StartAt": "Pause", "TimeoutSeconds": 60, "States": {"Pause": wait, **task_chain("A")["States"]}}
    result = replay(record_run(waiting), change_state(waiting, "Pause", Seconds=10))
    assert differences_of(result) == [("Pause", 2, "the recording still waits after 60 s; it goes on after 10 s")]
    assert result.new_tasks == ["${AArn}"]
    assert replay(record_run(waiting), change_state(waiting, "Pause", Seconds=900)).same


def test_an_added_catch_diverges_before_the_redrive():
    history = record_run(ORDER, redrives=1, A=SLOW["A"], B=failing_times(1))
    result = replay(history, catch_with_undo(ORDER, "B"))
    (failed,) = [event.id for event in history.events if event.kind == "LambdaFunctionFailed"]
    assert differences_of(result) == [("B", failed, "the recording fails there with Broken; it goes on to Undo")]


def test_an_added_retry_repeats_the_task_of_a_redrive():
    result = replay(
        record_run(ORDER, redrives=1, A=SLOW["A"], B=failing_times(1)), change_state(ORDER, "B", Retry=RETRY)
    )
    assert [(each.state, each.kind) for each in result.repeats] == [("B", "later")]


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_another_concurrency_of_a_map_is_no_difference(limit):
    result = replay(record_run(MAP, [1, 2, 3, 4], **SLOW), change_state(MAP, "Only", MaxConcurrency=limit))
    assert result.differences == []


def test_an_iteration_that_cannot_start_yet_diverges():
    tasks = {"A": lambda n: n, "B": lambda n: asl.NEVER if n == 1 else n}
    result = replay(record_run(MAP, [1, 2, 3], advance=5, **tasks), change_state(MAP, "Only", MaxConcurrency=1))
    assert differences_of(result) == [("Only", 2, "the recording has begun with item 1 by then; it hasn't")]


def test_another_number_of_items_diverges_at_the_map():
    result = replay(record_run(MAP, [1, 2, 3], **SLOW), change_state(MAP, "Only", ItemsPath="$[0:2]"))
    assert differences_of(result) == [("Only", 2, "the recording has 3 items, it has 2")]


def test_a_map_made_distributed_drops_no_task():
    new = edit_states(MAP, lambda states: states["Only"]["ItemProcessor"].update(ProcessorConfig={
        "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD",
    }))  # fmt: skip
    result = replay(record_run(MAP, [1, 2], **SLOW), new)
    description = "the recording runs its items inline; it runs them as child executions"
    assert differences_of(result) == [("Only", 2, description)]
    assert result.dropped_tasks == []


def test_an_added_branch_diverges_while_the_others_run():
    history = record_run(PARALLEL, advance=4, **SLOW)
    assert history.running
    result = replay(history, edit_states(PARALLEL, lambda states: states["Only"]["Branches"].append(task_chain("E"))))
    assert differences_of(result) == [("Only", 2, "the recording hasn't begun any branch with E; it has")]


def test_a_removed_branch_diverges_at_the_parallel():
    result = replay(
        record_run(PARALLEL, **SLOW), edit_states(PARALLEL, lambda states: states["Only"]["Branches"].pop())
    )
    assert differences_of(result) == [("Only", 2, "the recording has begun a branch with C; it hasn't")]


def test_the_same_difference_of_all_iterations_is_printed_once():
    new = change_state(MAP, "Only", ItemSelector={"n.$": "$$.Map.Item.Value", "x": 1})
    text = str(replay(record_run(MAP, [{"n": 1}, {"n": 1}], **SLOW), new))
    assert text.count("  A: the task is called differently") == 1
    assert "(2 times)" in text


INVOKED = {
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "${AArn}", "Payload.$": "$"},
    "OutputPath": "$.Payload",
}


def test_a_function_called_by_lambda_invoke_is_the_same_task():
    plain, invoked = ORDER, change_state(ORDER, "A", **INVOKED)
    assert replay(record_run(plain, **SLOW), invoked).differences == []
    assert replay(record_run(invoked, **SLOW, AArn=SLOW["A"]), plain).differences == []
    other = change_state(invoked, "A", Parameters={"FunctionName": "${AArn}", "Payload": {"n": 1}})
    assert last_cause(replay(record_run(plain, **SLOW), other)) == ""
    assert (
        differences_of(replay(record_run(plain, **SLOW), other))[0][2]
        == "the task is called differently: $.n is new: 1"
    )


def test_a_removed_callback_is_a_difference():
    history = record_run(CALLBACK, AskArn=lambda payload: asl.callback({"yes": True}))
    parameters = {"FunctionName": "AskArn", "Payload": {"who.$": "$$.Execution.Name"}}
    new = change_state(CALLBACK, "Only", Resource=INVOKED["Resource"], Parameters=parameters)
    description = differences_of(replay(history, new))[0][2]
    assert "it was called by lambda:invoke.waitForTaskToken, it is by lambda:invoke; $.Payload.token" in description


def test_another_placeholder_is_another_function():
    result = replay(record_run(ORDER, **SLOW), change_state(ORDER, "A", Resource="${PayArn}"))
    assert differences_of(result) == [("A", 2, "the task is called differently: it called ${AArn}, it calls ${PayArn}")]


def test_a_placeholder_gets_the_function_of_its_state_unless_the_names_contradict():
    deployed = change_state(task_chain("A"), "A", Resource="arn:aws:lambda:eu-west-1:111122223333:function:shop-worker")
    history = parse_history(asl.load(deployed).run({}, tasks={"A": lambda payload: {}}).history)
    assert replay(history, change_state(task_chain("A"), "A", Resource="${Fn}")).same


@pytest.mark.parametrize("story", ["too_late", "cancelled"])
def test_a_history_of_another_machine_is_refused(story):
    with pytest.raises(InvalidHistory, match="history of another machine: it begins with TakeOrder"):
        replay(load_golden(story, "cancel_order"), load_definition("new_order"))


def test_a_machine_with_all_states_renamed_is_accepted():
    renamed = json.loads(json.dumps(ORDER).replace('"A"', '"Do"').replace('"B"', '"Then"'))
    assert differences_of(replay(record_run(ORDER, **SLOW), renamed)) == [
        ("Do", 0, "the recording goes to A, it goes to Do")
    ]


def distributed(first="A"):
    processor = {**task_chain(first, "B"), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return single_state(Type="Map", ItemsPath="$.all", ItemProcessor=processor)


def test_a_child_replays_with_its_processor_after_a_rename():
    engine = Engine(tasks=SLOW)
    execution = engine.start(asl.load(distributed()), {"all": [1]})
    engine.run()
    (map_run,) = execution.map_runs
    child = parse_history(events(map_run.children[0].history_builder.records))
    assert differences_of(replay(child, distributed("Do"))) == [("Do", 0, "the recording goes to A, it goes to Do")]


def test_a_distributed_map_without_items_is_reported_with_its_cause():
    result = replay(
        record_run(distributed(), {"all": [1]}, **SLOW), change_state(distributed(), "Only", ItemsPath="$.none")
    )
    assert differences_of(result)[0][:2] == ("Only", 2)
    assert last_cause(result).startswith("it is FAILED with States.Runtime: Invalid path '$.none'")


# Changed states ahead of running executions.

AHEAD = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [task_chain("A"), single_state(Type="Wait", Seconds=100)],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}],
            "Next": "B",
        },
        "B": task_chain("B")["States"]["B"],
        "Undo": {"Type": "Pass", "End": True},
    },
}


def changed_ahead(change):
    engine = Engine(tasks=SLOW)
    execution = engine.start(asl.load(AHEAD), {})
    engine.advance(20)
    new = copy.deepcopy(AHEAD)
    change(new["States"])
    return replay(parse_history(execution.history), new, deployed=AHEAD).ahead


def test_states_after_a_parallel_are_ahead_of_its_branches():
    assert changed_ahead(lambda states: states["B"].update(TimeoutSeconds=99)) == ["B"]
    assert changed_ahead(lambda states: states["Undo"].update(Result=1)) == ["Undo"]
    assert changed_ahead(lambda states: states["Both"].update(ResultPath="$.both")) == ["Both"]
    assert changed_ahead(lambda states: states["Both"]["Branches"].append(task_chain("E"))) == ["Both"]


def test_a_comment_is_no_change():
    def comment(states):
        states["B"]["Comment"] = states["Both"]["Comment"] = states["Both"]["Branches"][0]["Comment"] = "Why."
        states["Both"]["Catch"][0]["Comment"] = "Why."

    assert changed_ahead(comment) == []
    assert changed_ahead(lambda states: states["Both"]["Branches"][0]["States"]["A"].update(Comment="Done.")) == []


def test_abandoned_branches_are_not_current():
    definition = copy.deepcopy(PARALLEL)
    definition["States"]["Only"] |= {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Pause"}]}
    definition["States"]["Pause"] = {"Type": "Wait", "Seconds": 100, "End": True}
    history = record_run(definition, advance=20, **SLOW | {"C": failing_times(9)})
    assert replay(history, definition, deployed=definition).waits_in == ["Pause"]
    assert replay(history, edit_states(definition, lambda states: None), deployed=definition).ahead == []
