"""Features that AWS supports and the engine doesn't: loading a definition refuses them. FEATURES.md lists them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.validation.diagnostics import Diagnostic
from asl.validation.graph import machines
from asl.validation.resources import is_callable

CODE = "NOT_SUPPORTED_BY_ENGINE"
_INPUT_TYPES = ("CSV", "JSON", "JSONL")
_READER_FIELDS = ("ItemsPointer", "ManifestType", "Transformation", "ExpectedBucketOwner")


def unsupported_features(machine: dict[str, Any], *, any_task: bool) -> Iterator[Diagnostic]:
    """A diagnostic for every feature of a valid machine that the engine lacks; `any_task` admits every Task."""
    for machine_location, inner in machines(machine, ""):
        for name, state in inner["States"].items():
            state_location = f"{machine_location}/States/{name}"
            if state["Type"] == "Task" and not any_task and not is_callable(state["Resource"]):
                message = f"The engine can't call {state['Resource']}; any_task=True admits it for a stub to stand in"
                yield Diagnostic("ERROR", CODE, message, f"{state_location}/Resource")
            yield from _unsupported_reader_features(
                state.get("ItemReader", {}).get("ReaderConfig", {}), f"{state_location}/ItemReader/ReaderConfig"
            )


def _unsupported_reader_features(config: dict[str, Any], state_location: str) -> Iterator[Diagnostic]:
    kind = config.get("InputType", "JSON")
    if kind not in _INPUT_TYPES:
        yield Diagnostic(
            "ERROR", CODE, f"The engine can't read items of the InputType {kind}", f"{state_location}/InputType"
        )
    for name in _READER_FIELDS:
        if name in config:
            yield Diagnostic("ERROR", CODE, f"The engine's readers don't know {name}", f"{state_location}/{name}")
