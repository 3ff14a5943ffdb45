"""Diagnostics of one state of a definition: AWS's codes, messages and locations.

Pages: API_ValidateStateMachineDefinition.html and statemachine-structure.html; the sections of states-language.net that
each test names.
"""

from __future__ import annotations

from typing import Any

import pytest

import asl
from asl.validation import InvalidDefinition, parse_definition
from tests.asl.validating import FUNCTION, PASS, diagnostics_of, machine, schema_errors

VALID: dict[str, dict[str, Any]] = {
    "task": {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 9, "HeartbeatSecondsPath": "$.beat", "Next": "T"},
    "placeholder": {"Type": "Task", "Resource": "${ChargeArn}", "End": True},
    "wait": {"Type": "Wait", "SecondsPath": "$delay", "Next": "T"},
    "fail": {"Type": "Fail", "ErrorPath": "$.error", "CausePath": "States.Format('{}', $.cause)"},
    "choice": {
        "Type": "Choice",
        "Choices": [{"Not": {"Variable": "$.a[0]", "IsNull": True}, "Next": "T", "Assign": {"x.$": "$.a"}}],
    },
    "parallel": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": PASS}}], "End": True},
    "map": {
        "Type": "Map",
        "ItemsPath": "$$.Execution.Input.items",
        "ItemSelector": {"value.$": "$$.Map.Item.Value"},
        "Iterator": {"StartAt": "B", "States": {"B": PASS}},
        "End": True,
    },
    "distributed": {
        "Type": "Map",
        "Label": "Rows",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "B",
            "States": {"B": PASS},
        },
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 10},
            "Parameters": {"Bucket.$": "$.bucket", "Key": "k"},
        },
        "ItemBatcher": {"MaxItemsPerBatch": 5, "BatchInput": {"run.$": "$.run"}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}},
        "ToleratedFailurePercentagePath": "$.tolerated",
        "End": True,
    },
    "jsonata": {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "f", "Payload": "{% $states.input %}"},
        "TimeoutSeconds": "{% $states.input.limit %}",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "T"}],
        "End": True,
    },
}


@pytest.mark.parametrize("name", VALID)
def test_valid_states_have_no_diagnostics(name: str) -> None:
    definition = machine(VALID[name], TimeoutSeconds=60, Comment="all of it", Version="1.0")
    if name == "jsonata":
        definition["States"]["T"] = {"Type": "Succeed"}
    assert diagnostics_of(definition) == []
    assert parse_definition(definition)["StartAt"] == "A"


