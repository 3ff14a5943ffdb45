"""Malformed definitions and inputs, made by random mutation: the only exception is InvalidDefinition.

A mutant is either refused when it is loaded, or runs to its end. Loading, starting and running raise no other
exception. ASL_FUZZ_CASES=10000 makes it a long test.
"""

from __future__ import annotations

import copy
import json
import os
import random
from typing import Any

import pytest

from asl.engine.engine import Engine
from asl.engine.machine import Machine
from asl.engine.requests import Complete, TaskRequest
from asl.language.documents import encode
from asl.language.errors import StatesError
from asl.teststate.api import Rejected, test_state
from asl.validation import InvalidDefinition, diagnose_definition

CASES = int(os.environ.get("ASL_FUZZ_CASES", "400"))
BATCH = 50

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"
END = {"Type": "Pass", "End": True}
SEEDS: list[dict[str, Any]] = [
    {
        "StartAt": "A",
        "TimeoutSeconds": 100,
        "States": {
            "A": {
                "Type": "Task",
                "Resource": FUNCTION,
                "InputPath": "$.in",
                "Parameters": {"a.$": "$.a[*].b", "b.$": "States.Format('{}-{}', $.c, States.ArrayLength($.d))"},
                "ResultSelector": {"r.$": "$.Payload"},
                "ResultPath": "$.out.x",
                "OutputPath": "$.out",
                "TimeoutSeconds": 5,
                "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 2, "JitterStrategy": "FULL", "MaxDelaySeconds": 9}],
                "Catch": [
                    {"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "F", "Assign": {"v.$": "$.Error"}}
                ],
                "Next": "C",
            },
            "C": {
                "Type": "Choice",
                "Choices": [
                    {
                        "And": [
                            {"Variable": "$.n", "NumericLessThan": 5},
                            {"Not": {"Variable": "$.n", "IsNull": True}},
                        ],
                        "Next": "W",
                    },
                    {"Variable": "$v", "StringMatches": "a*\\*", "Next": "F"},
                    {"Variable": "$.t", "TimestampGreaterThanPath": "$.u", "Next": "M"},
                ],
                "Default": "P",
            },
            "W": {"Type": "Wait", "SecondsPath": "$.s", "Next": "P"},
            "P": {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.p[0]", "Assign": {"v": 1}, "End": True},
            "M": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "MaxConcurrency": 2,
                "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value.x"},
                "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}},
                "Next": "L",
            },
            "L": {
                "Type": "Parallel",
                "Branches": [{"StartAt": "X", "States": {"X": {"Type": "Fail", "ErrorPath": "$.e", "Cause": "c"}}}],
                "Catch": [{"ErrorEquals": ["E"], "Next": "F"}],
                "End": True,
            },
            "F": {"Type": "Fail", "Error": "E", "CausePath": "States.JsonToString($)"},
        },
    },
    {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "f", "Payload": "{% $states.input.a[b > 1].c %}"},
                "Output": {"r": "{% $states.result.Payload %}", "n": "{% $sum($states.input.n) + $v %}"},
                "Assign": {"v": "{% $count($states.input.*) %}"},
                "Catch": [{"ErrorEquals": ["E"], "Output": "{% $states.errorOutput.Error %}", "Next": "F"}],
                "Next": "C",
            },
            "C": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.n > 2 %}", "Next": "W", "Output": "{% $v %}"}],
                "Default": "M",
            },
            "W": {"Type": "Wait", "Timestamp": "{% $now() %}", "Next": "M"},
            "M": {
                "Type": "Map",
                "Items": "{% $range(1, 5, 2) %}",
                "ItemSelector": {"x": "{% $states.context.Map.Item.Value %}"},
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "INLINE"},
                    "StartAt": "B",
                    "States": {"B": {"Type": "Succeed", "Output": "{% $states.input.x %}"}},
                },
                "End": True,
            },
            "F": {"Type": "Fail", "Error": "{% 'E' & $v %}", "Cause": "{% $string($states.input) %}"},
        },
    },
]
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 1, 2.5, 1e308, 10**40, "", " ", "x", "$", "$$", "$.", "$..a", "$.a[?(@.b==1)]", "$[*]"),
    *("$.a[1:2]", "$v", "$$.Map.Item.Index", "States.UUID()", "States.Format('{}', $)", "States.MathAdd(1, $.n)"),
    *(
        "States.ArrayRange(1, 5, 0)",
        "States.(",
        "{% $states.input %}",
        "{% ",
        "{% 1 + %}",
        "{% $f() %}",
        "{% [1..3] %}",
    ),
    *(
        "{% $states.input.a.b.c %}",
        "{%%}",
        "2026-01-01T00:00:00Z",
        "States.ALL",
        "A",
        "P",
        "\ud800",
        "é\u0000",
        FUNCTION,
    ),
    *("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "arn:aws:states:::aws-sdk:s3:listBuckets", "JSONata"),
    *("Pass", "Map", "Parallel", "Choice", "Wait", "Succeed", "Fail", "Task", [], {}, [None], [{}], {"a": {}}, ["E"]),
    *({"a.$": "$"}, {"a.$": 1}, END, {"Variable": "$.a", "IsPresent": True, "Next": "P"}, [[[]]], {"": ""}),
]
NAMES = [
    "Type",
    "Next",
    "End",
    "Retry",
    "Catch",
    "Assign",
    "Output",
    "QueryLanguage",
    "Result",
    "Seconds",
    "x",
    "a.$",
    "P",
]
INPUTS = [
    {},
    None,
    [],
    "text",
    {"in": {"a": [{"b": 1}, {"b": None}], "c": "é", "d": [1]}, "n": 3, "items": [{"x": 1}, {"x": 2}], "s": 1},
    {"a": [{"b": 2, "c": None}], "n": [1, 2.5], "t": "2026-01-01T00:00:00Z", "u": "2025-01-01T00:00:00Z", "e": "E"},
]


