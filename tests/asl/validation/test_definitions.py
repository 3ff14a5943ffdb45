"""Diagnostics of a definition as a whole, and errors of a request: AWS's codes, messages and locations.

Pages: API_ValidateStateMachineDefinition.html and statemachine-structure.html; the sections of states-language.net that
each test names.
"""

from __future__ import annotations

import json

import pytest

import asl
from asl.language.resources import parse_resource
from asl.validation import InvalidDefinition, diagnose_definition, parse_definition, validate_definition
from asl.validation.requests import (
    Rejected,
    check_definition,
    check_logging,
    check_name,
    check_not_a_version,
)
from tests.asl.validating import FUNCTION, PASS, diagnostics_of, machine, schema_errors


def test_fields_of_the_machine_itself() -> None:
    """States Language, section "Top-level fields"."""
    assert schema_errors({}) == [("These fields are required: [States, StartAt]", "/")]
    assert schema_errors({"StartAt": "A", "States": {}}) == [("Value cannot be empty", "/States")]
    assert schema_errors(machine(PASS, Extra=1)) == [("Field 'Extra' is not supported", "/")]
    assert schema_errors(machine(PASS, Version="2.0")) == [("Value should be one of the following: [1.0]", "/Version")]
    assert schema_errors(machine(PASS, TimeoutSeconds=0)) == [("Minimum value is 1", "/TimeoutSeconds")]
    assert schema_errors({"StartAt": "A", "States": {"A": 5}}) == [("Expected value of type Object", "/States/A")]


def test_fields_of_the_other_query_language_are_rejected() -> None:
    """States Language, section "Query languages"."""
    needs = "The QueryLanguage is set to '{}', but field '{}' is only supported for the '{}' QueryLanguage"
    jsonpath = machine({**PASS, "Output": "{% 1 %}"})
    jsonata = machine({**PASS, "InputPath": "$.a"}, QueryLanguage="JSONata")
    assert schema_errors(jsonpath) == [(needs.format("JSONPath", "Output", "JSONata"), "/States/A")]
    assert schema_errors(jsonata) == [(needs.format("JSONata", "InputPath", "JSONPath"), "/States/A")]
    mixed = machine({**PASS, "QueryLanguage": "JSONPath"}, QueryLanguage="JSONata")
    message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
    assert schema_errors(mixed) == [(message, "/States/A")]


def test_states_in_an_item_processor_use_the_query_language_of_the_machine() -> None:
    inner = {"StartAt": "B", "States": {"B": {**PASS, "Output": 1}}}
    state = {"Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": inner, "End": True}
    [(message, location)] = schema_errors(machine(state))
    assert location == "/States/A/ItemProcessor/States/B"
    assert "field 'Output' is only supported for the 'JSONata'" in message
    assert schema_errors(machine({**state, "ItemProcessor": {**inner, "QueryLanguage": "JSONata"}}))[0] == (
        "Field 'QueryLanguage' is not supported",
        "/States/A/ItemProcessor",
    )


@pytest.mark.parametrize(
    ("expression", "code", "message"),
    [
        ("1 +", "INVALID_JSONATA_EXPRESSION", "Unexpected end of expression"),
        ("$x[1,2)", "INVALID_JSONATA_EXPRESSION", 'Expected "]", got ","'),
        ("phone", "UNSUPPORTED_JSONATA_EXPRESSION", "Reference to 'phone' at the top level is not supported."),
        ("$f(a.b)", "UNSUPPORTED_JSONATA_EXPRESSION", "Reference to 'a' at the top level is not supported."),
    ],
)
def test_invalid_expressions_are_rejected(expression: str, code: str, message: str) -> None:
    definition = machine({**PASS, "Output": {"v": ["{% " + expression + " %}"]}}, QueryLanguage="JSONata")
    assert diagnostics_of(definition) == [(code, message, "/States/A/Output/v[0]")]


@pytest.mark.parametrize("expression", ["$states.input.phone", "$x[price > 1]", "$map($x, function($v) { $v.price })"])
def test_names_inside_a_context_are_accepted(expression: str) -> None:
    assert diagnostics_of(machine({**PASS, "Output": "{% " + expression + " %}"}, QueryLanguage="JSONata")) == []


def test_error_output_is_rejected_outside_a_catcher() -> None:
    task = {"Type": "Task", "Resource": FUNCTION, "Output": "{% $states.errorOutput %}", "End": True}
    [(code, _, location)] = diagnostics_of(machine(task, QueryLanguage="JSONata"))
    assert (code, location) == ("UNSUPPORTED_JSONATA_EXPRESSION", "/States/A/Output")


