"""Validation: would AWS create this state machine? Diagnostics have AWS's codes, messages and locations."""

from asl.validation.definitions import Definition, diagnose_definition, parse_definition, validate_definition
from asl.validation.diagnostics import Diagnostic, InvalidDefinition
from asl.validation.unsupported import unsupported_features

__all__ = [
    "Definition",
    "Diagnostic",
    "InvalidDefinition",
    "diagnose_definition",
    "parse_definition",
    "unsupported_features",
    "validate_definition",
]
