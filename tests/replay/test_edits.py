"""Edits as people make them: what is said of each, where, and how it then goes on."""

from __future__ import annotations

import copy
import json

import pytest

import asl
from asl.engine.engine import Engine
from asl.engine.history import events
from asl.replay import BadHistory, recording, replay
from tests.replay.test_golden import committed, golden
from tests.replay.test_shapes import CALLBACK, MAP, PARALLEL, RETRY, SLOW, branch, edited, run, single, times

ORDER = branch("A", "B")
CAUGHT = [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}]


def changed(definition, name, **fields):
    return edited(definition, lambda states: states[name].update(fields))


def with_undo(definition, name):
    new = changed(definition, name, Catch=CAUGHT)
    new["States"]["Undo"] = {"Type": "Pass", "End": True}
    return new


def told(verdict):
    return [(each.state, each.event, each.how) for each in verdict.differences]


def cause(verdict):
    return verdict.differences[-1].how.partition("; ")[2]


def test_a_question_differs_before_its_answer():
    verdict = replay(run(ORDER, **SLOW), changed(ORDER, "B", TimeoutSeconds=20, HeartbeatSeconds=9))
    how = "the task is asked something else: timeoutInSeconds was 15, is 20; heartbeatInSeconds is new: 9"
    assert told(verdict) == [("B", 7, how)]


def test_what_fails_is_said_with_its_cause():
    lost = changed(ORDER, "B", Parameters={"n.$": "$.none"})
    verdict = replay(run(ORDER, **SLOW), lost)
    assert cause(verdict).startswith("it is FAILED with States.Runtime: The JSONPath '$.none' specified for the field")
    assert "goes to no other state, and is FAILED with States.Runtime" in str(verdict)


def test_what_ends_early_says_so():
    verdict = replay(run(ORDER, **SLOW), branch("A"))
    assert told(verdict) == [("A", 6, "the recording goes to B; it ends, SUCCEEDED")]


@pytest.mark.parametrize("limit", [{"TimeoutSeconds": 2}, {"TimeoutSeconds": 2, "Catch": CAUGHT}])
def test_an_answer_that_comes_too_late_is_not_lent(limit):
    new = changed(with_undo(ORDER, "A") if "Catch" in limit else ORDER, "A", **limit)
    verdict = replay(run(ORDER, A=lambda payload: asl.after(12, {}), B=SLOW["B"]), new)
    assert verdict.differences[-1].how == "it times out after 2 s, before the recorded answer came"
    assert verdict.dropped == ["${BArn}"]
    assert (verdict.way, verdict.then) == (
        (["Undo"], "is SUCCEEDED") if "Catch" in limit else ([], "is FAILED with States.Timeout")
    )


def test_an_attempt_that_times_out_and_is_tried_again_repeats():
    retried = changed(ORDER, "A", TimeoutSeconds=2, Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}])
    verdict = replay(run(ORDER, A=lambda payload: asl.after(12, {}), B=SLOW["B"]), retried)
    assert [(each.state, each.kind) for each in verdict.repeats] == [("A", "again"), ("B", "later")]


def test_an_execution_that_is_given_too_little_time_does_nothing_more():
    verdict = replay(run(ORDER, A=lambda payload: asl.after(12, {}), B=SLOW["B"]), ORDER | {"TimeoutSeconds": 2})
    assert (verdict.way, verdict.then) == ([], "is TIMED_OUT with States.Timeout")


def test_a_wait_that_would_have_been_over_before_the_recording_timed_out_parts_them():
    wait = {"Type": "Wait", "Seconds": 600, "Next": "A"}
    waiting = {"StartAt": "Pause", "TimeoutSeconds": 60, "States": {"Pause": wait, **branch("A")["States"]}}
    verdict = replay(run(waiting), changed(waiting, "Pause", Seconds=10))
    assert told(verdict) == [("Pause", 2, "the recording still waits after 60 s; it goes on after 10 s")]
    assert verdict.new == ["${AArn}"]
    assert replay(run(waiting), changed(waiting, "Pause", Seconds=900)).same


