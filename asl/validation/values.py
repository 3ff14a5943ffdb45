"""What a single field may hold: numbers in their bounds, one of a few words, paths, templates, expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.language.intrinsics import InvalidIntrinsic, compile_intrinsic
from asl.language.jsonata.syntax import is_expression
from asl.language.jsonpath import InvalidPath, compile_path, compile_reference_path
from asl.language.timestamps import instant
from asl.validation import fields
from asl.validation.diagnostics import Report
from asl.validation.expressions import check_expression

_NOT_A_REFERENCE = "Value is not a Reference Path"
_MAP_NUMBER_PATHS = frozenset(
    {"MaxConcurrencyPath", "ToleratedFailurePercentagePath", "ToleratedFailureCountPath", "MaxItemsPath"}
    | {"MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"}
)


def check_field(report: Report, name: str, value: Any, place: str, language: str, *, catching: bool = False) -> None:
    """Check a field by its name alone; `place` is the object that holds it."""
    here = f"{place.rstrip('/')}/{name}"
    if language == "JSONata" and is_expression(value) and name not in _LITERAL:
        check_expression(report, value, here, catching=catching)
    elif language == "JSONata" and name in fields.JSONATA_TEMPLATE_FIELDS:
        _check_jsonata_template(report, name, value, here, catching=catching)
    elif name in fields.TEMPLATE_FIELDS:
        if name != "Assign" or report.expect(here, value, dict, "Object"):
            check_template(report, value, here)
    elif name in fields.QUERY_FIELDS:
        check_query(report, value, here)
    elif name in fields.PATH_FIELDS or name in fields.REFERENCE_FIELDS:
        _check_path(report, name, value, here)
    else:
        check_constant(report, name, value, here)


_LITERAL = frozenset({"Comment", "Next", "Default", "Type", "QueryLanguage", "Resource", "Label"})


def check_constant(report: Report, name: str, value: Any, here: str) -> None:
    """A field that holds a plain value."""
    if name in fields.INTEGERS:
        if report.expect(here, value, int, "Integer"):
            _check_bounds(report, value, *fields.INTEGERS[name], here)
    elif name in fields.NUMBERS:
        if report.expect(here, value, (int, float), "Float"):
            _check_bounds(report, value, *fields.NUMBERS[name], here)
    elif name in fields.CONSTANTS:
        allowed = fields.CONSTANTS[name]
        if report.expect(here, value, str, "String") and value not in allowed:
            report.error(here, f"Value should be one of the following: [{', '.join(allowed)}]")
    elif name == "Timestamp":
        if report.expect(here, value, str, "String") and instant(value) is None:
            report.error(here, "String does not match RFC3339 timestamp")
    elif name == "End":
        report.expect(here, value, bool, "Boolean")
    elif name in fields.STRINGS:
        report.expect(here, value, str, "String")


def _check_bounds(report: Report, value: float, least: float, most: float | None, here: str) -> None:
    if value < least:
        report.error(here, f"Minimum value is {least}")
    elif most is not None and value > most:
        report.error(here, f"Maximum value is {most}")


def _check_path(report: Report, name: str, value: Any, here: str) -> None:
    if value is None and name in ("InputPath", "OutputPath", "ResultPath"):
        return
    if not report.expect(here, value, str, "String"):
        return
    try:
        compile_path(value)
    except InvalidPath:
        report.error(here, "Value must be a valid JSONPath.")
        return
    if name in fields.PATH_FIELDS or name == "ItemsPath":
        return
    from_input = value == "$" or value.startswith(("$.", "$["))
    wrong_root = not from_input if name == "ResultPath" else name in _MAP_NUMBER_PATHS and value.startswith("$$")
    if wrong_root or not is_reference(value):
        report.error(here, _NOT_A_REFERENCE)


def is_reference(text: str) -> bool:
    """True for a path that names one place, from ``$``, ``$$`` or a variable. States Language, "Reference Paths"."""
    rest = text[2:] if text.startswith("$$") else text[1:]
    if text.startswith("$") and not text.startswith("$$"):
        rest = rest.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
    try:
        compile_reference_path("$" + rest)
    except InvalidPath:
        return False
    return True


def check_choice_path(report: Report, value: Any, here: str) -> None:
    """Variable and the ``…Path`` operators of a Choice rule."""
    if not report.expect(here, value, str, "String"):
        return
    if not value.startswith("$"):
        report.error(here, f"{_NOT_A_REFERENCE}: Reference path didn't start with '$'")
        return
    try:
        compile_path(value)
    except InvalidPath:
        report.error(here, _NOT_A_REFERENCE)


def check_query(report: Report, value: Any, here: str) -> None:
    """``ErrorPath`` and ``CausePath``: a path or an intrinsic function that gives a string."""
    if not report.expect(here, value, str, "String"):
        return
    if not is_query(value):
        report.error(here, "Value must be a valid JSONPath.")


def is_query(text: Any) -> bool:
    """True for a path or an intrinsic function call."""
    if not isinstance(text, str):
        return False
    try:
        compile_intrinsic(text) if text.startswith("States.") else compile_path(text)
    except (InvalidIntrinsic, InvalidPath):
        return False
    return True


def check_template(report: Report, template: Any, here: str) -> None:
    """Every ``.$`` field of a payload template, however deep."""
    for place, key, value in _fields_of(template, here):
        if not key.endswith(".$"):
            if isinstance(value, str) and (value.startswith(("$.", "$$.")) or _looks_intrinsic(value)):
                message = "The value looks like a path, but the field's name has no '.$'"
                report.warning(f"{place}/{key}", message, "NO_DOLLAR")
        elif not is_query(value):
            report.error(
                place, f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
            )


def _looks_intrinsic(text: str) -> bool:
    return text.startswith("States.") and text.endswith(")")


def _fields_of(value: Any, place: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield place, key, inner
            if not key.endswith(".$"):
                yield from _fields_of(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _fields_of(inner, f"{place}[{i}]")


def _check_jsonata_template(report: Report, name: str, value: Any, here: str, *, catching: bool) -> None:
    if name == "Assign" and not report.expect(here, value, dict, "Object"):
        return
    if name == "Items" and not report.expect(here, value, list, "Array"):
        return
    for place, text in _strings_of(value, here):
        if is_expression(text):
            check_expression(report, text, place, catching=catching)
        elif text.startswith("{%"):
            report.error(place, "JSONata string must start with {% and end with %}")


def _strings_of(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings_of(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _strings_of(inner, f"{place}[{i}]")
