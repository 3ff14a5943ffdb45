"""Checks of a state machine and its states: which fields they have, which are missing, what they hold."""

from __future__ import annotations

from typing import Any

from asl.validation import fields
from asl.validation.choices import check_choices
from asl.validation.diagnostics import DiagnosticsCollector
from asl.validation.maps import check_map
from asl.validation.objects import ObjectValidator
from asl.validation.resources import check_resource, is_activity
from asl.validation.values import check_field


class StateMachineValidator(ObjectValidator):
    """Checks a definition and adds a diagnostic for every field that AWS would reject."""

    def __init__(self, collector: DiagnosticsCollector, machine_type: str) -> None:
        super().__init__(collector, machine_type)
        self.language = "JSONPath"

    def check_machine(self, machine: dict[str, Any]) -> None:
        self.check_allowed("/", machine, fields.MACHINE_FIELDS)
        self.language = "JSONata" if machine.get("QueryLanguage") == "JSONata" else "JSONPath"
        for name in ("Comment", "QueryLanguage", "StartAt", "Version", "TimeoutSeconds"):
            if name in machine:
                check_field(self.collector, name, machine[name], "/", "JSONPath")
        self.check_required("/", machine, ("States", "StartAt"))
        self.check_states(machine, "")

    def check_branch(self, branch: Any, location: str, allowed: frozenset[str] = fields.BRANCH_FIELDS) -> None:
        """Check a branch of a Parallel state or the item processor of a Map state."""
        if not self.collector.expect(location, branch, dict, "Object"):
            return
        self.check_allowed(location, branch, allowed)
        for name in ("Comment", "StartAt"):
            if name in branch:
                check_field(self.collector, name, branch[name], location, "JSONPath")
        self.check_required(location, branch, ("States", "StartAt"))
        self.check_states(branch, location)

    def check_states(self, machine: dict[str, Any], location: str) -> None:
        states = machine.get("States")
        if "States" not in machine or not self.collector.expect(f"{location}/States", states, dict, "Object"):
            return
        if not states:
            self.collector.error(f"{location}/States", "Value cannot be empty")
        for name, state in dict(states or {}).items():
            inner_location = f"{location}/States/{name}"
            if self.collector.expect(inner_location, state, dict, "Object"):
                self.check_state(state, inner_location)

    def check_state(self, state: dict[str, Any], location: str) -> None:
        kind = state.get("Type")
        if not isinstance(kind, str) or kind not in fields.STATE_FIELDS:
            self._report_type(state, location)
            return
        language = self._language(state, location)
        self.check_allowed(location, state, fields.STATE_FIELDS[kind])
        self.check_required(location, state, fields.REQUIRED.get(kind, ()))
        for group in fields.EXACTLY_ONE.get(kind, ()):
            self.check_exactly_one(location, state, group)
        self.check_fields(location, state, language)
        if kind == "Task":
            self._check_task(state, location)
        elif kind == "Choice":
            check_choices(self, state, location, language)
        elif kind == "Parallel":
            for i, branch in self.array_items(state, "Branches", location):
                self.check_branch(branch, f"{location}/Branches[{i}]")
        elif kind == "Map":
            for field in fields.ITEM_PROCESSORS:
                if field in state:
                    self.check_branch(state[field], f"{location}/{field}", fields.PROCESSOR_FIELDS)
            check_map(self, state, location, language)
        self._check_error_handlers(state, location, language)
        if kind == "Pass":
            self._warn_of_static_result(state, location)

    def _report_type(self, state: dict[str, Any], location: str) -> None:
        if "Type" not in state:
            self.check_required(location, state, ("Type",))
        elif self.collector.expect(f"{location}/Type", state["Type"], str, "String"):
            names = ", ".join(fields.STATE_FIELDS)
            self.collector.error(f"{location}/Type", f"Value should be one of the following: [{names}]")

    def _language(self, state: dict[str, Any], location: str) -> str:
        own = state.get("QueryLanguage", self.language)
        if self.language == "JSONata" and own == "JSONPath":
            message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            self.collector.error(location, message)
        return "JSONata" if own == "JSONata" else "JSONPath"

    def _check_task(self, state: dict[str, Any], location: str) -> None:
        resource = state.get("Resource")
        if isinstance(resource, str):
            check_resource(self.collector, resource, f"{location}/Resource", self.machine_type)
        timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
        if type(timeout) is int and type(heartbeat) is int and heartbeat >= timeout:
            self.collector.error(location, "HeartbeatSeconds must be smaller than TimeoutSeconds")
        if "Credentials" in state:
            self._check_credentials(state["Credentials"], str(resource), f"{location}/Credentials")

    def _check_credentials(self, credentials: Any, resource: str, location: str) -> None:
        if isinstance(credentials, str) and credentials.startswith("{%"):
            return
        if not self.collector.expect(location, credentials, dict, "Object"):
            return
        if "RoleArn" not in credentials and "RoleArn.$" not in credentials:
            self.collector.error(location, "The field 'RoleArn' is required but was missing")
        if is_activity(resource):
            self.collector.error(location, "The field 'Credentials' is not supported for activities")

    def _check_error_handlers(self, state: dict[str, Any], location: str, language: str) -> None:
        for name, allowed in (("Retry", fields.RETRY_FIELDS), ("Catch", fields.CATCH_FIELDS)):
            entries = self.array_items(state, name, location)
            for i, entry in entries:
                inner_location = f"{location}/{name}[{i}]"
                if not self.collector.expect(inner_location, entry, dict, "Object"):
                    continue
                self.check_allowed(inner_location, entry, allowed)
                self.check_required(
                    inner_location, entry, ("ErrorEquals",) if name == "Retry" else ("ErrorEquals", "Next")
                )
                self.check_fields(inner_location, entry, language, catching=name == "Catch")
                self._check_error_names(entry, inner_location, last=i + 1 == len(entries))

    def _check_error_names(self, entry: dict[str, Any], location: str, *, last: bool) -> None:
        names = [name for _, name in self.array_items(entry, "ErrorEquals", location)]
        for name in names:
            self.collector.expect(f"{location}/ErrorEquals", name, str, "String")
        if "States.ALL" in names and (len(names) > 1 or not last):
            self.collector.error(f"{location}/ErrorEquals", "States.ALL must appear alone and at end of list")

    def _warn_of_static_result(self, state: dict[str, Any], location: str) -> None:
        result = state.get("Result")
        texts = [result, *result.values()] if isinstance(result, dict) else [result]
        if any(isinstance(text, str) and text.startswith(("$.", "$$.")) for text in texts):
            message = "The Result of a Pass state is static: a path in it isn't evaluated"
            self.collector.warning(f"{location}/Result", message, "PASS_RESULT_IS_STATIC")
