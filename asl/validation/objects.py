"""Checks of one JSON object in a definition: which fields it may have, which it must have, what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from asl.validation import fields
from asl.validation.diagnostics import DiagnosticsCollector
from asl.validation.values import check_field

_VARIABLE_NAME = re.compile(r"[^\W\d]\w*")
MAX_VARIABLE_NAME = 80


class ObjectValidator:
    """Checks the fields of objects and adds every diagnostic to the collector."""

    def __init__(self, collector: DiagnosticsCollector, machine_type: str) -> None:
        self.collector = collector
        self.machine_type = machine_type

    def check_allowed(self, location: str, value: dict[str, Any], allowed: Iterable[str]) -> None:
        for name in value:
            if name not in allowed:
                self.collector.error(location, f"Field '{name}' is not supported")

    def check_required(self, location: str, value: dict[str, Any], names: Iterable[str]) -> None:
        missing = [name for name in names if name not in value]
        if missing:
            self.collector.error(location, f"These fields are required: [{', '.join(missing)}]")

    def check_exactly_one(self, location: str, value: dict[str, Any], group: tuple[str, ...]) -> None:
        present = [name for name in group if name in value and not (name == "End" and value[name] is False)]
        if len(present) > 1:
            self.collector.error(location, f"There should only be one of the following fields: [{', '.join(group)}]")
        elif not present:
            self.collector.error(
                location, f"This object should have only one of the following fields: [{', '.join(group)}]"
            )

    def array_items(self, value: dict[str, Any], name: str, location: str) -> list[tuple[int, Any]]:
        """The numbered items of an array field; none, with an error, if it is no array."""
        items = value.get(name, [])
        if not self.collector.expect(f"{location}/{name}", items, list, "Array"):
            return []
        if name in fields.NEVER_EMPTY and name in value and not items:
            self.collector.error(f"{location}/{name}", "Value cannot be empty")
        return list(enumerate(items))

    def check_fields(self, location: str, value: dict[str, Any], language: str, *, catching: bool = False) -> None:
        """Check the fields that are the same in every object, and the combinations that are allowed."""
        for name, inner in value.items():
            if name in (fields.JSONPATH_ONLY if language == "JSONata" else fields.JSONATA_ONLY):
                other = "JSONPath" if language == "JSONata" else "JSONata"
                self.collector.error(
                    location,
                    f"The QueryLanguage is set to '{language}', but field '{name}' is only supported "
                    f"for the '{other}' QueryLanguage",
                )
            else:
                check_field(self.collector, name, inner, location, language, catching=catching)
        for group in fields.ONE_AT_MOST:
            if all(name in value for name in group):
                self.collector.error(
                    location, f"There should only be one of the following fields: [{', '.join(group)}]"
                )
        if isinstance(value.get("Assign"), dict):
            self._check_variables(value["Assign"], f"{location}/Assign")

    def _check_variables(self, assign: dict[str, Any], location: str) -> None:
        for key in assign:
            name = key.removesuffix(".$")
            if name == "states":
                message = "Cannot assign to reserved variable '$states'."
                self.collector.error(f"{location}/{key}", message, "RESERVED_VARIABLE_NAME")
            elif _VARIABLE_NAME.fullmatch(name) is None or len(name) > MAX_VARIABLE_NAME:
                message = f"Invalid variable name '{name}': the variable name contains invalid characters."
                self.collector.error(f"{location}/{key}", message, "INVALID_VARIABLE_NAME")