def test_a_target_must_be_a_state_of_the_same_machine() -> None:
    """States Language, section "Transitions"."""
    definition = machine(
        {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.a", "IsNull": True, "Next": "X"},
                {"Variable": "$.b", "IsNull": True, "Next": "T"},
            ],
            "Default": "Y",
        }
    )
    assert diagnostics_of(definition) == [
        ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: X", "/States/A/Choices[0]/Next"),
        ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: Y", "/States/A/Default"),
    ]
    assert diagnostics_of({**definition, "StartAt": "Z"})[0] == (
        "MISSING_TRANSITION_TARGET",
        "Missing 'Next' target: Z",
        "/StartAt",
    )


def test_a_target_outside_the_branch_is_rejected() -> None:
    branch = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "T"}, "E": PASS}}
    diagnostics = diagnostics_of(machine({"Type": "Parallel", "Branches": [branch], "Next": "T"}))
    assert diagnostics[0] == (
        "MISSING_TRANSITION_TARGET",
        "Missing 'Next' target: T",
        "/States/A/Branches[0]/States/B/Next",
    )
    assert diagnostics[1][1:] == ('State "E" is not reachable.', "/States/A/Branches[0]/States/E")


def test_every_state_must_be_reachable_and_one_must_end() -> None:
    loop = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}}
    assert diagnostics_of(loop) == [("MISSING_END_STATE", "Workflow has no terminal state", None)]
    with pytest.raises(InvalidDefinition, match="MISSING_END_STATE: Workflow has no terminal state at null'"):
        parse_definition(loop)
    loop["States"]["C"] = PASS
    assert diagnostics_of(loop) == [("MISSING_TRANSITION_TARGET", 'State "C" is not reachable.', "/States/C")]


def test_a_catcher_makes_its_target_reachable() -> None:
    task = {"Type": "Task", "Resource": FUNCTION, "Catch": [{"ErrorEquals": ["E"], "Next": "T"}], "End": True}
    assert diagnostics_of({"StartAt": "A", "States": {"A": task, "T": {"Type": "Succeed"}}}) == []


def test_state_names_must_be_short_and_unique_in_the_whole_machine() -> None:
    """States Language, section "States": unique within the scope of the whole state machine, 80 characters at most."""
    again = machine({"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": PASS}}], "End": True})
    assert [code for code, _, _ in diagnostics_of(again)] == ["DUPLICATE_STATE_NAME", "DUPLICATE_STATE_NAME"]
    long = "n" * 81
    assert diagnostics_of({"StartAt": long, "States": {long: PASS}})[0][0] == "INVALID_STATE_NAME"


@pytest.mark.parametrize(
    ("name", "code"),
    [("states", "RESERVED_VARIABLE_NAME"), ("a-b", "INVALID_VARIABLE_NAME"), ("1a", "INVALID_VARIABLE_NAME")],
)
def test_invalid_variable_names_are_rejected(name: str, code: str) -> None:
    """Page workflow-variables.html, "Naming"."""
    assert diagnostics_of(machine({**PASS, "Assign": {f"{name}.$": "$.a"}}))[0][0] == code


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::dynamodb:query",
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:states:::dynamodb:getItem.waitForTaskToken",
        "arn:aws:states:::glue:startJobRun.sync:2",
        "arn:aws:states:::nothing:here",
        "arn:aws:states:::aws-sdk:nothing:here",
        "arn:aws:states:::aws-sdk:s3:getObject.sync",
    ],
)
def test_integrations_that_do_not_exist_are_rejected(resource: str) -> None:
    """Page integrate-optimized.html."""
    [(message, location)] = schema_errors(machine({"Type": "Task", "Resource": resource, "End": True}))
    assert message.startswith(f"The resource provided {resource} is not recognized.")
    assert location == "/States/A/Resource"


def test_an_express_workflow_rejects_activities_jobs_and_callbacks() -> None:
    """Page choosing-workflow-type.html."""
    for resource, message in {
        "arn:aws:states:::states:startExecution.sync": (
            "Express state machine does not support '.sync' service integration"
        ),
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken": (
            "Express state machine does not support '.waitForTaskToken' service integration "
        ),
        "arn:aws:states:eu-west-1:123456789012:activity:a": "Express state machine does not support Activity ARN",
    }.items():
        definition = machine({"Type": "Task", "Resource": resource, "End": True})
        assert schema_errors(definition, "EXPRESS") == [(message, "/States/A/Resource")]
        assert schema_errors(definition) == []


def test_resources_that_the_engine_cannot_call_are_refused_unless_any_task_is_set() -> None:
    resource = "arn:aws:states:::glue:startJobRun.sync"
    definition = machine({"Type": "Task", "Resource": resource, "End": True})
    assert diagnose_definition(definition) == []
    with pytest.raises(InvalidDefinition, match=f"NOT_SUPPORTED_BY_ENGINE: The engine can't call {resource}"):
        asl.load(definition)
    execution = asl.load(definition, any_task=True).run(tasks={"A": lambda payload: {"JobRunState": "SUCCEEDED"}})
    assert execution.output == {"JobRunState": "SUCCEEDED"}


