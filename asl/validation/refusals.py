"""What AWS would run and this engine can't: refused by name when a definition is loaded. FEATURES.md lists it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.validation.diagnostics import Diagnostic
from asl.validation.graph import machines
from asl.validation.resources import callable_here

CODE = "NOT_SUPPORTED_BY_ENGINE"
_READS = ("CSV", "JSON", "JSONL")
_READER_CANNOT = ("ItemsPointer", "ManifestType", "Transformation", "ExpectedBucketOwner")


def refusals(machine: dict[str, Any], *, any_task: bool) -> Iterator[Diagnostic]:
    """The states of a valid machine that the engine can't run; `any_task` leaves what Tasks call to stubs."""
    for place, inner in machines(machine, ""):
        for name, state in inner["States"].items():
            here = f"{place}/States/{name}"
            if state["Type"] == "Task" and not any_task and not callable_here(state["Resource"]):
                message = f"The engine can't call {state['Resource']}; any_task=True admits it for a stub to stand in"
                yield Diagnostic("ERROR", CODE, message, f"{here}/Resource")
            yield from _reader(state.get("ItemReader", {}).get("ReaderConfig", {}), f"{here}/ItemReader/ReaderConfig")


def _reader(config: dict[str, Any], here: str) -> Iterator[Diagnostic]:
    kind = config.get("InputType", "JSON")
    if kind not in _READS:
        yield Diagnostic("ERROR", CODE, f"The engine can't read items of the InputType {kind}", f"{here}/InputType")
    for name in _READER_CANNOT:
        if name in config:
            yield Diagnostic("ERROR", CODE, f"The engine's readers don't know {name}", f"{here}/{name}")
