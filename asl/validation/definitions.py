"""Validation of a whole definition: its JSON, its structure, its transitions, and what the engine supports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asl.validation.diagnostics import Diagnostic, DiagnosticsCollector, InvalidDefinition
from asl.validation.graph import check_graph
from asl.validation.source import read_definition
from asl.validation.states import StateMachineValidator
from asl.validation.unsupported import unsupported_features

Definition = str | bytes | Mapping[str, Any]
DEFAULT_MAX_RESULTS = 100


def diagnose_definition(definition: Definition, type: str = "STANDARD", *, warnings: bool = False) -> list[Diagnostic]:
    """Every error of a definition, then, on request, every warning. Never raises.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
    """
    collector = DiagnosticsCollector()
    machine = read_definition(definition, collector)
    if machine is not None:
        StateMachineValidator(collector, type).check_machine(machine)
        if not collector.errors:
            check_graph(collector, machine)
    errors = collector.errors
    if not warnings:
        return errors
    return errors + [diagnostic for diagnostic in collector.diagnostics if diagnostic.severity == "WARNING"]


def parse_definition(definition: Definition, type: str = "STANDARD", *, any_task: bool = False) -> dict[str, Any]:
    """The definition as an object, if AWS would create it and the engine supports it; else raises InvalidDefinition.

    `any_task` admits Tasks with integrations that the engine can't call, for stubs or mocks to replace.
    """
    collector = DiagnosticsCollector()
    machine = read_definition(definition, collector)
    errors = collector.diagnostics if machine is None else diagnose_definition(definition, type)
    if machine is not None and not errors:
        errors = list(unsupported_features(machine, any_task=any_task))
    if machine is None or errors:
        raise InvalidDefinition(errors)
    return machine


def validate_definition(params: dict[str, Any]) -> dict[str, Any]:
    """The response to ValidateStateMachineDefinition: ``result``, ``diagnostics``, ``truncated``."""
    warnings = params.get("severity") == "WARNING"
    diagnostics = diagnose_definition(params["definition"], params.get("type") or "STANDARD", warnings=warnings)
    max_results = params.get("maxResults") or DEFAULT_MAX_RESULTS
    return {
        "result": "FAIL" if any(diagnostic.severity == "ERROR" for diagnostic in diagnostics) else "OK",
        "diagnostics": [diagnostic.as_json() for diagnostic in diagnostics[:max_results]],
        "truncated": len(diagnostics) > max_results,
    }
