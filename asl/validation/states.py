"""The structure of a definition, place by place: which fields are there, which are missing, what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from asl.language.choice_rules import OPERATORS
from asl.language.timestamps import instant
from asl.validation import fields
from asl.validation.diagnostics import Report
from asl.validation.maps import check_map
from asl.validation.resources import check_resource, is_activity
from asl.validation.values import check_choice_path, check_field

_VARIABLE_NAME = re.compile(r"[^\W\d]\w*")
_SELECTORS = ("And", "Or", "Not", "Variable", "Condition")
MAX_VARIABLE_NAME = 80


class Structure:
    """Walks a definition and notes every fault of form in the report."""

    def __init__(self, report: Report, machine_type: str) -> None:
        self.report = report
        self.machine_type = machine_type
        self.language = "JSONPath"

    def check_machine(self, machine: dict[str, Any]) -> None:
        self.only("/", machine, fields.MACHINE_FIELDS)
        self.language = "JSONata" if machine.get("QueryLanguage") == "JSONata" else "JSONPath"
        for name in ("Comment", "QueryLanguage", "StartAt", "Version", "TimeoutSeconds"):
            if name in machine:
                check_field(self.report, name, machine[name], "/", "JSONPath")
        self.required("/", machine, ("States", "StartAt"))
        self.check_states(machine, "")

    def check_branch(self, branch: Any, here: str, allowed: frozenset[str] = fields.BRANCH_FIELDS) -> None:
        """A machine inside a Parallel or a Map."""
        if not self.report.expect(here, branch, dict, "Object"):
            return
        self.only(here, branch, allowed)
        for name in ("Comment", "StartAt"):
            if name in branch:
                check_field(self.report, name, branch[name], here, "JSONPath")
        self.required(here, branch, ("States", "StartAt"))
        self.check_states(branch, here)

    def check_states(self, machine: dict[str, Any], here: str) -> None:
        states = machine.get("States")
        if "States" not in machine or not self.report.expect(f"{here}/States", states, dict, "Object"):
            return
        if not states:
            self.report.error(f"{here}/States", "Value cannot be empty")
        for name, state in dict(states or {}).items():
            place = f"{here}/States/{name}"
            if self.report.expect(place, state, dict, "Object"):
                self.check_state(state, place)

    def check_state(self, state: dict[str, Any], here: str) -> None:
        kind = state.get("Type")
        if not isinstance(kind, str) or kind not in fields.STATE_FIELDS:
            self._refuse_type(state, here)
            return
        language = self._language(state, here)
        self.only(here, state, fields.STATE_FIELDS[kind])
        self.required(here, state, fields.REQUIRED.get(kind, ()))
        for group in fields.EXACTLY_ONE.get(kind, ()):
            self.exactly_one(here, state, group)
        self.check_fields(here, state, language)
        if kind == "Task":
            self._check_task(state, here)
        elif kind == "Choice":
            self._check_choices(state, here, language)
        elif kind == "Parallel":
            for i, branch in self.entries(state, "Branches", here):
                self.check_branch(branch, f"{here}/Branches[{i}]")
        elif kind == "Map":
            check_map(self, state, here, language)
        self._check_faults(state, here, language)
        if kind == "Pass":
            self._warn_of_static_result(state, here)

    def check_fields(self, here: str, value: dict[str, Any], language: str, *, catching: bool = False) -> None:
        """Fields that mean the same wherever they stand, and which of them may stand together."""
        for name, inner in value.items():
            if name in (fields.JSONPATH_ONLY if language == "JSONata" else fields.JSONATA_ONLY):
                other = "JSONPath" if language == "JSONata" else "JSONata"
                self.report.error(
                    here,
                    f"The QueryLanguage is set to '{language}', but field '{name}' is only supported "
                    f"for the '{other}' QueryLanguage",
                )
            else:
                check_field(self.report, name, inner, here, language, catching=catching)
        for group in fields.ONE_AT_MOST:
            if all(name in value for name in group):
                self.report.error(here, f"There should only be one of the following fields: [{', '.join(group)}]")
        if isinstance(value.get("Assign"), dict):
            self._check_variables(value["Assign"], f"{here}/Assign")

    def only(self, here: str, value: dict[str, Any], allowed: Iterable[str]) -> None:
        for name in value:
            if name not in allowed:
                self.report.error(here, f"Field '{name}' is not supported")

    def required(self, here: str, value: dict[str, Any], names: Iterable[str]) -> None:
        missing = [name for name in names if name not in value]
        if missing:
            self.report.error(here, f"These fields are required: [{', '.join(missing)}]")

    def exactly_one(self, here: str, value: dict[str, Any], group: tuple[str, ...]) -> None:
        present = [name for name in group if name in value and not (name == "End" and value[name] is False)]
        if len(present) > 1:
            self.report.error(here, f"There should only be one of the following fields: [{', '.join(group)}]")
        elif not present:
            self.report.error(here, f"This object should have only one of the following fields: [{', '.join(group)}]")

    def entries(self, value: dict[str, Any], name: str, here: str) -> list[tuple[int, Any]]:
        """The items of an array field, numbered; none if it is no array."""
        items = value.get(name, [])
        if not self.report.expect(f"{here}/{name}", items, list, "Array"):
            return []
        if name in fields.NEVER_EMPTY and name in value and not items:
            self.report.error(f"{here}/{name}", "Value cannot be empty")
        return list(enumerate(items))

    def _refuse_type(self, state: dict[str, Any], here: str) -> None:
        if "Type" not in state:
            self.required(here, state, ("Type",))
        elif self.report.expect(f"{here}/Type", state["Type"], str, "String"):
            names = ", ".join(fields.STATE_FIELDS)
            self.report.error(f"{here}/Type", f"Value should be one of the following: [{names}]")

    def _language(self, state: dict[str, Any], here: str) -> str:
        own = state.get("QueryLanguage", self.language)
        if self.language == "JSONata" and own == "JSONPath":
            message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            self.report.error(here, message)
        return "JSONata" if own == "JSONata" else "JSONPath"

    def _check_task(self, state: dict[str, Any], here: str) -> None:
        resource = state.get("Resource")
        if isinstance(resource, str):
            check_resource(self.report, resource, f"{here}/Resource", self.machine_type)
        timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
        if type(timeout) is int and type(heartbeat) is int and heartbeat >= timeout:
            self.report.error(here, "HeartbeatSeconds must be smaller than TimeoutSeconds")
        if "Credentials" in state:
            self._check_credentials(state["Credentials"], str(resource), f"{here}/Credentials")

    def _check_credentials(self, credentials: Any, resource: str, here: str) -> None:
        if isinstance(credentials, str) and credentials.startswith("{%"):
            return
        if not self.report.expect(here, credentials, dict, "Object"):
            return
        if "RoleArn" not in credentials and "RoleArn.$" not in credentials:
            self.report.error(here, "The field 'RoleArn' is required but was missing")
        if is_activity(resource):
            self.report.error(here, "The field 'Credentials' is not supported for activities")

    def _check_choices(self, state: dict[str, Any], here: str, language: str) -> None:
        for i, rule in self.entries(state, "Choices", here):
            place = f"{here}/Choices[{i}]"
            if self.report.expect(place, rule, dict, "Object"):
                self.required(place, rule, ("Next",))
                self._check_rule(rule, place, language, outermost=True)

    def _check_rule(self, rule: dict[str, Any], here: str, language: str, *, outermost: bool) -> None:
        selectors = [name for name in _SELECTORS if name in rule]
        if len(selectors) != 1:
            names = ", ".join(_SELECTORS)
            self.report.error(here, f"The object must have only one of the following fields, [{names}]")
        allowed = {*_SELECTORS, "Comment", *(OPERATORS if "Variable" in rule else ())}
        self.only(here, rule, allowed | ({"Next", "Assign", "Output"} if outermost else set()))
        self.check_fields(here, rule, language)
        if language == "JSONata":
            self._check_condition(rule, here)
            return
        if "Variable" in rule:
            self._check_comparison(rule, here)
        for name in ("And", "Or"):
            for i, inner in self.entries(rule, name, here) if name in rule else ():
                self._check_inner_rule(inner, f"{here}/{name}[{i}]", language)
        if "Not" in rule:
            self._check_inner_rule(rule["Not"], f"{here}/Not", language)

    def _check_inner_rule(self, rule: Any, here: str, language: str) -> None:
        if self.report.expect(here, rule, dict, "Object"):
            self._check_rule(rule, here, language, outermost=False)

    def _check_condition(self, rule: dict[str, Any], here: str) -> None:
        condition = rule.get("Condition")
        if "Condition" in rule and not isinstance(condition, bool) and not _delimited(condition):
            self.report.error(f"{here}/Condition", "JSONata string must start with {% and end with %}")

    def _check_comparison(self, rule: dict[str, Any], here: str) -> None:
        check_choice_path(self.report, rule["Variable"], f"{here}/Variable")
        names = [name for name in rule if name in OPERATORS]
        if len(names) != 1:
            listed = ", ".join(names or sorted(OPERATORS))
            said = "There should only be one of" if names else "This object should have only one of"
            self.report.error(here, f"{said} the following fields: [{listed}]")
        for name in names:
            self._check_operand(name, rule[name], f"{here}/{name}")

    def _check_operand(self, name: str, value: Any, here: str) -> None:
        if name.endswith("Path"):
            check_choice_path(self.report, value, here)
        elif name.startswith(("Is", "Boolean")):
            self.report.expect(here, value, bool, "Boolean")
        elif name.startswith("Numeric"):
            self.report.expect(here, value, (int, float), "Float")
        elif self.report.expect(here, value, str, "String") and name.startswith("Timestamp") and instant(value) is None:
            self.report.error(here, "String does not match RFC3339 timestamp")

    def _check_faults(self, state: dict[str, Any], here: str, language: str) -> None:
        for name, allowed in (("Retry", fields.RETRY_FIELDS), ("Catch", fields.CATCH_FIELDS)):
            entries = self.entries(state, name, here)
            for i, entry in entries:
                place = f"{here}/{name}[{i}]"
                if not self.report.expect(place, entry, dict, "Object"):
                    continue
                self.only(place, entry, allowed)
                self.required(place, entry, ("ErrorEquals",) if name == "Retry" else ("ErrorEquals", "Next"))
                self.check_fields(place, entry, language, catching=name == "Catch")
                self._check_error_names(entry, place, last=i + 1 == len(entries))

    def _check_error_names(self, entry: dict[str, Any], here: str, *, last: bool) -> None:
        names = [name for _, name in self.entries(entry, "ErrorEquals", here)]
        for name in names:
            self.report.expect(f"{here}/ErrorEquals", name, str, "String")
        if "States.ALL" in names and (len(names) > 1 or not last):
            self.report.error(f"{here}/ErrorEquals", "States.ALL must appear alone and at end of list")

    def _check_variables(self, assign: dict[str, Any], here: str) -> None:
        for key in assign:
            name = key.removesuffix(".$")
            if name == "states":
                message = "Cannot assign to reserved variable '$states'."
                self.report.error(f"{here}/{key}", message, "RESERVED_VARIABLE_NAME")
            elif _VARIABLE_NAME.fullmatch(name) is None or len(name) > MAX_VARIABLE_NAME:
                message = f"Invalid variable name '{name}': the variable name contains invalid characters."
                self.report.error(f"{here}/{key}", message, "INVALID_VARIABLE_NAME")

    def _warn_of_static_result(self, state: dict[str, Any], here: str) -> None:
        result = state.get("Result")
        texts = [result, *result.values()] if isinstance(result, dict) else [result]
        if any(isinstance(text, str) and text.startswith(("$.", "$$.")) for text in texts):
            message = "The Result of a Pass state is static: a path in it isn't evaluated"
            self.report.warning(f"{here}/Result", message, "PASS_RESULT_IS_STATIC")


def _delimited(text: Any) -> bool:
    return isinstance(text, str) and text.startswith("{%") and text.endswith("%}")
