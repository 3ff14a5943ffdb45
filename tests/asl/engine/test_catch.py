"""Catch: where an error leads, and what it hands on.

Page: concepts-error-handling.html ("Fallback states"); states-language.net, section "Fallback states".
"""

from __future__ import annotations

import json
from typing import Any

from asl import NEVER
from tests.asl.build import Busy, Declined, answering, load, passing, task, types


def catcher(*errors: str, **fields: Any) -> dict[str, Any]:
    return {"ErrorEquals": list(errors or ["States.ALL"]), "Next": "Caught", **fields}


def test_the_error_output_replaces_the_input() -> None:
    machine = load(Work=task(Catch=[catcher("Declined")]), Caught=passing())
    execution = machine.run({"order": 1}, tasks={"Work": answering(Declined("no funds"))})
    assert execution.output["Error"] == "Declined"
    assert json.loads(execution.output["Cause"])["errorMessage"] == "no funds"
    assert execution.path == ["Work", "Caught"]


def test_result_path_adds_the_error_to_the_input() -> None:
    machine = load(Work=task(Catch=[catcher(ResultPath="$.error")]), Caught=passing())
    execution = machine.run({"order": 1}, tasks={"Work": answering(Declined())})
    assert (execution.output["order"], execution.output["error"]["Error"]) == (1, "Declined")


def test_a_null_result_path_forgets_the_error() -> None:
    machine = load(Work=task(Catch=[catcher(ResultPath=None)]), Caught=passing())
    assert machine.run({"order": 1}, tasks={"Work": answering(Declined())}).output == {"order": 1}


def test_the_first_catcher_that_matches_is_taken() -> None:
    machine = load(
        Work=task(Catch=[catcher("Declined", Next="Other"), catcher()]), Caught=passing(), Other=passing(Result="other")
    )
    assert machine.run(tasks={"Work": answering(Declined())}).path == ["Work", "Other"]
    assert machine.run(tasks={"Work": answering(Busy())}).path == ["Work", "Caught"]


def test_output_path_is_for_results_not_for_errors() -> None:
    machine = load(Work=task(OutputPath="$.missing", Catch=[catcher()]), Caught=passing())
    assert machine.run({}, tasks={"Work": answering(Busy())}).status == "SUCCEEDED"


def test_retries_come_before_catchers() -> None:
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}]
    machine = load(Work=task(Retry=retry, Catch=[catcher()]), Caught=passing())
    execution = machine.run(tasks={"Work": answering(Busy())})
    assert types(execution).count("LambdaFunctionFailed") == 3
    assert execution.path == ["Work", "Caught"]


def test_a_timeout_has_no_cause() -> None:
    machine = load(Work=task(TimeoutSeconds=3, Catch=[catcher("States.Timeout")]), Caught=passing())
    execution = machine.run(tasks={"Work": answering(NEVER)})
    assert execution.output == {"Error": "States.Timeout", "Cause": ""}


def test_a_catcher_assigns_from_the_error() -> None:
    machine = load(
        Work=task(Catch=[catcher(Assign={"what.$": "$.Error"})]), Caught=passing(Parameters={"what.$": "$what"})
    )
    assert machine.run(tasks={"Work": answering(Declined())}).output == {"what": "Declined"}


def test_jsonata_shapes_the_error() -> None:
    output = {"kind": "{% $states.errorOutput.Error %}", "order": "{% $states.input.order %}"}
    machine = load({"QueryLanguage": "JSONata"}, Work=task(Catch=[catcher(Output=output)]), Caught={"Type": "Succeed"})
    execution = machine.run({"order": 4}, tasks={"Work": answering(Declined())})
    assert execution.output == {"kind": "Declined", "order": 4}


def test_a_broken_path_is_not_caught() -> None:
    machine = load(Work=task(OutputPath="$.missing", Catch=[catcher("States.ALL")]), Caught=passing())
    execution = machine.run({}, tasks={"Work": answering({})})
    assert execution.error == "States.Runtime"
    assert "entered at the event id #2" in str(execution.cause)


def test_a_failed_query_is_caught_and_recorded() -> None:
    machine = load(
        {"QueryLanguage": "JSONata"},
        Work=task(Arguments="{% $nothing %}", Catch=[catcher("States.QueryEvaluationError")]),
        Caught={"Type": "Succeed"},
    )
    execution = machine.run(tasks={"Work": answering({})})
    assert execution.status == "SUCCEEDED"
    assert types(execution)[2] == "EvaluationFailed"