def test_a_catch_that_was_added_parts_them_before_the_redrive():
    history = run(ORDER, redrives=1, A=SLOW["A"], B=times(1))
    verdict = replay(history, with_undo(ORDER, "B"))
    (failed,) = [event.id for event in history.events if event.kind == "LambdaFunctionFailed"]
    assert told(verdict) == [("B", failed, "the recording fails there with Broken; it goes on to Undo")]


def test_a_retry_that_was_added_repeats_what_a_redrive_did():
    verdict = replay(run(ORDER, redrives=1, A=SLOW["A"], B=times(1)), changed(ORDER, "B", Retry=RETRY))
    assert [(each.state, each.kind) for each in verdict.repeats] == [("B", "later")]


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_how_many_iterations_run_at_a_time_decides_only_their_order(limit):
    verdict = replay(run(MAP, [1, 2, 3, 4], **SLOW), changed(MAP, "Only", MaxConcurrency=limit))
    assert verdict.differences == []


def test_an_iteration_that_others_keep_from_beginning_is_missed():
    tasks = {"A": lambda n: n, "B": lambda n: asl.NEVER if n == 1 else n}
    verdict = replay(run(MAP, [1, 2, 3], advance=5, **tasks), changed(MAP, "Only", MaxConcurrency=1))
    assert told(verdict) == [("Only", 2, "the recording has begun with item 1 by then; it hasn't")]


def test_other_items_part_them_at_the_map():
    verdict = replay(run(MAP, [1, 2, 3], **SLOW), changed(MAP, "Only", ItemsPath="$[0:2]"))
    assert told(verdict) == [("Only", 2, "the recording goes through 3 items, it through 2")]


def test_a_map_that_was_made_distributed_still_does_its_tasks():
    new = edited(MAP, lambda states: states["Only"]["ItemProcessor"].update(ProcessorConfig={
        "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD",
    }))  # fmt: skip
    verdict = replay(run(MAP, [1, 2], **SLOW), new)
    how = "the recording runs its items itself; it gives each an execution of its own"
    assert told(verdict) == [("Only", 2, how)]
    assert verdict.dropped == []


def test_a_branch_more_is_seen_while_the_others_run():
    history = run(PARALLEL, advance=4, **SLOW)
    assert history.running
    verdict = replay(history, edited(PARALLEL, lambda states: states["Only"]["Branches"].append(branch("E"))))
    assert told(verdict) == [("Only", 2, "the recording hasn't begun any branch with E; it has")]


def test_a_branch_less_is_said_of_the_parallel():
    verdict = replay(run(PARALLEL, **SLOW), edited(PARALLEL, lambda states: states["Only"]["Branches"].pop()))
    assert told(verdict) == [("Only", 2, "the recording has begun a branch with C; it hasn't")]


def test_what_each_iteration_does_otherwise_is_said_once():
    new = changed(MAP, "Only", ItemSelector={"n.$": "$$.Map.Item.Value", "x": 1})
    said = str(replay(run(MAP, [{"n": 1}, {"n": 1}], **SLOW), new))
    assert said.count("  A: the task is asked something else") == 1
    assert "(2 times)" in said


INVOKED = {
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "${AArn}", "Payload.$": "$"},
    "OutputPath": "$.Payload",
}


def test_a_function_that_is_called_through_its_integration_does_the_same():
    plain, invoked = ORDER, changed(ORDER, "A", **INVOKED)
    assert replay(run(plain, **SLOW), invoked).differences == []
    assert replay(run(invoked, **SLOW, AArn=SLOW["A"]), plain).differences == []
    other = changed(invoked, "A", Parameters={"FunctionName": "${AArn}", "Payload": {"n": 1}})
    assert cause(replay(run(plain, **SLOW), other)) == ""
    assert told(replay(run(plain, **SLOW), other))[0][2] == "the task is asked something else: $.n is new: 1"


def test_a_callback_that_is_one_no_more_is_said():
    history = run(CALLBACK, AskArn=lambda payload: asl.callback({"yes": True}))
    parameters = {"FunctionName": "AskArn", "Payload": {"who.$": "$$.Execution.Name"}}
    new = changed(CALLBACK, "Only", Resource=INVOKED["Resource"], Parameters=parameters)
    how = told(replay(history, new))[0][2]
    assert "it was asked through lambda:invoke.waitForTaskToken, it is through lambda:invoke; $.Payload.token" in how


