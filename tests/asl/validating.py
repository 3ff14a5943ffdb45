"""What the tests of validation share: a machine around one state, and what is said of it."""

from __future__ import annotations

from typing import Any

from asl.validation import diagnose

PASS = {"Type": "Pass", "End": True}
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:charge"


def machine(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A machine whose first state is the one in question; T is there to be led to."""
    states = {"A": state, "T": {"Type": "Succeed"}}
    if state.get("End") or state.get("Type") in ("Succeed", "Fail"):
        del states["T"]
    return {"StartAt": "A", "States": states, **more}


def said(definition: Any, type: str = "STANDARD") -> list[tuple[str, str | None]]:
    found = diagnose(definition, type)
    assert all(each.code == "SCHEMA_VALIDATION_FAILED" for each in found)
    return [(each.message, each.location) for each in found]


def coded(definition: Any) -> list[tuple[str, str, str | None]]:
    return [(each.code, each.message, each.location) for each in diagnose(definition)]
