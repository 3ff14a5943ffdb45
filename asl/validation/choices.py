"""Checks of the rules of a Choice state.

States Language, section "Choice State".
"""

from __future__ import annotations

from typing import Any

from asl.language.choice_rules import OPERATORS
from asl.language.timestamps import instant
from asl.validation.objects import ObjectValidator
from asl.validation.values import check_choice_path

_SELECTORS = ("And", "Or", "Not", "Variable", "Condition")


def check_choices(validator: ObjectValidator, state: dict[str, Any], location: str, language: str) -> None:
    """Check the Choices of a Choice state."""
    for i, rule in validator.array_items(state, "Choices", location):
        inner_location = f"{location}/Choices[{i}]"
        if validator.collector.expect(inner_location, rule, dict, "Object"):
            validator.check_required(inner_location, rule, ("Next",))
            _check_rule(validator, rule, inner_location, language, outermost=True)


def _check_rule(
    validator: ObjectValidator, rule: dict[str, Any], location: str, language: str, *, outermost: bool
) -> None:
    selectors = [name for name in _SELECTORS if name in rule]
    if len(selectors) != 1:
        names = ", ".join(_SELECTORS)
        validator.collector.error(location, f"The object must have only one of the following fields, [{names}]")
    allowed = {*_SELECTORS, "Comment", *(OPERATORS if "Variable" in rule else ())}
    validator.check_allowed(location, rule, allowed | ({"Next", "Assign", "Output"} if outermost else set()))
    validator.check_fields(location, rule, language)
    if language == "JSONata":
        _check_condition(validator, rule, location)
        return
    if "Variable" in rule:
        _check_comparison(validator, rule, location)
    for name in ("And", "Or"):
        for i, inner in validator.array_items(rule, name, location) if name in rule else ():
            _check_inner_rule(validator, inner, f"{location}/{name}[{i}]", language)
    if "Not" in rule:
        _check_inner_rule(validator, rule["Not"], f"{location}/Not", language)


def _check_inner_rule(validator: ObjectValidator, rule: Any, location: str, language: str) -> None:
    if validator.collector.expect(location, rule, dict, "Object"):
        _check_rule(validator, rule, location, language, outermost=False)


def _check_condition(validator: ObjectValidator, rule: dict[str, Any], location: str) -> None:
    condition = rule.get("Condition")
    if "Condition" in rule and not isinstance(condition, bool) and not _is_delimited(condition):
        validator.collector.error(f"{location}/Condition", "JSONata string must start with {% and end with %}")


def _check_comparison(validator: ObjectValidator, rule: dict[str, Any], location: str) -> None:
    check_choice_path(validator.collector, rule["Variable"], f"{location}/Variable")
    names = [name for name in rule if name in OPERATORS]
    if len(names) != 1:
        listed = ", ".join(names or sorted(OPERATORS))
        reason = "There should only be one of" if names else "This object should have only one of"
        validator.collector.error(location, f"{reason} the following fields: [{listed}]")
    for name in names:
        _check_operand(validator, name, rule[name], f"{location}/{name}")


def _check_operand(validator: ObjectValidator, name: str, value: Any, location: str) -> None:
    if name.endswith("Path"):
        check_choice_path(validator.collector, value, location)
    elif name.startswith(("Is", "Boolean")):
        validator.collector.expect(location, value, bool, "Boolean")
    elif name.startswith("Numeric"):
        validator.collector.expect(location, value, (int, float), "Float")
    else:
        is_string = validator.collector.expect(location, value, str, "String")
        if is_string and name.startswith("Timestamp") and instant(value) is None:
            validator.collector.error(location, "String does not match RFC3339 timestamp")


def _is_delimited(text: Any) -> bool:
    return isinstance(text, str) and text.startswith("{%") and text.endswith("%}")