@pytest.mark.parametrize(
    ("state", "message", "location"),
    [
        ({"End": True}, "These fields are required: [Type]", "/States/A"),
        ({"Type": "Task", "End": True}, "These fields are required: [Resource]", "/States/A"),
        ({"Type": "Choice"}, "These fields are required: [Choices]", "/States/A"),
        ({**PASS, "Catch": []}, "Field 'Catch' is not supported", "/States/A"),
        ({**PASS, "comment": "x"}, "Field 'comment' is not supported", "/States/A"),
        ({"Type": "Succeed", "End": True}, "Field 'End' is not supported", "/States/A"),
        ({"Type": "Pass"}, "This object should have only one of the following fields: [Next, End]", "/States/A"),
        ({**PASS, "Next": "T"}, "There should only be one of the following fields: [Next, End]", "/States/A"),
        (
            {"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "End": True},
            "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]",
            "/States/A",
        ),
        (
            {"Type": "Fail", "Error": "E", "ErrorPath": "$.e"},
            "There should only be one of the following fields: [Error, ErrorPath]",
            "/States/A",
        ),
        ({"Type": "Wait", "Seconds": -1, "End": True}, "Minimum value is 0", "/States/A/Seconds"),
        ({"Type": "Wait", "Seconds": "1", "End": True}, "Expected value of type Integer", "/States/A/Seconds"),
        ({"Type": "Wait", "Seconds": True, "End": True}, "Expected value of type Integer", "/States/A/Seconds"),
        (
            {"Type": "Wait", "Timestamp": "2026-02-30T00:00:00Z", "End": True},
            "String does not match RFC3339 timestamp",
            "/States/A/Timestamp",
        ),
        ({**PASS, "InputPath": "a.b"}, "Value must be a valid JSONPath.", "/States/A/InputPath"),
        ({**PASS, "ResultPath": "$.a[*]"}, "Value is not a Reference Path", "/States/A/ResultPath"),
        ({**PASS, "ResultPath": "$$.a"}, "Value is not a Reference Path", "/States/A/ResultPath"),
        (
            {**PASS, "Parameters": {"a": {"b.$": "c"}}},
            "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
            "/States/A/Parameters/a",
        ),
        (
            {"Type": "Task", "Resource": "charge", "End": True},
            "Value is not a valid resource ARN",
            "/States/A/Resource",
        ),
        (
            {"Type": "Task", "Resource": FUNCTION, "Credentials": {}, "End": True},
            "The field 'RoleArn' is required but was missing",
            "/States/A/Credentials",
        ),
        (
            {"Type": "Map", "Iterator": {"StartAt": "B", "States": {"B": PASS}}, "Label": "x", "End": True},
            "Field 'Label' is not supported",
            "/States/A",
        ),
        ({"Type": "Parallel", "Branches": [], "End": True}, "Value cannot be empty", "/States/A/Branches"),
        (
            {"Type": "Parallel", "Branches": [{"StartAt": "B"}], "End": True},
            "These fields are required: [States]",
            "/States/A/Branches[0]",
        ),
        ({"Type": "Choice", "Choices": []}, "Value cannot be empty", "/States/A/Choices"),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True}]},
            "These fields are required: [Next]",
            "/States/A/Choices[0]",
        ),
        (
            {"Type": "Choice", "Choices": [{"Variable": "a", "IsNull": True, "Next": "T"}]},
            "Value is not a Reference Path: Reference path didn't start with '$'",
            "/States/A/Choices[0]/Variable",
        ),
        (
            {"Type": "Choice", "Choices": [{"And": [{"Variable": "$.a", "IsNull": 1}], "Next": "T"}]},
            "Expected value of type Boolean",
            "/States/A/Choices[0]/And[0]/IsNull",
        ),
        (
            {"Type": "Choice", "Choices": [{"Not": {"Variable": "$.a", "IsNull": True, "Next": "T"}, "Next": "T"}]},
            "Field 'Next' is not supported",
            "/States/A/Choices[0]/Not",
        ),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "IsString": True, "Next": "T"}]},
            "There should only be one of the following fields: [IsNull, IsString]",
            "/States/A/Choices[0]",
        ),
        (
            {"Type": "Task", "Resource": FUNCTION, "Retry": [{"MaxAttempts": 1}], "End": True},
            "These fields are required: [ErrorEquals]",
            "/States/A/Retry[0]",
        ),
        (
            {"Type": "Task", "Resource": FUNCTION, "Retry": [{"ErrorEquals": ["E", "States.ALL"]}], "End": True},
            "States.ALL must appear alone and at end of list",
            "/States/A/Retry[0]/ErrorEquals",
        ),
        (
            {
                "Type": "Task",
                "Resource": FUNCTION,
                "Retry": [{"ErrorEquals": ["E"], "JitterStrategy": "HALF"}],
                "End": True,
            },
            "Value should be one of the following: [NONE, FULL]",
            "/States/A/Retry[0]/JitterStrategy",
        ),
        (
            {**PASS, "QueryLanguage": "SQL"},
            "Value should be one of the following: [JSONPath, JSONata]",
            "/States/A/QueryLanguage",
        ),
    ],
)
def test_an_invalid_state_has_one_diagnostic(state: dict[str, Any], message: str, location: str) -> None:
    definition = machine(state)
    assert schema_errors(definition) == [(message, location)]
    with pytest.raises(InvalidDefinition) as caught:
        asl.load(definition)
    text = f"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {message} at {location}'"
    assert str(caught.value) == text
