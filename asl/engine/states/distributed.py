"""Map in its distributed mode: every iteration is an execution of its own, with its own history.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.engine.execution_thread import DONE, FAILED, ExecutionThread
from asl.engine.graph import Graph
from asl.engine.history import WHOLE, failure
from asl.engine.history_builder import HistoryBuilder, execution_context
from asl.engine.map_items import batches, items_of, listed, read_items, reader_failed
from asl.engine.map_runs import Child, MapRun, exceeded_threshold, result_files, transformed
from asl.engine.requests import TaskRequest
from asl.engine.states.base import attempt
from asl.engine.states.fork import Iterations, Map
from asl.language.data_flow import template, typed
from asl.language.errors import StatesError
from asl.language.jsonpath import compile_path
from asl.language.resources import parse_resource
from asl.language.scope import Expression, Scope

CONCURRENCY = 10_000
SDK = "arn:aws:states:::aws-sdk:s3:"
WRITER = "arn:aws:states:::s3:putObject"


class DistributedMap(Map):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html"""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool, processor: Graph) -> None:
        super().__init__(name, spec, jsonata, processor)
        given = "Arguments" if jsonata else "Parameters"
        self.reader = spec.get("ItemReader")
        self.reader_config: dict[str, Any] = (self.reader or {}).get("ReaderConfig", {})
        self.reader_input = self._template(self.reader or {}, given, "ItemReader")
        self.max_items = self._field(self.reader_config, "MaxItems", "ItemReader/ReaderConfig")
        self.batcher = spec.get("ItemBatcher")
        batcher = self.batcher or {}
        self.batch_size = self._field(batcher, "MaxItemsPerBatch", "ItemBatcher")
        self.batch_bytes = self._field(batcher, "MaxInputBytesPerBatch", "ItemBatcher")
        self.batch_input = self._template(batcher, "BatchInput", "ItemBatcher")
        self.writer = spec.get("ResultWriter")
        self.writer_config: dict[str, Any] = (self.writer or {}).get("WriterConfig", {})
        self.writer_input = self._template(self.writer or {}, given, "ResultWriter")
        self.tolerated_count = self._number("ToleratedFailureCount")
        self.tolerated_percentage = self._number("ToleratedFailurePercentage")

    def _template(self, spec: dict[str, Any], name: str, inside: str) -> Expression | None:
        return template(spec[name], f"{inside}/{name}", self.jsonata) if name in spec else None

    def _field(self, spec: dict[str, Any], name: str, inside: str) -> Expression | None:
        if f"{name}Path" in spec:
            return compile_path(spec[f"{name}Path"])
        return typed(spec[name], f"{inside}/{name}", self.jsonata, "number") if name in spec else None

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        value = self.fields.filtered(scope)
        items = [] if self.reader else self.read_items(scope, value)
        thread.add("MapStateStarted", {"length": len(items)})
        run = self._open(thread, scope)
        thread.add("MapRunStarted", {"mapRunArn": run.arn})
        frame = thread.frame = ChildExecutions(self, thread, self._selected(scope), self.limit(scope), run, scope)
        if self.reader:
            frame.read()
        else:
            frame.start(items)
        return False

    def read_items(self, scope: Scope, value: Any) -> list[Any]:
        if self.items is None and isinstance(value, dict):
            return items_of(value)
        return super().read_items(scope, value)

    def limit(self, scope: Scope) -> int:
        return min(self.wanted_concurrency(scope) or CONCURRENCY, CONCURRENCY)

    def _open(self, thread: ExecutionThread, scope: Scope) -> MapRun:
        execution, machine = thread.execution, thread.execution.machine
        count = self._tolerated(self.tolerated_count, "ToleratedFailureCount", int, scope)
        if count < 0:
            raise StatesError("States.Runtime", "ToleratedFailureCount cannot be negative.")
        percentage = self._tolerated(self.tolerated_percentage, "ToleratedFailurePercentage", float, scope)
        if not 0 <= percentage <= 100:
            raise StatesError("States.Runtime", "ToleratedFailurePercentage must be between 0 and 100.")
        label = self.spec.get("Label") or execution.unique()
        start = f"arn:aws:states:{machine.region}:{machine.account}"
        arn = f"{start}:mapRun:{machine.name}/{label}:{execution.unique()}"
        limit = self.limit(scope)
        run = MapRun(arn, label, self.name, execution.now, limit, int(count), percentage)
        execution.map_runs.append(run)
        return run

    def _tolerated(self, read: Expression | None, field: str, kind: type, scope: Scope) -> float:
        return self.whole(field, 0 if read is None else read(scope), kind)


