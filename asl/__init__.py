"""An engine for the Amazon States Language: in process, deterministic, in virtual or real time.

machine = asl.load(definition)
execution = machine.run({"n": 1}, tasks={"Double": lambda payload: payload["n"] * 2})
execution.status, execution.output, execution.path, execution.history
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asl.engine.clock import RealClock, VirtualClock
from asl.engine.engine import Engine
from asl.engine.errors import ExecutionAlreadyExists, NoTask, TaskDoesNotExist
from asl.engine.execution import Execution
from asl.engine.machine import Machine
from asl.engine.requests import TaskRequest
from asl.engine.task_functions import NEVER, after, callback
from asl.language.errors import StatesError
from asl.validation import InvalidDefinition


def load(definition: str | bytes | Path | Mapping[str, Any], **options: Any) -> Machine:
    """A definition (JSON object, its text, or the path of its file), checked and compiled once.

    `options` are Machine's: name, type, arn, role_arn. Raises InvalidDefinition with AWS's diagnostics.
    """
    if isinstance(definition, Path):
        options.setdefault("name", definition.name.partition(".")[0])
        definition = definition.read_text()
    return Machine(definition, **options)


__all__ = [
    "NEVER",
    "Engine",
    "Execution",
    "ExecutionAlreadyExists",
    "InvalidDefinition",
    "Machine",
    "NoTask",
    "RealClock",
    "StatesError",
    "TaskDoesNotExist",
    "TaskRequest",
    "VirtualClock",
    "after",
    "callback",
    "load",
]
