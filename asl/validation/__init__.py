"""Is this a state machine that AWS would create? Every fault, by its code, its text and its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asl.validation.diagnostics import Diagnostic, InvalidDefinition, Report
from asl.validation.graph import check_graph
from asl.validation.refusals import refusals
from asl.validation.source import read
from asl.validation.states import Structure

__all__ = ["Diagnostic", "InvalidDefinition", "check", "diagnose", "refusals", "validate"]

Definition = str | bytes | Mapping[str, Any]


def diagnose(definition: Definition, type: str = "STANDARD", *, warnings: bool = False) -> list[Diagnostic]:
    """Every fault of a definition, errors first; warnings too if asked for. Never raises.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
    """
    report = Report()
    machine = read(definition, report)
    if machine is not None:
        Structure(report, type).check_machine(machine)
        if not _errors(report):
            check_graph(report, machine)
    found = _errors(report)
    return found + [d for d in report.diagnostics if d.severity == "WARNING"] if warnings else found


def check(definition: Definition, type: str = "STANDARD", *, any_task: bool = False) -> dict[str, Any]:
    """The definition as an object, if it can be created and run here; raises InvalidDefinition.

    What AWS would run and the engine can't is refused by name. Integrations that it can't call are admitted if
    `any_task` says that stubs or mocks stand in.
    """
    report = Report()
    machine = read(definition, report)
    faults = diagnose(definition, type) if machine is not None else report.diagnostics
    if machine is not None and not faults:
        faults = list(refusals(machine, any_task=any_task))
    if machine is None or faults:
        raise InvalidDefinition(faults)
    return machine


def validate(params: dict[str, Any]) -> dict[str, Any]:
    """The answer to ValidateStateMachineDefinition: ``result``, ``diagnostics``, ``truncated``."""
    warnings = params.get("severity") == "WARNING"
    found = diagnose(params["definition"], params.get("type") or "STANDARD", warnings=warnings)
    most = params.get("maxResults") or 100
    return {
        "result": "FAIL" if any(d.severity == "ERROR" for d in found) else "OK",
        "diagnostics": [d.as_json() for d in found[:most]],
        "truncated": len(found) > most,
    }


def _errors(report: Report) -> list[Diagnostic]:
    return [d for d in report.diagnostics if d.severity == "ERROR"]