class ChildExecutions(Iterations):
    """The child executions of one Map Run: items are read, then run, then their results written."""

    __slots__ = ("_then", "first_event", "map_run", "pending_id", "scope", "to_write", "written")

    state: DistributedMap

    def __init__(
        self,
        state: DistributedMap,
        under: ExecutionThread,
        selected: Callable[[Any, dict[str, Any]], Any],
        limit: int,
        run: MapRun,
        scope: Scope,
    ) -> None:
        super().__init__(state, under, [], selected, limit)
        self.map_run = run
        self.scope = scope
        self.first_event = under.last
        self.pending_id = 0
        self.to_write: list[tuple[str, str]] = []
        self.written: dict[str, Any] = {}

    # Calls to S3, one at a time.

    def _call(self, action: str, payload: dict[str, Any], then: Callable[[Any], None]) -> None:
        execution, under = self.under.execution, self.under
        self._then = then
        self.pending_id = execution.await_outcome(self._answered)
        trace, resource = under.trace, WRITER if action == "putObject" else SDK + action
        integration, context = parse_resource(resource), self.scope.context
        execution.request(
            TaskRequest(
                resource,
                payload,
                integration,
                self.state.name,
                trace.arn,
                trace.name,
                context,
                attempt(under),
                self.pending_id,
            )
        )

    def _answered(self, kind: str, data: Any) -> None:
        del self.under.execution.pending[self.pending_id]
        self.pending_id = 0
        try:
            if kind == "failed":
                raise StatesError(data["error"], data["cause"])
            self._then(data)
        except StatesError as error:
            self._run_failed(error)

    def read(self) -> None:
        """Read the items."""
        state, reader = self.state, self.state.reader or {}
        payload = {} if state.reader_input is None else state.reader_input(self.scope)
        if parse_resource(reader["Resource"]).action == "listObjectsV2":
            self._list(payload, [])
        else:
            self._call(
                "getObject", payload, lambda answer: self._begin(read_items(answer["Body"], state.reader_config))
            )

    def _list(self, payload: dict[str, Any], found: list[dict[str, Any]]) -> None:
        def page(answer: Any) -> None:
            found.extend(answer.get("Contents") or ())
            if answer.get("IsTruncated"):
                self._list(payload | {"ContinuationToken": answer["NextContinuationToken"]}, found)
            else:
                self._begin(listed(found))

        self._call("listObjectsV2", payload, page)

    def _begin(self, items: list[Any]) -> None:
        most = self._number(self.state.max_items)
        if most < 0:
            raise reader_failed("field MaxItems must be positive")
        self.start(items[:most] if most else items)

    def _number(self, read: Expression | None) -> int:
        return 0 if read is None else int(read(self.scope))

    # The run.

    def start(self, items: list[Any]) -> None:
        """Run the items, in batches if there is a batcher."""
        self.map_run.total_items = len(items)
        self.items = items if self.state.batcher is None else self._batched(items)
        self.results = [None] * len(self.items)
        if not self.fill() and self.error is None:
            self._write()

    def _batched(self, items: list[Any]) -> list[Any]:
        state = self.state
        selected = [self.selected(item, _place(i, item)) for i, item in enumerate(items)]
        self.selected = lambda item, place: item
        given = {} if state.batch_input is None else {"BatchInput": state.batch_input(self.scope)}
        return batches(selected, self._number(state.batch_size) or None, self._number(state.batch_bytes) or None, given)

    def spawn(self, graph: Graph, value: Any, text: str, item: dict[str, Any] | None) -> ExecutionThread:
        under, run = self.under, self.map_run
        execution, machine = under.execution, under.execution.machine
        name, at = execution.unique(), execution.now
        full_name = f"{machine.name}/{run.label}"
        start = f"arn:aws:states:{machine.region}:{machine.account}"
        arn = f"{start}:execution:{full_name}:{name}"
        context = execution_context(arn, name, value, machine.role_arn, at, 0)
        trace = HistoryBuilder(arn, name, context, {"Id": f"{start}:stateMachine:{full_name}", "Name": full_name})
        trace.add("ExecutionStarted", at, 0, {"input": text, "inputDetails": WHOLE, "roleArn": machine.role_arn})
        child = trace.root = ExecutionThread(execution, trace, self, 0, {}, len(self.children))
        self.children.append(child)
        items = len(value["Items"]) if self.state.batcher else 1
        run.children.append(Child(child, trace, text, items, at))
        self.running += 1
        if child.enter(graph.start, value, text):
            execution.ready.append(child)
        return child

    def thread_done(self, child: ExecutionThread) -> None:
        self.results[child.index] = child.value
        self._close(child, "SUCCEEDED", {"output": child.text, "outputDetails": WHOLE})
        self._go_on()

    def thread_failed(self, child: ExecutionThread, error: StatesError) -> None:
        record = self.map_run.children[child.index]
        record.error, record.cause = error.error or None, error.cause
        self.map_run.failed_items += record.items
        self._close(child, "FAILED", failure(error.error, error.cause))
        if self.error is None and self.map_run.exceeded():
            self._run_failed(exceeded_threshold())
        elif self.error is None:
            self._go_on()

    def _close(self, child: ExecutionThread, status: str, details: dict[str, Any]) -> None:
        self.running -= 1
        record = self.map_run.children[child.index]
        record.status, record.stopped_at = status, child.execution.now
        child.trace.add(f"Execution{status.capitalize()}", child.execution.now, child.last, details)

    def _go_on(self) -> None:
        if not self.fill() and self.error is None:
            self._write()

    def abort(self) -> None:
        self.under.execution.pending.pop(self.pending_id, None)
        running = [child for child in self.children if child.status == "running"]
        super().abort()
        for child in running:
            record = self.map_run.children[child.index]
            record.status, record.stopped_at = "ABORTED", child.execution.now
            child.trace.add("ExecutionAborted", child.execution.now, 0, {})
        if self.map_run.status == "RUNNING":
            self.map_run.status, self.map_run.stopped_at = "ABORTED", self.under.execution.now

    # The end.

    def _write(self) -> None:
        """Write the results where a ResultWriter says so, and be done."""
        state, run = self.state, self.map_run
        outputs = [child.value for child in self.children if child.status == DONE]
        kind = state.writer_config.get("Transformation", "NONE")
        if state.writer_input is None:
            self._done(transformed(outputs, kind))
            return
        place = state.writer_input(self.scope)
        bucket, prefix = place["Bucket"], place.get("Prefix", "")
        folder = "/".join(filter(None, (prefix.rstrip("/"), run.arn.rpartition(":")[2])))
        machine = self.under.execution.machine.arn
        self.to_write = list(result_files(run, machine, bucket, folder, state.writer_config).items())
        details = {"Bucket": bucket, "Key": f"{folder}/manifest.json"}
        self.written = {"MapRunArn": run.arn, "ResultWriterDetails": details}
        self._write_next(None)

    def _write_next(self, answer: Any) -> None:
        if not self.to_write:
            self._done(self.written)
            return
        key, body = self.to_write.pop(0)
        bucket = self.written["ResultWriterDetails"]["Bucket"]
        self._call("putObject", {"Bucket": bucket, "Key": key, "Body": body}, self._write_next)

    def _done(self, result: Any) -> None:
        under, run = self.under, self.map_run
        run.status, run.stopped_at = "SUCCEEDED", under.execution.now
        under.add("MapRunSucceeded")
        self.state.joined(under, result, None if under.before == 0 else self.first_event)

    def _run_failed(self, error: StatesError) -> None:
        self.error = error
        under, run = self.under, self.map_run
        run.status, run.stopped_at = "FAILED", under.execution.now
        self.abort()
        under.add("MapRunFailed", failure(error.error, error.cause))
        self.state.broken(under, error)

    def revive(self) -> bool:
        """Redrive the children that didn't succeed; a run that couldn't read its items starts anew."""
        if not self.children:
            return False
        under, run, self.error = self.under, self.map_run, None
        run.status, run.stopped_at = "RUNNING", None
        run.redrive_count += 1
        under.add("MapRunRedriven", {"mapRunArn": run.arn, "redriveCount": run.redrive_count})
        for child in self.children:
            if child.status == FAILED:
                self._revive(child)
        self._go_on()
        return True

    def _revive(self, child: ExecutionThread) -> None:
        record = self.map_run.children[child.index]
        record.redrive_count += 1
        if record.status == "FAILED":
            self.map_run.failed_items -= record.items
        record.status, record.stopped_at, record.error, record.cause = "RUNNING", None, None, None
        details = {"redriveCount": record.redrive_count}
        child.last = child.trace.add("ExecutionRedriven", child.execution.now, len(child.trace.records), details)
        child.trace.execution = child.trace.execution | {"RedriveCount": record.redrive_count}
        self.running += 1
        child.revive()


def _place(index: int, item: Any) -> dict[str, Any]:
    return {"Item": {"Index": index, "Value": item}}
