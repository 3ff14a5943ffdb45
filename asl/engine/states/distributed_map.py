"""The Map state in its distributed mode: every iteration is an execution of its own, with its own history.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.engine.execution_thread import THREAD_DONE, THREAD_FAILED, THREAD_RUNNING, ExecutionThread
from asl.engine.graph import Graph
from asl.engine.history import WHOLE, HistoryBuilder, build_execution_context, failure
from asl.engine.requests import TaskRequest
from asl.engine.states.child_threads import MapIterations
from asl.engine.states.map import Map
from asl.engine.states.map_items import batch_items, entries_of, object_items, parse_items, reader_failed
from asl.engine.states.map_runs import ChildExecution, MapRun, exceeded_threshold, result_files, transform_outputs
from asl.language.data_flow import compile_payload, compile_typed_field
from asl.language.errors import StatesError
from asl.language.jsonpath import compile_path
from asl.language.resources import parse_resource
from asl.language.scope import Expression, Scope

DISTRIBUTED_CONCURRENCY = 10_000
SDK = "arn:aws:states:::aws-sdk:s3:"
WRITER = "arn:aws:states:::s3:putObject"


class DistributedMap(Map):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html"""

    largest_concurrency = DISTRIBUTED_CONCURRENCY

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool, processor: Graph) -> None:
        super().__init__(name, spec, jsonata, processor)
        arguments = "Arguments" if jsonata else "Parameters"
        self.reader = spec.get("ItemReader")
        self.reader_config: dict[str, Any] = (self.reader or {}).get("ReaderConfig", {})
        self.reader_input = self._compile_template(self.reader or {}, arguments, "ItemReader")
        self.max_items = self._compile_inner_number(self.reader_config, "MaxItems", "ItemReader/ReaderConfig")
        self.batcher = spec.get("ItemBatcher")
        batcher = self.batcher or {}
        self.batch_size = self._compile_inner_number(batcher, "MaxItemsPerBatch", "ItemBatcher")
        self.batch_bytes = self._compile_inner_number(batcher, "MaxInputBytesPerBatch", "ItemBatcher")
        self.batch_input = self._compile_template(batcher, "BatchInput", "ItemBatcher")
        self.writer = spec.get("ResultWriter")
        self.writer_config: dict[str, Any] = (self.writer or {}).get("WriterConfig", {})
        self.writer_input = self._compile_template(self.writer or {}, arguments, "ResultWriter")
        self.tolerated_count = self._compile_number("ToleratedFailureCount")
        self.tolerated_percentage = self._compile_number("ToleratedFailurePercentage")

    def _compile_template(self, spec: dict[str, Any], name: str, inside: str) -> Expression | None:
        return compile_payload(spec[name], f"{inside}/{name}", self.jsonata) if name in spec else None

    def _compile_inner_number(self, spec: dict[str, Any], name: str, inside: str) -> Expression | None:
        if f"{name}Path" in spec:
            return compile_path(spec[f"{name}Path"])
        return compile_typed_field(spec[name], f"{inside}/{name}", self.jsonata, "number") if name in spec else None

    def run(self, thread: ExecutionThread) -> bool:
        scope = thread.scope()
        value = self.fields.filtered(scope)
        items = [] if self.reader else self.read_items(scope, value)
        thread.record("MapStateStarted", {"length": len(items)})
        map_run = self.open_map_run(thread, scope)
        thread.record("MapRunStarted", {"mapRunArn": map_run.arn})
        children = thread.blocker = ChildExecutions(self, thread, map_run, scope)
        if self.reader:
            children.request_items()
        else:
            children.start(items)
        return False

    def read_items(self, scope: Scope, value: Any) -> list[Any]:
        if self.items is None and isinstance(value, dict):
            return entries_of(value)
        return super().read_items(scope, value)

    def open_map_run(self, thread: ExecutionThread, scope: Scope) -> MapRun:
        """A new Map Run of the execution, with its limits."""
        execution = thread.execution
        count = self._tolerated(self.tolerated_count, "ToleratedFailureCount", int, scope)
        if count < 0:
            raise StatesError("States.Runtime", "ToleratedFailureCount cannot be negative.")
        percentage = self._tolerated(self.tolerated_percentage, "ToleratedFailurePercentage", float, scope)
        if not 0 <= percentage <= 100:
            raise StatesError("States.Runtime", "ToleratedFailurePercentage must be between 0 and 100.")
        label = self.spec.get("Label") or execution.unique()
        arn = execution.machine.map_run_arn(label, execution.unique())
        limit = self.max_concurrency(scope)
        map_run = MapRun(arn, label, self.name, execution.now, limit, int(count), percentage)
        execution.map_runs.append(map_run)
        return map_run

    def _tolerated(self, read: Expression | None, field: str, kind: type, scope: Scope) -> float:
        return 0 if read is None else self.check_number(field, read(scope), kind)


