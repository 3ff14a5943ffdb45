"""The golden histories and the committed definitions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asl.engine.execution import Execution
from asl.replay import Recording, read_recording

GOLDEN = Path(__file__).parent / "golden"
DEFINITIONS = Path(__file__).parents[2] / "workflows" / "definitions"


def load_definition(machine: str) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads((DEFINITIONS / f"{machine}.asl.json").read_text())
    return definition


def load_golden(story: str, machine: str = "new_order") -> Recording:
    return read_recording(GOLDEN / machine / f"{story}.json")


def export_history(execution: Execution) -> str:
    """The history as ``aws stepfunctions get-execution-history`` prints it, but with an event on each line."""
    lines = (json.dumps({**event, "timestamp": event["timestamp"].isoformat()}) for event in execution.history)
    return '{"events": [\n' + ",\n".join(lines) + "\n]}\n"