@pytest.mark.parametrize(
    ("text", "code", "location"),
    [
        ("", "SCHEMA_VALIDATION_FAILED", None),
        (" \n", "SCHEMA_VALIDATION_FAILED", None),
        ("[]", "SCHEMA_VALIDATION_FAILED", None),
        ("5", "SCHEMA_VALIDATION_FAILED", None),
        ("nope", "INVALID_JSON_DESCRIPTION", '[Source: (String)"nope"; line: 1, column: 5]'),
        ('{"a":\n yes}', "INVALID_JSON_DESCRIPTION", '[Source: (String)"{"a":\n yes}"; line: 2, column: 5]'),
        ("{", "INVALID_JSON_DESCRIPTION", '[Source: (String)"{"; line: 1, column: 2]'),
        ('{"a": NaN}', "INVALID_JSON_DESCRIPTION", None),
        ('{"a": ' * 200 + "1" + "}" * 200, "TOO_DEEPLY_NESTED", "/"),
        ("[" * 100_000, "TOO_DEEPLY_NESTED", "/"),
    ],
)
def test_invalid_texts_are_rejected(text: str, code: str, location: str | None) -> None:
    [diagnostics] = diagnose_definition(text)
    assert (diagnostics.code, diagnostics.location) == (code, location)


def test_an_unrecognized_token_has_the_message_of_the_parser_of_aws() -> None:
    [diagnostics] = diagnose_definition("nope")
    assert diagnostics.message.startswith(
        "Unrecognized token 'nope': was expecting (JSON String, Number, Array, Object or "
    )


def test_warnings_are_included_on_request() -> None:
    """Page API_ValidateStateMachineDefinitionDiagnostic.html, the list of warning codes."""
    definition = machine({**PASS, "Result": {"a": "$.b"}}) | {"Comment": "x"}
    definition["States"]["A"]["Parameters"] = {"c": "$.d"}
    assert diagnose_definition(definition) == []
    codes = [(each.severity, each.code) for each in diagnose_definition(definition, warnings=True)]
    assert codes == [("WARNING", "NO_DOLLAR"), ("WARNING", "PASS_RESULT_IS_STATIC")]
    answer = validate_definition({"definition": json.dumps(definition), "severity": "WARNING", "maxResults": 1})
    assert (answer["result"], len(answer["diagnostics"]), answer["truncated"]) == ("OK", 1, True)


def test_the_response_of_the_api() -> None:
    assert validate_definition({"definition": json.dumps(machine(PASS))}) == {
        "result": "OK",
        "diagnostics": [],
        "truncated": False,
    }
    answer = validate_definition({"definition": "{}", "type": "EXPRESS"})
    assert answer["result"] == "FAIL"
    assert answer["diagnostics"] == [
        {
            "severity": "ERROR",
            "code": "SCHEMA_VALIDATION_FAILED",
            "message": "These fields are required: [States, StartAt]",
            "location": "/",
        }
    ]


def test_invalid_requests_are_rejected() -> None:
    """Page API_CreateStateMachine.html, "Errors"."""
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/flows"
    destination = {"cloudWatchLogsLogGroup": {"logGroupArn": f"{group}:*"}}
    check_logging({"level": "ALL", "destinations": [destination]}, {group})
    check_logging({"level": "OFF"}, set())
    check_name("Order.flow-1")
    check_not_a_version("arn:aws:states:eu-west-1:123456789012:stateMachine:flow")
    for call, code in [
        (lambda: check_logging({"level": "ALL", "destinations": []}), "InvalidLoggingConfiguration"),
        (lambda: check_logging({"level": "ALL", "destinations": [destination]}, set()), "InvalidLoggingConfiguration"),
        (lambda: check_name("a b"), "InvalidName"),
        (lambda: check_name("n" * 81), "InvalidName"),
        (lambda: check_definition("{}"), "InvalidDefinition"),
        (
            lambda: check_not_a_version("arn:aws:states:eu-west-1:123456789012:stateMachine:flow:3"),
            "StateMachineDoesNotExist",
        ),
    ]:
        with pytest.raises(Rejected) as caught:
            call()
        assert caught.value.code == code


def test_region_and_account_are_optional_in_the_arn_of_an_integration() -> None:
    """concepts-service-integrations.html: a service integration, not a function, with or without them."""
    resource = "arn:aws:states:us-east-1:123456789012:lambda:invoke"
    assert parse_resource(resource) == parse_resource("arn:aws:states:::lambda:invoke")
    assert schema_errors(machine({"Type": "Task", "Resource": resource, "Parameters": {}, "Next": "T"})) == []