class ChildExecutions(MapIterations):
    """The child executions of one Map Run: items are read, then run, then their results are written."""

    __slots__ = ("first_event", "handle_answer", "map_run", "pending_id", "scope", "to_write", "written")

    state: DistributedMap
    handle_answer: Callable[[Any], None]

    def __init__(self, state: DistributedMap, parent: ExecutionThread, map_run: MapRun, scope: Scope) -> None:
        super().__init__(state, parent, state.processor, [], state.bind_item_selector(scope), map_run.max_concurrency)
        self.map_run = map_run
        self.scope = scope
        self.first_event = parent.last
        self.pending_id = 0
        self.to_write: list[tuple[str, str]] = []
        self.written: dict[str, Any] = {}

    # Calls to S3, one at a time.

    def _call(self, action: str, payload: dict[str, Any], handle_answer: Callable[[Any], None]) -> None:
        parent = self.parent
        self.handle_answer = handle_answer
        self.pending_id = parent.execution.last_pending_id + 1
        builder, resource = parent.history_builder, WRITER if action == "putObject" else SDK + action
        request = TaskRequest(
            resource, payload, parse_resource(resource), self.state.name, builder.arn, builder.name,
            self.scope.context, parent.retry_count, self.pending_id,
        )  # fmt: skip
        parent.execution.request(request, self._answered)

    def _answered(self, kind: str, data: Any) -> None:
        del self.parent.execution.pending[self.pending_id]
        self.pending_id = 0
        try:
            if kind == "failed":
                raise StatesError(data["error"], data["cause"])
            self.handle_answer(data)
        except StatesError as error:
            self._fail_map_run(error)

    def request_items(self) -> None:
        """Read the items from S3, and start when they are there."""
        state, reader = self.state, self.state.reader or {}
        payload = {} if state.reader_input is None else state.reader_input(self.scope)
        if parse_resource(reader["Resource"]).action == "listObjectsV2":
            self._list_objects(payload, [])
        else:
            self._call(
                "getObject", payload, lambda answer: self._start_read(parse_items(answer["Body"], state.reader_config))
            )

    def _list_objects(self, payload: dict[str, Any], objects: list[dict[str, Any]]) -> None:
        def handle_page(answer: Any) -> None:
            objects.extend(answer.get("Contents") or ())
            if answer.get("IsTruncated"):
                self._list_objects(payload | {"ContinuationToken": answer["NextContinuationToken"]}, objects)
            else:
                self._start_read(object_items(objects))

        self._call("listObjectsV2", payload, handle_page)

    def _start_read(self, items: list[Any]) -> None:
        max_items = self._evaluate_number(self.state.max_items)
        if max_items < 0:
            raise reader_failed("field MaxItems must be positive")
        self.start(items[:max_items] if max_items else items)

    def _evaluate_number(self, read: Expression | None) -> int:
        return 0 if read is None else int(read(self.scope))

    # The run.

    def start(self, items: list[Any]) -> None:
        """Run the items, in batches if there is a batcher."""
        self.map_run.total_items = len(items)
        self.items = items if self.state.batcher is None else self._batch(items)
        self.results = [None] * len(self.items)
        self._start_or_write()

    def _batch(self, items: list[Any]) -> list[Any]:
        state, select = self.state, self.item_selector
        self.item_selector = None
        if select is not None:
            items = [select(item, {"Item": {"Index": i, "Value": item}}) for i, item in enumerate(items)]
        batch_input = {} if state.batch_input is None else {"BatchInput": state.batch_input(self.scope)}
        size, size_in_bytes = self._evaluate_number(state.batch_size), self._evaluate_number(state.batch_bytes)
        return batch_items(items, size or None, size_in_bytes or None, batch_input)

    def _start_or_write(self) -> None:
        if not self.start_children() and self.error is None:
            self._write_results()

    def start_child(self, graph: Graph, value: Any, text: str, item: dict[str, Any] | None = None) -> None:
        execution, machine, label = self.parent.execution, self.parent.execution.machine, self.map_run.label
        name, at = execution.unique(), execution.now
        arn = machine.child_execution_arn(label, name)
        context = build_execution_context(arn, name, value, machine.role_arn, execution.entered_time(at), 0)
        builder = HistoryBuilder(arn, name, context, machine.child_machine_context(label))
        builder.add("ExecutionStarted", at, 0, {"input": text, "inputDetails": WHOLE, "roleArn": machine.role_arn})
        child = ExecutionThread(execution, builder, self, index=len(self.children))
        self.children.append(child)
        size = len(value["Items"]) if self.state.batcher else 1
        self.map_run.children.append(ChildExecution(child, builder, text, size, at))
        self.running += 1
        child.enter(graph.start, value, text)
        execution.ready.append(child)

    def thread_done(self, child: ExecutionThread) -> None:
        self.results[child.index] = child.value
        self._close(child, "SUCCEEDED", {"output": child.text, "outputDetails": WHOLE})
        self._start_or_write()

    def thread_failed(self, child: ExecutionThread, error: StatesError) -> None:
        child_execution = self.map_run.children[child.index]
        child_execution.error, child_execution.cause = error.error or None, error.cause
        self.map_run.failed_items += child_execution.items
        self._close(child, "FAILED", failure(error.error, error.cause))
        if self.error is None and self.map_run.exceeded():
            self._fail_map_run(exceeded_threshold())
        elif self.error is None:
            self._start_or_write()

    def _close(self, child: ExecutionThread, status: str, details: dict[str, Any]) -> None:
        self.running -= 1
        child_execution = self.map_run.children[child.index]
        child_execution.status, child_execution.stopped_at = status, child.execution.now
        child.history_builder.add(f"Execution{status.capitalize()}", child.execution.now, child.last, details)

    def abort(self) -> None:
        now = self.parent.execution.now
        self.parent.execution.pending.pop(self.pending_id, None)
        running = [child for child in self.children if child.status == THREAD_RUNNING]
        super().abort()
        for child in running:
            child_execution = self.map_run.children[child.index]
            child_execution.status, child_execution.stopped_at = "ABORTED", now
            child.history_builder.add("ExecutionAborted", now, 0, {})
        if self.map_run.status == "RUNNING":
            self.map_run.status, self.map_run.stopped_at = "ABORTED", now

    # The end.

    def _write_results(self) -> None:
        """Write the results to S3 if there is a ResultWriter, and complete the state."""
        state, map_run = self.state, self.map_run
        if state.writer_input is None:
            outputs = [child.value for child in self.children if child.status == THREAD_DONE]
            self._complete(transform_outputs(outputs, state.writer_config.get("Transformation", "NONE")))
            return
        target = state.writer_input(self.scope)
        bucket, prefix = target["Bucket"], target.get("Prefix", "")
        folder = "/".join(filter(None, (prefix.rstrip("/"), map_run.arn.rpartition(":")[2])))
        machine_arn = self.parent.execution.machine.arn
        self.to_write = list(result_files(map_run, machine_arn, bucket, folder, state.writer_config).items())
        details = {"Bucket": bucket, "Key": f"{folder}/manifest.json"}
        self.written = {"MapRunArn": map_run.arn, "ResultWriterDetails": details}
        self._write_next_file(None)

    def _write_next_file(self, answer: Any) -> None:
        if not self.to_write:
            self._complete(self.written)
            return
        key, body = self.to_write.pop(0)
        bucket = self.written["ResultWriterDetails"]["Bucket"]
        self._call("putObject", {"Bucket": bucket, "Key": key, "Body": body}, self._write_next_file)

    def _complete(self, result: Any) -> None:
        parent, map_run = self.parent, self.map_run
        map_run.status, map_run.stopped_at = "SUCCEEDED", parent.execution.now
        parent.record("MapRunSucceeded")
        self.state.complete_children(parent, result, None if parent.before == 0 else self.first_event)

    def _fail_map_run(self, error: StatesError) -> None:
        self.error = error
        parent, map_run = self.parent, self.map_run
        map_run.status, map_run.stopped_at = "FAILED", parent.execution.now
        self.abort()
        parent.record("MapRunFailed", failure(error.error, error.cause))
        parent.fail_state(error)

    def redrive(self) -> bool:
        """Redrive the children that didn't succeed; a run that couldn't read its items starts over."""
        if not self.children:
            return False
        parent, map_run, self.error = self.parent, self.map_run, None
        map_run.status, map_run.stopped_at = "RUNNING", None
        map_run.redrive_count += 1
        parent.record("MapRunRedriven", {"mapRunArn": map_run.arn, "redriveCount": map_run.redrive_count})
        for child in self.children:
            if child.status == THREAD_FAILED:
                self._redrive_child(child)
        self._start_or_write()
        return True

    def _redrive_child(self, child: ExecutionThread) -> None:
        child_execution, builder = self.map_run.children[child.index], child.history_builder
        child_execution.redrive_count += 1
        if child_execution.status == "FAILED":
            self.map_run.failed_items -= child_execution.items
        child_execution.status, child_execution.stopped_at = "RUNNING", None
        child_execution.error, child_execution.cause = None, None
        details = {"redriveCount": child_execution.redrive_count}
        child.last = builder.add("ExecutionRedriven", child.execution.now, len(builder.records), details)
        builder.execution_context = builder.execution_context | {"RedriveCount": child_execution.redrive_count}
        self.running += 1
        child.redrive()
