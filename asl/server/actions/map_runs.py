"""The actions on Map Runs, and the descriptions of their child executions.

A child execution is part of the execution that runs the Map, so it is read from there.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
"""

from __future__ import annotations

from typing import Any

from asl.engine.execution import Execution
from asl.engine.states.map_runs import ChildExecution, MapRun
from asl.server.actions import pagination
from asl.server.arns import Arn, parse
from asl.server.errors import no_execution, no_resource
from asl.server.execution_runner import ExecutionRunner

Request = dict[str, Any]
Reply = dict[str, Any]
STATUSES = {
    "succeeded": "SUCCEEDED",
    "failed": "FAILED",
    "timedOut": "TIMED_OUT",
    "aborted": "ABORTED",
    "running": "RUNNING",
}


class MapRunActions:
    """ListMapRuns, DescribeMapRun, and look-ups of child executions for the actions on executions."""

    def __init__(self, runner: ExecutionRunner) -> None:
        self.runner = runner

    def list_map_runs(self, request: Request) -> Reply:
        arn = parse(request["executionArn"], "execution").text
        execution = self.runner.execution(arn)
        if execution is None:
            raise no_execution(arn)
        items, next_page = pagination.page(request, f"map runs {arn}", pagination.slices(execution.map_runs))
        listed = [
            {
                "executionArn": arn,
                "mapRunArn": run.arn,
                "stateMachineArn": execution.machine.arn,
                "startDate": run.started_at,
            }
            | ({} if run.stopped_at is None else {"stopDate": run.stopped_at})
            for run in items
        ]
        return {"mapRuns": listed} | next_page

    def describe_map_run(self, request: Request) -> Reply:
        execution, run = self.find(parse(request["mapRunArn"], "mapRun"))
        description: Reply = {
            "mapRunArn": run.arn,
            "executionArn": execution.arn,
            "status": run.status,
            "startDate": run.started_at,
            "maxConcurrency": run.max_concurrency,
            "toleratedFailurePercentage": run.tolerated_percentage,
            "toleratedFailureCount": run.tolerated_count,
            "itemCounts": _counts(run, items=True),
            "executionCounts": _counts(run, items=False),
            "redriveCount": run.redrive_count,
        }
        return description if run.stopped_at is None else description | {"stopDate": run.stopped_at}

    def find(self, arn: Arn) -> tuple[Execution, MapRun]:
        """A Map Run and its execution. Raises ResourceNotFound."""
        for execution in self._executions(arn.text):
            for run in execution.map_runs:
                if run.arn == arn.text:
                    return execution, run
        raise no_resource(arn.text)

    def child(self, arn: str) -> tuple[Execution, MapRun, ChildExecution] | None:
        """A child execution by its ARN, whose name part is ``machine/label``."""
        head, kind, rest = arn.partition(":execution:")
        full_name = rest.partition(":")[0]
        if not kind or "/" not in full_name:
            return None
        for execution in self._executions(f"{head}:mapRun:{full_name}:"):
            for run in execution.map_runs:
                for child in run.children:
                    if child.history_builder.arn == arn:
                        return execution, run, child
        return None

    def _executions(self, prefix: str) -> list[Execution]:
        owners = self.runner.store.executions_of_map_runs(prefix)
        return [execution for arn in owners if (execution := self.runner.execution(arn))]


def describe_child(run: MapRun, child: ChildExecution) -> Reply:
    """DescribeExecution's response for a child execution."""
    description: Reply = {
        "executionArn": child.history_builder.arn,
        "stateMachineArn": child.history_builder.machine_context["Id"],
        "name": child.history_builder.name,
        "status": child.status,
        "startDate": child.started_at,
        "mapRunArn": run.arn,
        "input": child.input_text,
        "inputDetails": {"included": True},
        "redriveCount": child.redrive_count,
    }
    if child.status == "SUCCEEDED":
        description |= {"output": child.thread.text, "outputDetails": {"included": True}}
    optional = {"stopDate": child.stopped_at, "error": child.error, "cause": child.cause}
    return description | {name: value for name, value in optional.items() if value is not None}


def _counts(run: MapRun, items: bool) -> dict[str, int]:
    """How many items, or child executions, have each status."""

    def count(status: str) -> int:
        return sum(child.items if items else 1 for child in run.children if child.status == status)

    counts = {name: count(status) for name, status in STATUSES.items()}
    started = sum(counts.values())
    total = max(run.total_items, started) if items else started
    written = counts["succeeded"] + counts["failed"] if run.status == "SUCCEEDED" else 0
    return counts | {"total": total, "pending": total - started, "resultsWritten": written}
