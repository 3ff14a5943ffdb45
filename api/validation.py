"""Validation of requests by the contract's JSON Schemas, with complaints that say what has to change and where."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.protocols import Validator

from api.problems import Complaint, Problem, invalid

MOST_COMPLAINTS = 10
LONGEST_NAME = 60

NOT_BLANK = r"^[\s\S]*\S[\s\S]*$"
"""The contract's pattern for texts that people write."""
KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
BOUNDS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} entries",
    "maxItems": "must have at most {} entries",
    "maxProperties": "must have at most {} members",
    "pattern": "must match {}",
    "const": "must be {}",
}


def _whole_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    # Python's `$` also matches before a last newline, which ECMA's doesn't.
    if isinstance(value, str) and not re.fullmatch(pattern, value):
        yield ValidationError("no match")


_Checker: type[Validator] = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"pattern": _whole_pattern}
)


def compile_schema(schema: Mapping[str, Any]) -> Validator:
    return _Checker(schema)


def check_value(validator: Validator, value: Any, place: str) -> None:
    """Raises a problem that names up to ten faults of the value."""
    complaints: dict[Complaint, None] = {}
    for error in validator.iter_errors(value):
        complaints.update(dict.fromkeys(_complaints(error, place)))
        if len(complaints) >= MOST_COMPLAINTS:
            break
    if complaints:
        raise invalid(*list(complaints)[:MOST_COMPLAINTS])


def _complaints(error: ValidationError, place: str) -> Iterator[Complaint]:
    where = "/".join([place, *(str(part)[:LONGEST_NAME] for part in error.absolute_path)])
    expected: Any = error.validator_value
    schema: Any = error.schema
    value: Any = error.instance
    match error.validator:
        case "required":
            for name in expected:
                if name not in value:
                    yield Complaint(f"{where}/{name}", "is missing")
        case "additionalProperties":
            for name in sorted(set(value) - set(schema["properties"])):
                yield Complaint(f"{where}/{name[:LONGEST_NAME]}", "isn't known here: leave it out")
        case "type":
            kinds = expected if isinstance(expected, list) else [expected]
            yield Complaint(where, f"must be {' or '.join(KINDS[kind] for kind in kinds)}")
        case "enum":
            yield Complaint(where, f"must be one of {', '.join(map(str, expected))}")
        case "pattern" if expected == NOT_BLANK:
            yield Complaint(where, "must not be blank")
        case keyword:
            yield Complaint(where, BOUNDS[str(keyword)].format(expected))


def parse_json(raw: bytes) -> Any:
    """The JSON value of a body. A float without a fraction is an integer, as in JSON Schema."""
    try:
        value = json.loads(raw.decode(), parse_float=_number, parse_constant=_no_number, object_pairs_hook=_object)
        json.dumps(value, ensure_ascii=False).encode()  # raises for half a surrogate pair, which no store takes
    except json.JSONDecodeError as error:
        raise _not_json(f"{error.msg.lower()} at line {error.lineno}, column {error.colno}") from None
    except UnicodeError:
        raise _not_json("it is not UTF-8, or holds half a character") from None
    except _DuplicateMember as member:
        raise _not_json(f"it names {str(member)[:LONGEST_NAME]!r} twice in one object") from None
    except (ValueError, RecursionError):
        raise _not_json("it holds a number that is too large, or is nested too deeply") from None
    return value


class _DuplicateMember(Exception):
    """An object with two members of one name. RFC 8259 leaves open which of them counts, and parsers differ."""


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        raise _DuplicateMember(Counter(name for name, _ in members).most_common(1)[0][0])
    return value


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _not_json(why: str) -> Problem:
    return Problem("invalid-json", 400, f"the body is not JSON: {why}")
