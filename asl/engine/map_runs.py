"""A Map Run: the child executions of one distributed Map, their count, and the files that a ResultWriter makes of them.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from asl.engine.clock import iso
from asl.engine.execution_thread import DONE, ExecutionThread
from asl.engine.history_builder import HistoryBuilder
from asl.language.documents import encode, parsed
from asl.language.errors import StatesError


@dataclass(slots=True)
class Child:
    """A child execution: its branch, its identity and history, and what became of it."""

    thread: ExecutionThread
    trace: HistoryBuilder
    input_text: str
    items: int
    started_at: float
    status: str = "RUNNING"
    stopped_at: float | None = None
    error: str | None = None
    cause: str | None = None
    redrive_count: int = 0


@dataclass(slots=True)
class MapRun:
    """What DescribeMapRun shows. Counts are of child executions; ``items`` of items."""

    arn: str
    label: str
    state: str
    started_at: float
    max_concurrency: int
    tolerated_count: int
    tolerated_percentage: float
    total_items: int = 0
    failed_items: int = 0
    status: str = "RUNNING"
    stopped_at: float | None = None
    redrive_count: int = 0
    children: list[Child] = field(default_factory=list)

    def count(self, status: str) -> int:
        return sum(child.status == status for child in self.children)

    def exceeded(self) -> bool:
        """True once more items have failed than is tolerated; either limit is enough."""
        failed = self.failed_items
        if not failed:
            return False
        if not self.tolerated_percentage:
            return failed > self.tolerated_count
        by_percentage = failed * 100 > self.tolerated_percentage * self.total_items
        return by_percentage or (self.tolerated_count > 0 and failed > self.tolerated_count)


def transformed(outputs: list[Any], kind: str) -> Any:
    """A ResultWriter's Transformation of the children's outputs: COMPACT keeps each, FLATTEN joins arrays."""
    if kind != "FLATTEN":
        return outputs
    flat: list[Any] = []
    for each in outputs:
        flat.extend(each if isinstance(each, list) else [each])
    return flat


def described(child: Child, machine_arn: str) -> dict[str, Any]:
    """A child as it stands in a result file."""
    shown = {
        "ExecutionArn": child.trace.arn,
        "Input": child.input_text,
        "InputDetails": {"Included": True},
        "Name": child.trace.name,
        "StartDate": iso(child.started_at),
        "StateMachineArn": machine_arn,
        "Status": child.status,
        "StopDate": iso(child.stopped_at or child.started_at),
        "RedriveCount": child.redrive_count,
    }
    if child.thread.status == DONE:
        return shown | {"Output": child.thread.text, "OutputDetails": {"Included": True}}
    return shown | {name: value for name, value in (("Error", child.error), ("Cause", child.cause)) if value}


FILES = {"FAILED": ("FAILED", "TIMED_OUT", "ABORTED"), "PENDING": (), "SUCCEEDED": ("SUCCEEDED",)}


def result_files(run: MapRun, machine_arn: str, bucket: str, folder: str, config: dict[str, Any]) -> dict[str, str]:
    """The files of a ResultWriter by key, the manifest last."""
    kind, jsonl = config.get("Transformation", "NONE"), config.get("OutputType") == "JSONL"
    ending = "jsonl" if jsonl else "json"
    files: dict[str, str] = {}
    manifest: dict[str, Any] = {"DestinationBucket": bucket, "MapRunArn": run.arn, "ResultFiles": {}}
    for status, statuses in FILES.items():
        chosen = [child for child in run.children if child.status in statuses]
        manifest["ResultFiles"][status] = []
        if not chosen:
            continue
        rows: list[Any] = [described(child, machine_arn) for child in chosen]
        if status == "SUCCEEDED" and kind != "NONE":
            rows = transformed([parsed(child.thread.text) for child in chosen], kind)
        text = "\n".join(map(encode, rows)) if jsonl else encode(rows)
        key = f"{folder}/{status}_0.{ending}"
        files[key] = text
        manifest["ResultFiles"][status].append({"Key": key, "Size": len(text.encode())})
    files[f"{folder}/manifest.json"] = encode(manifest)
    return files


def exceeded_threshold() -> StatesError:
    return StatesError(
        "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
    )
