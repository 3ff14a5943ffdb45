"""A Map Run: the child executions of one distributed Map, their counts, and the result files of a ResultWriter.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from asl.engine.clock import iso
from asl.engine.execution_thread import THREAD_DONE, ExecutionThread
from asl.engine.history import HistoryBuilder
from asl.language.documents import decode, encode
from asl.language.errors import StatesError

RESULT_FILES = {"FAILED": ("FAILED", "TIMED_OUT", "ABORTED"), "PENDING": (), "SUCCEEDED": ("SUCCEEDED",)}
"""The kinds of result files, each with the statuses of the child executions in it."""


@dataclass(slots=True)
class ChildExecution:
    """A child execution: its thread, its history, and how it ended."""

    thread: ExecutionThread
    history_builder: HistoryBuilder
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
    children: list[ChildExecution] = field(default_factory=list)

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


def transform_outputs(outputs: list[Any], kind: str) -> Any:
    """Apply a ResultWriter's Transformation to the outputs: COMPACT keeps each, FLATTEN joins arrays."""
    if kind != "FLATTEN":
        return outputs
    flat: list[Any] = []
    for each in outputs:
        flat.extend(each if isinstance(each, list) else [each])
    return flat


def result_entry(child: ChildExecution, machine_arn: str) -> dict[str, Any]:
    """A child execution's entry in a result file."""
    entry = {
        "ExecutionArn": child.history_builder.arn,
        "Input": child.input_text,
        "InputDetails": {"Included": True},
        "Name": child.history_builder.name,
        "StartDate": iso(child.started_at),
        "StateMachineArn": machine_arn,
        "Status": child.status,
        "StopDate": iso(child.stopped_at or child.started_at),
        "RedriveCount": child.redrive_count,
    }
    if child.thread.status == THREAD_DONE:
        return entry | {"Output": child.thread.text, "OutputDetails": {"Included": True}}
    return entry | {name: value for name, value in (("Error", child.error), ("Cause", child.cause)) if value}


def result_files(map_run: MapRun, machine_arn: str, bucket: str, folder: str, config: dict[str, Any]) -> dict[str, str]:
    """The texts of a ResultWriter's files by key, the manifest last."""
    kind, jsonl = config.get("Transformation", "NONE"), config.get("OutputType") == "JSONL"
    extension = "jsonl" if jsonl else "json"
    files: dict[str, str] = {}
    manifest: dict[str, Any] = {"DestinationBucket": bucket, "MapRunArn": map_run.arn, "ResultFiles": {}}
    for name, statuses in RESULT_FILES.items():
        children = [child for child in map_run.children if child.status in statuses]
        manifest["ResultFiles"][name] = []
        if not children:
            continue
        entries: list[Any] = [result_entry(child, machine_arn) for child in children]
        if name == "SUCCEEDED" and kind != "NONE":
            entries = transform_outputs([decode(child.thread.text) for child in children], kind)
        text = "\n".join(map(encode, entries)) if jsonl else encode(entries)
        key = f"{folder}/{name}_0.{extension}"
        files[key] = text
        manifest["ResultFiles"][name].append({"Key": key, "Size": len(text.encode())})
    files[f"{folder}/manifest.json"] = encode(manifest)
    return files


def exceeded_threshold() -> StatesError:
    return StatesError(
        "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
    )
