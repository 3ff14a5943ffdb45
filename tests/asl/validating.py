"""Helpers for tests of validation: a machine around one state, and its diagnostics."""

from __future__ import annotations

from typing import Any

from asl.validation import diagnose_definition

PASS = {"Type": "Pass", "End": True}
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:charge"


def machine(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A machine whose first state is the given one; T is a target for its transitions."""
    states = {"A": state, "T": {"Type": "Succeed"}}
    if state.get("End") or state.get("Type") in ("Succeed", "Fail"):
        del states["T"]
    return {"StartAt": "A", "States": states, **more}


def schema_errors(definition: Any, type: str = "STANDARD") -> list[tuple[str, str | None]]:
    """Message and location of every diagnostic; all have the code SCHEMA_VALIDATION_FAILED."""
    diagnostics = diagnose_definition(definition, type)
    assert all(diagnostic.code == "SCHEMA_VALIDATION_FAILED" for diagnostic in diagnostics)
    return [(diagnostic.message, diagnostic.location) for diagnostic in diagnostics]


def diagnostics_of(definition: Any) -> list[tuple[str, str, str | None]]:
    return [
        (diagnostic.code, diagnostic.message, diagnostic.location) for diagnostic in diagnose_definition(definition)
    ]
