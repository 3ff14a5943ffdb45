"""How an execution moves through the engine's code: its calls, and how often they change the file.

python -m benchmarks.control_flow

Counts the Python functions of `asl` that are called while `machine.run` runs, from the start of an execution to its
end. A change of file is a call into another file than the call before it; a crossing is a call whose caller is in
another file. Both are the same in every run.
"""

# ruff: noqa: T201

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import asl

FOLDER = str(Path(asl.__file__).parent)
NEW_ORDER = Path(__file__).parents[1] / "workflows" / "definitions" / "new_order.asl.json"
TO_CONFIRMATION = {
    "ReserveInventory": {},
    "AuthorizePayment": {"review": False},
    "ConfirmOrder": {},
    "StartFulfillment": {},
}
"""What each task of NewOrder answers for an order that needs no review."""


class ControlFlow(NamedTuple):
    """What was counted in one run."""

    calls: int
    changes: int
    crossings: int


def measure(run: Callable[[], asl.Execution]) -> ControlFlow:
    """Count the calls of an execution's run. It runs twice, so that nothing is counted that happens only once."""
    run()
    callees: list[str] = []
    crossings = 0

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal crossings
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(FOLDER):
            callees.append(file)
            crossings += frame.f_back is not None and frame.f_back.f_code.co_filename != file

    sys.setprofile(profile)
    try:
        execution = run()
    finally:
        sys.setprofile(None)
    assert execution.status == "SUCCEEDED", execution.cause
    changes = sum(before != after for before, after in zip(["", *callees], callees, strict=False))
    return ControlFlow(len(callees), changes, crossings)


def new_order() -> asl.Execution:
    """NewOrder, from its committed definition, to the confirmation of the order."""
    return _NEW_ORDER.run({"order_id": "ord_1"}, tasks=_NEW_ORDER_TASKS)


def inline_map() -> asl.Execution:
    """A Map over three items in its inline mode, each with one task."""
    return _MAP.run([1, 2, 3], tasks={"Count": lambda item: item})


def _answering(answer: Any) -> Callable[[Any], Any]:
    return lambda payload: answer


_TASK = {"Type": "Task", "Resource": "${Count}", "End": True}
_PROCESSOR = {"StartAt": "Count", "States": {"Count": _TASK}}
_MAP = asl.load({"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": _PROCESSOR, "End": True}}})
_NEW_ORDER = asl.load(NEW_ORDER)
_NEW_ORDER_TASKS = {name: _answering(answer) for name, answer in TO_CONFIRMATION.items()}
RUNS: dict[str, Callable[[], asl.Execution]] = {"NewOrder to its confirmation": new_order, "Map over 3": inline_map}


def main() -> None:
    for name, run in RUNS.items():
        flow = measure(run)
        print(f"{name}: {flow.calls} calls, {flow.changes} changes of file, {flow.crossings} crossings")


if __name__ == "__main__":
    main()
