"""The state machines of `make bench`, with their inputs: seven states, 200 Pass states, a Map over 1000 items."""

from __future__ import annotations

from typing import Any

ROLE = "arn:aws:iam::000000000000:role/benchmark"


def seven_states() -> dict[str, Any]:
    """Seven states: Pass, Choice, Parallel, Map, Pass, Pass, Succeed."""
    one = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
    two = {"StartAt": "Two", "States": {"Two": {"Type": "Pass", "End": True}}}
    item = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
    big = {"Variable": "$.order.total", "NumericGreaterThan": 100, "Next": "Both"}
    return {
        "StartAt": "Begin",
        "States": {
            "Begin": {"Type": "Pass", "Result": {"total": 120}, "ResultPath": "$.order", "Next": "IsBig"},
            "IsBig": {"Type": "Choice", "Choices": [big], "Default": "Small"},
            "Both": {"Type": "Parallel", "Branches": [one, two], "ResultPath": "$.both", "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": item,
                "ResultPath": "$.each",
                "Next": "End",
            },
            "Small": {"Type": "Pass", "Next": "End"},
            "End": {"Type": "Pass", "Parameters": {"total.$": "$.order.total"}, "Next": "Done"},
            "Done": {"Type": "Succeed"},
        },
    }


def pass_chain(count: int = 200) -> dict[str, Any]:
    states: dict[str, Any] = {f"P{n}": {"Type": "Pass", "Next": f"P{n + 1}"} for n in range(count - 1)}
    return {"StartAt": "P0", "States": states | {f"P{count - 1}": {"Type": "Pass", "End": True}}}


def map_over_items() -> dict[str, Any]:
    item = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
    return {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": item, "End": True}}}


MACHINES: dict[str, tuple[dict[str, Any], Any]] = {
    "7 states": (seven_states(), {"items": [1, 2, 3]}),
    "200 Pass": (pass_chain(), {"n": 1}),
    "Map over 1000": (map_over_items(), list(range(1000))),
}