def test_another_placeholder_is_another_function():
    verdict = replay(run(ORDER, **SLOW), changed(ORDER, "A", Resource="${PayArn}"))
    assert told(verdict) == [("A", 2, "the task is asked something else: ${AArn} was asked, ${PayArn} is")]


def test_a_placeholder_stands_for_what_its_state_asked_where_no_name_speaks_against_it():
    deployed = changed(branch("A"), "A", Resource="arn:aws:lambda:eu-west-1:111122223333:function:shop-worker")
    history = recording(asl.load(deployed).run({}, tasks={"A": lambda payload: {}}).history)
    assert replay(history, changed(branch("A"), "A", Resource="${Fn}")).same


@pytest.mark.parametrize("story", ["too_late", "cancelled"])
def test_a_history_of_another_machine_is_refused(story):
    with pytest.raises(BadHistory, match="history of another machine: it begins with TakeOrder"):
        replay(golden(story, "cancel_order"), committed("new_order"))


def test_a_machine_whose_states_were_all_renamed_is_the_same_one():
    renamed = json.loads(json.dumps(ORDER).replace('"A"', '"Do"').replace('"B"', '"Then"'))
    assert told(replay(run(ORDER, **SLOW), renamed)) == [("Do", 0, "the recording goes to A, it goes to Do")]


def distributed(first="A"):
    processor = {**branch(first, "B"), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return single(Type="Map", ItemsPath="$.all", ItemProcessor=processor)


def test_a_child_is_played_by_its_processor_though_its_first_state_was_renamed():
    engine = Engine(tasks=SLOW)
    execution = engine.start(asl.load(distributed()), {"all": [1]})
    engine.run()
    (map_run,) = execution.map_runs
    child = recording(events(map_run.children[0].history_builder.records))
    assert told(replay(child, distributed("Do"))) == [("Do", 0, "the recording goes to A, it goes to Do")]


def test_a_distributed_map_that_finds_no_items_says_why():
    verdict = replay(run(distributed(), {"all": [1]}, **SLOW), changed(distributed(), "Only", ItemsPath="$.none"))
    assert told(verdict)[0][:2] == ("Only", 2)
    assert cause(verdict).startswith("it is FAILED with States.Runtime: Invalid path '$.none'")


# What lies ahead of the running.

AHEAD = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [branch("A"), single(Type="Wait", Seconds=100)],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}],
            "Next": "B",
        },
        "B": branch("B")["States"]["B"],
        "Undo": {"Type": "Pass", "End": True},
    },
}


def ahead(change):
    engine = Engine(tasks=SLOW)
    execution = engine.start(asl.load(AHEAD), {})
    engine.advance(20)
    new = copy.deepcopy(AHEAD)
    change(new["States"])
    return replay(recording(execution.history), new, deployed=AHEAD).ahead


def test_what_follows_a_parallel_lies_ahead_of_its_branches():
    assert ahead(lambda states: states["B"].update(TimeoutSeconds=99)) == ["B"]
    assert ahead(lambda states: states["Undo"].update(Result=1)) == ["Undo"]
    assert ahead(lambda states: states["Both"].update(ResultPath="$.both")) == ["Both"]
    assert ahead(lambda states: states["Both"]["Branches"].append(branch("E"))) == ["Both"]


def test_a_comment_changes_nothing_ahead():
    def comment(states):
        states["B"]["Comment"] = states["Both"]["Comment"] = states["Both"]["Branches"][0]["Comment"] = "Why."
        states["Both"]["Catch"][0]["Comment"] = "Why."

    assert ahead(comment) == []
    assert ahead(lambda states: states["Both"]["Branches"][0]["States"]["A"].update(Comment="Done.")) == []


def test_what_a_fork_has_left_behind_is_not_where_it_waits():
    definition = copy.deepcopy(PARALLEL)
    definition["States"]["Only"] |= {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Pause"}]}
    definition["States"]["Pause"] = {"Type": "Wait", "Seconds": 100, "End": True}
    history = run(definition, advance=20, **SLOW | {"C": times(9)})
    assert replay(history, definition, deployed=definition).waits_in == ["Pause"]
    assert replay(history, edited(definition, lambda states: None), deployed=definition).ahead == []
