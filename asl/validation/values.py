"""Checks of a single field's value: numbers, constants, paths, templates and expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.language.intrinsics import InvalidIntrinsic, compile_intrinsic
from asl.language.jsonata.syntax import is_expression
from asl.language.jsonpath import InvalidPath, compile_path, compile_reference_path
from asl.language.timestamps import instant
from asl.validation import fields
from asl.validation.diagnostics import DiagnosticsCollector
from asl.validation.expressions import check_expression

_NOT_A_REFERENCE = "Value is not a Reference Path"
_MAP_NUMBER_PATHS = frozenset(
    {"MaxConcurrencyPath", "ToleratedFailurePercentagePath", "ToleratedFailureCountPath", "MaxItemsPath"}
    | {"MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"}
)


def check_field(
    collector: DiagnosticsCollector, name: str, value: Any, parent: str, language: str, *, catching: bool = False
) -> None:
    """Check the value of a field by the field's name; `parent` is the location of its object."""
    location = f"{parent.rstrip('/')}/{name}"
    if language == "JSONata" and is_expression(value) and name not in _LITERAL:
        check_expression(collector, value, location, catching=catching)
    elif language == "JSONata" and name in fields.JSONATA_TEMPLATE_FIELDS:
        _check_jsonata_template(collector, name, value, location, catching=catching)
    elif name in fields.TEMPLATE_FIELDS:
        if name != "Assign" or collector.expect(location, value, dict, "Object"):
            check_template(collector, value, location)
    elif name in fields.QUERY_FIELDS:
        check_query(collector, value, location)
    elif name in fields.PATH_FIELDS or name in fields.REFERENCE_FIELDS:
        _check_path(collector, name, value, location)
    else:
        check_constant(collector, name, value, location)


_LITERAL = frozenset({"Comment", "Next", "Default", "Type", "QueryLanguage", "Resource", "Label"})


def check_constant(collector: DiagnosticsCollector, name: str, value: Any, location: str) -> None:
    """Check a field that holds a plain value."""
    if name in fields.INTEGERS:
        if collector.expect(location, value, int, "Integer"):
            _check_bounds(collector, value, *fields.INTEGERS[name], location)
    elif name in fields.NUMBERS:
        if collector.expect(location, value, (int, float), "Float"):
            _check_bounds(collector, value, *fields.NUMBERS[name], location)
    elif name in fields.CONSTANTS:
        allowed = fields.CONSTANTS[name]
        if collector.expect(location, value, str, "String") and value not in allowed:
            collector.error(location, f"Value should be one of the following: [{', '.join(allowed)}]")
    elif name == "Timestamp":
        if collector.expect(location, value, str, "String") and instant(value) is None:
            collector.error(location, "String does not match RFC3339 timestamp")
    elif name == "End":
        collector.expect(location, value, bool, "Boolean")
    elif name in fields.STRINGS:
        collector.expect(location, value, str, "String")


def _check_bounds(
    collector: DiagnosticsCollector, value: float, minimum: float, maximum: float | None, location: str
) -> None:
    if value < minimum:
        collector.error(location, f"Minimum value is {minimum}")
    elif maximum is not None and value > maximum:
        collector.error(location, f"Maximum value is {maximum}")


def _check_path(collector: DiagnosticsCollector, name: str, value: Any, location: str) -> None:
    if value is None and name in ("InputPath", "OutputPath", "ResultPath"):
        return
    if not collector.expect(location, value, str, "String"):
        return
    try:
        compile_path(value)
    except InvalidPath:
        collector.error(location, "Value must be a valid JSONPath.")
        return
    if name in fields.PATH_FIELDS or name == "ItemsPath":
        return
    from_input = value == "$" or value.startswith(("$.", "$["))
    wrong_root = not from_input if name == "ResultPath" else name in _MAP_NUMBER_PATHS and value.startswith("$$")
    if wrong_root or not is_reference(value):
        collector.error(location, _NOT_A_REFERENCE)


def is_reference(text: str) -> bool:
    """True for a path to exactly one node, from ``$``, ``$$`` or a variable. States Language, "Reference Paths"."""
    rest = text[2:] if text.startswith("$$") else text[1:]
    if text.startswith("$") and not text.startswith("$$"):
        rest = rest.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
    try:
        compile_reference_path("$" + rest)
    except InvalidPath:
        return False
    return True


def check_choice_path(collector: DiagnosticsCollector, value: Any, location: str) -> None:
    """Check a path in Variable or in a ``…Path`` operator of a Choice rule."""
    if not collector.expect(location, value, str, "String"):
        return
    if not value.startswith("$"):
        collector.error(location, f"{_NOT_A_REFERENCE}: Reference path didn't start with '$'")
        return
    try:
        compile_path(value)
    except InvalidPath:
        collector.error(location, _NOT_A_REFERENCE)


def check_query(collector: DiagnosticsCollector, value: Any, location: str) -> None:
    """Check ``ErrorPath`` or ``CausePath``: a path or an intrinsic function call."""
    if not collector.expect(location, value, str, "String"):
        return
    if not is_query(value):
        collector.error(location, "Value must be a valid JSONPath.")


def is_query(text: Any) -> bool:
    """True for a path or an intrinsic function call."""
    if not isinstance(text, str):
        return False
    try:
        compile_intrinsic(text) if text.startswith("States.") else compile_path(text)
    except (InvalidIntrinsic, InvalidPath):
        return False
    return True


def check_template(collector: DiagnosticsCollector, template: Any, location: str) -> None:
    """Check every ``.$`` field of a payload template, at any depth."""
    for object_location, key, value in _template_fields(template, location):
        if not key.endswith(".$"):
            if isinstance(value, str) and (value.startswith(("$.", "$$.")) or _looks_intrinsic(value)):
                message = "The value looks like a path, but the field's name has no '.$'"
                collector.warning(f"{object_location}/{key}", message, "NO_DOLLAR")
        elif not is_query(value):
            collector.error(
                object_location,
                f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call",
            )


def _looks_intrinsic(text: str) -> bool:
    return text.startswith("States.") and text.endswith(")")


def _template_fields(value: Any, location: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield location, key, inner
            if not key.endswith(".$"):
                yield from _template_fields(inner, f"{location}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _template_fields(inner, f"{location}[{i}]")


def _check_jsonata_template(
    collector: DiagnosticsCollector, name: str, value: Any, location: str, *, catching: bool
) -> None:
    if name == "Assign" and not collector.expect(location, value, dict, "Object"):
        return
    if name == "Items" and not collector.expect(location, value, list, "Array"):
        return
    for text_location, text in _template_strings(value, location):
        if is_expression(text):
            check_expression(collector, text, text_location, catching=catching)
        elif text.startswith("{%"):
            collector.error(text_location, "JSONata string must start with {% and end with %}")


def _template_strings(value: Any, location: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield location, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _template_strings(inner, f"{location}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _template_strings(inner, f"{location}[{i}]")
