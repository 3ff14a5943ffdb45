"""The rules of a Choice state, compiled to predicates.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html; the States Language, section "Choice State".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from asl.language.errors import PathNotFound, StatesError
from asl.language.jsonata.expressions import compile_condition
from asl.language.jsonpath import compile_path
from asl.language.scope import Expression, Scope
from asl.language.timestamps import instant

Rule = Callable[[Scope], bool]
Test = Callable[[Any], bool]
Compare = Callable[[Any, Any], bool]


class InvalidRule(ValueError):
    """The rule has no operator, more than one, or one that doesn't exist."""


def compile_rule(rule: dict[str, Any], language: str = "JSONPath", field: str = "Condition") -> Rule:
    """A Choice rule as a predicate; `field` is its place in the state, for the cause of a JSONata failure.

    Raises InvalidRule, InvalidPath or InvalidExpression. The predicate raises ``States.Runtime`` if its Variable
    matches nothing, except under IsPresent. A value of another type than the operator's never matches.
    """
    if language == "JSONata":
        return compile_condition(rule["Condition"], field)
    return _compile_rule(rule)


def _compile_rule(rule: dict[str, Any]) -> Rule:
    if "And" in rule:
        conjuncts = [_compile_rule(inner) for inner in rule["And"]]
        return lambda scope: all(test(scope) for test in conjuncts)
    if "Or" in rule:
        disjuncts = [_compile_rule(inner) for inner in rule["Or"]]
        return lambda scope: any(test(scope) for test in disjuncts)
    if "Not" in rule:
        negated = _compile_rule(rule["Not"])
        return lambda scope: not negated(scope)
    return _compile_comparison(rule)


def _compile_comparison(rule: dict[str, Any]) -> Rule:
    names = [name for name in rule if name in OPERATORS]
    if len(names) != 1 or not isinstance(rule.get("Variable"), str):
        raise InvalidRule(f"A rule needs a Variable and one operator: {rule}")
    (name,) = names
    read = compile_path(rule["Variable"])
    if name == "IsPresent":
        return _is_present(read, rule[name])
    variable = _read_or_fail(read)
    if name.startswith("Is"):
        test, expected = _TYPE_TESTS[name], rule[name]
        return lambda scope: test(variable(scope)) is expected
    if name.endswith("Path"):
        kind, compare = _COMPARISONS[name.removesuffix("Path")]
        other = _read_or_fail(compile_path(rule[name]))
        return lambda scope: compare_as(kind, compare, variable(scope), other(scope))
    if name == "StringMatches":
        matches = compile_pattern(rule[name]).fullmatch
        return lambda scope: isinstance(value := variable(scope), str) and matches(value) is not None
    return _compare_with_constant(variable, *_COMPARISONS[name], rule[name])


def _compare_with_constant(variable: Expression, kind: _Kind, compare: Compare, constant: Any) -> Rule:
    right = kind(constant)

    def test(scope: Scope) -> bool:
        left = kind(variable(scope))
        return left is not None and right is not None and compare(left, right)

    return test


def compare_as(kind: _Kind, compare: Compare, left: Any, right: Any) -> bool:
    """Compare two values if both are of the kind; another type never matches."""
    first, second = kind(left), kind(right)
    return first is not None and second is not None and compare(first, second)


def _read_or_fail(read: Expression) -> Expression:
    """The expression, with AWS's error for a path that matches nothing."""

    def value(scope: Scope) -> Any:
        try:
            return read(scope)
        except PathNotFound as error:
            raise StatesError(
                "States.Runtime",
                f"Invalid path '{error.path}': The choice state's condition path references an invalid value.",
            ) from None

    return value


def _is_present(read: Expression, expected: bool) -> Rule:
    def test(scope: Scope) -> bool:
        try:
            read(scope)
        except PathNotFound:
            return not expected
        return expected

    return test


def compile_pattern(text: str) -> re.Pattern[str]:
    """A StringMatches pattern: ``*`` matches any run, ``\\*`` a star, ``\\\\`` a backslash."""
    parts = re.findall(r"\\.|\*|[^\\*]+|\\", text, re.S)
    wild = (".*" if part == "*" else re.escape(re.sub(r"\\(.)", r"\1", part)) for part in parts)
    return re.compile("".join(wild), re.S)


_Kind = Callable[[Any], Any]
"""The comparable form of a value of one type; None for a value of another type."""


def _string(value: Any) -> Any:
    # Java compares UTF-16 code units, not code points.
    return value.encode("utf-16-be", "surrogatepass") if isinstance(value, str) else None


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _boolean(value: Any) -> Any:
    return value if isinstance(value, bool) else None


_ORDER: dict[str, Compare] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_KINDS: dict[str, _Kind] = {"String": _string, "Numeric": _number, "Timestamp": instant}
_COMPARISONS: dict[str, tuple[_Kind, Compare]] = {
    **{f"{name}{order}": (kind, compare) for name, kind in _KINDS.items() for order, compare in _ORDER.items()},
    "BooleanEquals": (_boolean, operator.is_),
}
_TYPE_TESTS: dict[str, Test] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": lambda value: _number(value) is not None,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: instant(value) is not None,
}
OPERATORS = frozenset(
    {*_COMPARISONS, *(f"{name}Path" for name in _COMPARISONS), *_TYPE_TESTS, "IsPresent", "StringMatches"}
)
"""Every comparison operator of JSONPath rules."""
