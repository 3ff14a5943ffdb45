"""The execution runner: the engine on the real clock, with its journal, and one commit for each tick of the loop.

It runs in the loop's thread and never blocks; tasks run in a pool and post their outcomes. A task starts only after the
commit of the outcome that led to it, so a killed server repeats no finished task.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from asl.engine.engine import Engine, replay
from asl.engine.errors import TaskDoesNotExist
from asl.engine.event_loop import Entry, ScheduledEvent
from asl.engine.execution import Execution
from asl.engine.requests import Complete, TaskRequest
from asl.language.documents import decode
from asl.server.clock import ServerClock
from asl.server.compiled_machines import CompiledMachine, CompiledMachines
from asl.server.errors import ApiError
from asl.server.execution_store import ExecutionRow, ExecutionStore

logger = logging.getLogger("asl.server")

NOT_STORED = -1
COMMIT_RETRY_SECONDS = 1
LONGEST_TIMER_SECONDS = 60
"""The event loop's timers stand still while the machine is suspended, so they are set again from time to time."""
Launch = Callable[[TaskRequest, Complete], None]
"""Starts a task, and completes it from any thread."""


class ExecutionRunner:
    """Runs the executions.

    Args:
        store: stores rows and journals.
        machines: the compiled machines.
        clock: real time.
        launch: starts a task; called after the commit.
        max_running: the maximum number of running executions.

    Attributes:
        rows: of the running executions.
        entries: the number of stored journal entries of each; NOT_STORED for an execution that isn't stored.
        commit_done: set while a commit is scheduled; it ends with the commit.
    """

    def __init__(
        self, store: ExecutionStore, machines: CompiledMachines, clock: ServerClock, launch: Launch, max_running: int
    ) -> None:
        self.store = store
        self.machines = machines
        self.clock = clock
        self.launch = launch
        self.max_running = max_running
        self.engine = Engine(clock=clock, seed=secrets.randbits(53), invoke=self._queue_task, journal=self._queue_entry)
        self.engine.machines = machines
        self.engine.has_ended = lambda arn: store.execution(arn) is not None
        self.rows: dict[str, ExecutionRow] = {}
        self.entries: dict[str, int] = {}
        self.pending_entries: deque[Entry] = deque()
        self.pending_tasks: list[tuple[TaskRequest, Complete]] = []
        self.posted: list[Callable[[], None]] = []
        self.posted_lock = threading.Lock()
        self.commit_done: asyncio.Future[None] | None = None
        self.timer: tuple[float, asyncio.TimerHandle] | None = None
        self.sweep_at = 1024
        self.closed = False

    async def open(self) -> None:
        """Resume the executions that ran when the last server ended, children before their parents."""
        self.loop = asyncio.get_running_loop()
        for row in self.store.running()[::-1]:
            try:
                self._load(row, self.engine.resume)
            except Exception:  # a journal that this version can't read stops no other execution
                logger.exception("%s could not be resumed", row.arn)
        self.schedule_commit()

    def close(self) -> None:
        self.closed = True
        if self.timer:
            self.timer[1].cancel()
        self._store_entries()
        self.store.commit()

    # Requests and outcomes.

    def start(self, machine: CompiledMachine, row: ExecutionRow, stored: bool = True) -> Execution:
        """Start the execution of a row."""
        if len(self.engine.executions) >= self.max_running:
            raise ApiError(
                "ExecutionLimitExceeded", f"Execution Limit Exceeded: {self.max_running} executions are running"
            )
        if stored:
            self.store.add_execution(row)
        execution = self.engine.resume([self._started_entry(row)], machine)
        self.rows[row.arn] = row
        self.entries[row.arn] = 0 if stored else NOT_STORED
        self._store_map_runs(execution)
        if not execution.running:
            self._queue_entry({"entry": "ended", "execution": row.arn})
        self.schedule_commit()
        return execution

    def stop(self, execution: Execution, error: str | None, cause: str | None) -> None:
        self.engine.stop(execution, error, cause)
        self.schedule_commit()

    def redrive(self, row: ExecutionRow) -> None:
        """Redrive an ended execution."""
        execution = self._load(row, self._replay_journal)
        row.status, row.redrives, row.redriven = "RUNNING", row.redrives + 1, self.clock.now()
        row.stopped = row.output = row.error = row.cause = None
        self.store.update_execution(row)
        self.engine.redrive(execution)
        self.schedule_commit()

    def deliver_token_outcome(self, token: str, kind: str, data: Any) -> bool:
        """Deliver the outcome of a task by its token; False if no task waits for it."""
        try:
            self.engine.answer_token(token, kind, data)
        except TaskDoesNotExist:
            return False
        self.schedule_commit()
        return True

    def post(self, call: Callable[[], None]) -> None:
        """Call a function in the loop's thread, from any thread. Several calls wake the loop once."""
        with self.posted_lock:
            self.posted.append(call)
            first = len(self.posted) == 1
        if first and not self.closed:
            self.loop.call_soon_threadsafe(self._run_posted)

    def advance(self, seconds: float) -> None:
        """Move the clock ahead. All events that are then due happen at their own times."""
        self.clock.offset += seconds
        self.store.set("offset", self.clock.offset)
        self.schedule_commit()

    # Queries.

    def row(self, arn: str) -> ExecutionRow | None:
        return self.rows.get(arn) or self.store.execution(arn)

    def execution(self, arn: str) -> Execution | None:
        """An execution with its history: a running one, or one computed from its journal."""
        if running := self.engine.executions.get(arn):
            return running
        row = self.store.execution(arn)
        return None if row is None else self._replay_journal(self._journal(row), self.machines.revision(row.revision))

    async def until_committed(self) -> None:
        """Wait until everything up to now is handled and committed."""
        if self.commit_done is not None or self.store.pending:
            self.schedule_commit()
            assert self.commit_done is not None
            await self.commit_done

    # The tick.

    def _run_posted(self) -> None:
        with self.posted_lock:
            posted, self.posted = self.posted, []
        for call in posted:
            call()
        self.schedule_commit()

    def _queue_task(self, request: TaskRequest, complete: Complete) -> None:
        self.pending_tasks.append((request, complete))

    def _queue_entry(self, entry: Entry) -> None:
        self.pending_entries.append(entry)

    def schedule_commit(self) -> None:
        """Handle due events and commit at the end of this tick."""
        if self.commit_done is None:
            self.commit_done = self.loop.create_future()
            self.loop.call_soon(self._run_tick)

    def _run_tick(self) -> None:
        commit_done, self.commit_done = self.commit_done, None
        assert commit_done is not None
        if (skew := self.clock.new_skew()) is not None:
            logger.warning("the machine's clock was set, and is %+.0f s off: timers stay as they are", skew)
        try:
            self._run_due()
            self._store_entries()
            self.store.commit()
        except Exception as error:  # such as a full disk: fails the waiting requests, and is tried again
            logger.exception("the commit failed")
            commit_done.set_exception(error)
            commit_done.exception()
            if not self.closed:
                self.loop.call_later(COMMIT_RETRY_SECONDS, self.schedule_commit)
            return
        pending_tasks, self.pending_tasks = self.pending_tasks, []
        for request, complete in pending_tasks:
            self.launch(request, complete)
        commit_done.set_result(None)
        self._set_timer()

    def _run_due(self) -> None:
        """Handle all events that are due now, each at its own time."""
        engine, clock, now = self.engine, self.clock, self.clock.real()
        try:
            while (step := engine.event_queue.peek()) is not None and step.due <= now:
                clock.pinned = step.due
                self._handle_event(step)
        finally:
            clock.pinned = None

    def _handle_event(self, step: ScheduledEvent) -> None:
        """Handle one event. A defect of the engine ends only the execution that met it."""
        try:
            self.engine.step()
        except Exception as error:
            logger.exception("an event could not be handled")
            if step.execution is not None:
                self.engine.stop(step.execution, "States.Runtime", f"The engine failed: {error!r}")

    def _store_entries(self) -> None:
        """Store the new journal entries: starts, outcomes, ends."""
        while self.pending_entries:
            entry = self.pending_entries[0]
            arn, kind = entry["execution"], entry["entry"]
            self._store_map_runs(self.engine.executions[arn])
            if kind == "started":
                self._add_nested_row(arn)
            elif kind == "ended":
                self._store_end(arn)
            elif self.entries[arn] >= 0:
                text = json.dumps({name: value for name, value in entry.items() if name not in ("execution", "time")})
                self.store.append_entry(arn, self.entries[arn], entry["time"], text)
                self.entries[arn] += 1
            self.pending_entries.popleft()

    def _store_map_runs(self, execution: Execution) -> None:
        for run in execution.map_runs:
            self.store.add_map_run(run.arn, execution.arn)

    def _add_nested_row(self, arn: str) -> None:
        """Add the row of a nested execution."""
        if arn in self.rows:
            return
        execution = self.engine.executions[arn]
        machine = execution.machine
        assert isinstance(machine, CompiledMachine)
        text = json.dumps(execution.input)
        started, seed = execution.started_at, execution.seed
        row = ExecutionRow(arn, machine.arn, execution.name, machine.revision, seed, started, text)
        self.store.add_execution(row)
        self.rows[arn] = row
        self.entries[arn] = 0

    def _store_end(self, arn: str) -> None:
        row, execution = self.rows[arn], self.engine.executions[arn]
        row.status, row.stopped, row.output = execution.status, execution.stopped_at, execution.output_text
        row.error, row.cause = execution.error, execution.cause
        if self.entries[arn] >= 0:
            self.store.update_execution(row)
        del self.rows[arn], self.entries[arn], self.engine.executions[arn]
        if len(self.engine.tokens) > self.sweep_at:
            self._sweep_tokens()

    def _sweep_tokens(self) -> None:
        """Remove the tokens of tasks that have ended."""
        tokens = self.engine.tokens
        self.engine.tokens = {t: (e, request) for t, (e, request) in tokens.items() if request.pending_id in e.pending}
        self.sweep_at = max(1024, 2 * len(self.engine.tokens))

    def _set_timer(self) -> None:
        """Set the timer for the next due event."""
        due = self.engine.next_due()
        if self.timer is not None:
            if self.timer[0] == due:
                return
            self.timer[1].cancel()
            self.timer = None
        if due is not None and not self.closed:
            seconds = min(max(0.0, due - self.clock.now()), LONGEST_TIMER_SECONDS)
            self.timer = (due, self.loop.call_later(seconds, self._wake))

    def _wake(self) -> None:
        self.timer = None
        self.schedule_commit()

    # Loading.

    @staticmethod
    def _started_entry(row: ExecutionRow) -> Entry:
        return {
            "entry": "started", "execution": row.arn, "time": row.started, "machine": row.machine_arn,
            "name": row.name, "input": decode(row.input), "seed": row.seed,
        }  # fmt: skip

    def _journal(self, row: ExecutionRow) -> list[Entry]:
        stored = self.store.journal(row.arn)
        entries = (_parse_entry(text) | {"execution": row.arn, "time": at} for at, text in stored)
        return [self._started_entry(row), *entries]

    def _load(self, row: ExecutionRow, build: Callable[[list[Entry], CompiledMachine], Execution]) -> Execution:
        journal = self._journal(row)
        execution = build(journal, self.machines.revision(row.revision))
        self.engine.executions[row.arn] = execution
        self.rows[row.arn] = row
        self.entries[row.arn] = len(journal) - 1
        return execution

    @staticmethod
    def _replay_journal(entries: list[Entry], machine: CompiledMachine) -> Execution:
        """Compute an execution from its journal, without starting its tasks."""
        first, *rest = entries
        arn, name = first["execution"], first["name"]
        execution = Execution(machine, first["input"], arn=arn, name=name, at=first["time"], seed=first["seed"])
        for entry in rest:
            replay(execution, entry)
        execution.outbox.clear()
        return execution


def _parse_entry(text: str) -> Entry:
    """An entry of a journal. Earlier versions wrote the pending id under the name "ticket"."""
    entry: Entry = json.loads(text)
    if "ticket" in entry:
        entry["pending_id"] = entry.pop("ticket")
    return entry