def alone(seed: dict[str, Any], name: str) -> dict[str, Any]:
    """A machine of one of the seed's states: all that it leads to succeeds."""
    state = seed["States"][name]
    leads = json.dumps(state)
    others = {other: {"Type": "Succeed"} for other in seed["States"] if f': "{other}"' in leads and other != name}
    return {**seed, "StartAt": name, "States": {name: state, **others}}


SEEDS += [alone(seed, name) for seed in SEEDS for name in seed["States"]]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every spot in a document that a mutation can hit: its container and its key."""
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [(value, key) for key, _ in inner] + [place for _, item in inner for place in places(item)]


def mutated(chance: random.Random, document: Any) -> Any:
    document = copy.deepcopy(document)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        spots = places(document)
        if not spots:
            return copy.deepcopy(chance.choice(JUNK))
        container, key = chance.choice(spots)
        kind = chance.random()
        if kind < 0.6:
            container[key] = copy.deepcopy(chance.choice(JUNK))
        elif kind < 0.75:
            del container[key]
        elif kind < 0.9 and isinstance(container, dict):
            container[chance.choice(NAMES)] = container[key]
        else:
            other, at = chance.choice(spots)
            container[key] = copy.deepcopy(other[at]) if isinstance(other, dict | list) else None
    return document


def nudged(chance: random.Random, document: Any) -> Any:
    """Some values replaced by others of their kind, so that more of the mutants get through the door."""
    document = copy.deepcopy(document)
    kinds = [(container, key) for container, key in places(document) if alike(container[key])]
    for container, key in chance.sample(kinds, min(len(kinds), chance.randrange(1, 4))):
        container[key] = copy.deepcopy(chance.choice(alike(container[key])))
    return document


def alike(value: Any) -> list[Any]:
    if isinstance(value, str):
        start = next((start for start in ("{%", "$", "States.") if value.startswith(start)), None)
        return [junk for junk in JUNK if start and isinstance(junk, str) and junk.startswith(start)]
    return [0, 1, 2, 3, 60] if type(value) is int else [True, False] if isinstance(value, bool) else []


def scratched(chance: random.Random, text: str) -> str:
    """The text with a few characters changed, dropped or repeated."""
    letters = list(text)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(letters))
        letters[at] = chance.choice(["", '"', "{", "]", ",", "$", ".", "\\", "0", letters[at] * 2, "\u2028"])
    return "".join(letters)


def run(machine: Machine, value: Any, chance: random.Random) -> None:
    def invoke(request: TaskRequest, complete: Complete) -> None:
        answers = [{"Payload": 1}, request.payload, None, [], "x", StatesError("E", "c"), ValueError("v"), {1, 2}]
        complete(chance.choice(answers))

    engine = Engine(invoke=invoke, seed=1)
    execution = engine.start(machine, value)
    engine.run()
    assert execution.status in ("SUCCEEDED", "FAILED", "TIMED_OUT", "RUNNING")
    assert all(event["id"] for event in execution.history)


@pytest.mark.parametrize("batch", range(0, CASES, BATCH))
def test_a_mutated_definition_is_refused_or_runs(batch: int) -> None:
    for number in range(batch, min(batch + BATCH, CASES)):
        chance = random.Random(number)
        change = mutated if number % 2 else nudged
        document = change(chance, chance.choice(SEEDS))
        definition = scratched(chance, json.dumps(document)) if number % 4 == 1 else document
        try:
            machine = Machine(definition, any_task=True)
        except InvalidDefinition:
            assert diagnose_definition(definition)
            continue
        for value in chance.sample(INPUTS, 2):
            run(machine, mutated(chance, value) if chance.random() < 0.5 else value, chance)


@pytest.mark.parametrize("batch", range(0, CASES, BATCH))
def test_a_single_state_test_of_a_mutated_state_is_answered_or_rejected(batch: int) -> None:
    for number in range(batch, min(batch + BATCH, CASES)):
        chance = random.Random(-1 - number)
        state = chance.choice(list(chance.choice(SEEDS)["States"].values()))
        params = {
            "definition": encode(mutated(chance, state)),
            "input": encode(chance.choice(INPUTS)),
            "inspectionLevel": "TRACE",
            "roleArn": "arn:aws:iam::123456789012:role/r",
        }
        if chance.random() < 0.5:
            params["mock"] = {"result": encode(chance.choice(JUNK)), "fieldValidationMode": "PRESENT"}
        try:
            answer = test_state(params)
        except Rejected:
            continue
        assert answer["status"] in ("SUCCEEDED", "FAILED", "CAUGHT_ERROR", "RETRIABLE")


def test_arbitrary_values_are_no_definition() -> None:
    for junk in [*JUNK, "\x00", b"\xff\xfe", "null", '"text"', "1e999", '{"a":1}{']:
        if isinstance(junk, str | bytes | dict):
            assert diagnose_definition(junk)
