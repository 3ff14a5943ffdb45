"""The engine on the real clock: timers, outcomes, the journal, and one commit a tick of the loop.

One thread, never blocked: tasks run in a pool and post their outcomes. What an execution wants of the world is asked
for only when the outcome that led there is committed, so that a killed server repeats no finished task.
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
from asl.server.catalogue import Catalogue, Compiled
from asl.server.clock import ServerClock
from asl.server.errors import ApiError
from asl.server.store import ExecutionRow, Store

logger = logging.getLogger("asl.server")

UNKEPT = -1
AGAIN_SECONDS = 1
Launch = Callable[[TaskRequest, Complete], None]
"""Run a task, and complete it from any thread."""


class Runner:
    """Drives the engine.

    Args:
        store: where rows and journals go.
        catalogue: the compiled machines.
        clock: real time.
        launch: runs a task; called after the commit.
        largest: how many executions may be live.
    """

    def __init__(self, store: Store, catalogue: Catalogue, clock: ServerClock, launch: Launch, largest: int) -> None:
        self.store = store
        self.catalogue = catalogue
        self.clock = clock
        self.launch = launch
        self.largest = largest
        self.engine = Engine(clock=clock, seed=secrets.randbits(53), invoke=self._asked, journal=self._wrote)
        self.engine.machines = catalogue
        self.engine.has_ended = lambda arn: store.execution(arn) is not None
        self.rows: dict[str, ExecutionRow] = {}
        self.entries: dict[str, int] = {}
        self.written: deque[Entry] = deque()
        self.asked: list[tuple[TaskRequest, Complete]] = []
        self.posted: list[Callable[[], None]] = []
        self.posting = threading.Lock()
        self.settled: asyncio.Future[None] | None = None
        self.alarm: tuple[float, asyncio.TimerHandle] | None = None
        self.sweep_at = 1024
        self.closed = False

    async def open(self) -> None:
        """Take up the executions that were running when the last server ended; children before their parents."""
        self.loop = asyncio.get_running_loop()
        for row in self.store.running()[::-1]:
            try:
                self._revive(row, self.engine.resume)
            except Exception:  # a journal that this version can't read holds up no other execution
                logger.exception("%s was not taken up", row.arn)
        self.touch()

    def close(self) -> None:
        self.closed = True
        if self.alarm:
            self.alarm[1].cancel()
        self._keep()
        self.store.commit()

    # What comes in.

    def start(self, machine: Compiled, row: ExecutionRow, kept: bool = True) -> Execution:
        """Begin the execution of a row; the row is kept unless told otherwise."""
        if len(self.engine.executions) >= self.largest:
            raise ApiError("ExecutionLimitExceeded", f"Execution Limit Exceeded: {self.largest} executions are running")
        if kept:
            self.store.add_execution(row)
        execution = self.engine.resume([self._beginning(row)], machine)
        self.rows[row.arn] = row
        self.entries[row.arn] = 0 if kept else UNKEPT
        self._keep_map_runs(execution)
        if not execution.running:
            self._wrote({"entry": "ended", "execution": row.arn})
        self.touch()
        return execution

    def stop(self, execution: Execution, error: str | None, cause: str | None) -> None:
        self.engine.stop(execution, error, cause)
        self.touch()

    def redrive(self, row: ExecutionRow) -> None:
        """Take an ended execution up again."""
        execution = self._revive(row, self._recompute)
        row.status, row.redrives, row.redriven = "RUNNING", row.redrives + 1, self.clock.now()
        row.stopped = row.output = row.error = row.cause = None
        self.store.update_execution(row)
        self.engine.redrive(execution)
        self.touch()

    def answer(self, token: str, kind: str, data: Any) -> bool:
        """A task token's outcome; False if no task waits for it."""
        try:
            self.engine.answer_token(token, kind, data)
        except TaskDoesNotExist:
            return False
        self.touch()
        return True

    def post(self, call: Callable[[], None]) -> None:
        """Call in the loop's thread, from any; the loop is woken once for many."""
        with self.posting:
            self.posted.append(call)
            first = len(self.posted) == 1
        if first and not self.closed:
            self.loop.call_soon_threadsafe(self._receive)

    def advance(self, seconds: float) -> None:
        """Move the clock; everything due until then happens, at its own time."""
        self.clock.offset += seconds
        self.store.set("offset", self.clock.offset)
        self.touch()

    # What is seen.

    def row(self, arn: str) -> ExecutionRow | None:
        return self.rows.get(arn) or self.store.execution(arn)

    def execution(self, arn: str) -> Execution | None:
        """An execution with its history: the live one, or computed from its journal."""
        if live := self.engine.executions.get(arn):
            return live
        row = self.store.execution(arn)
        return None if row is None else self._recompute(self._journal(row), self.catalogue.revision(row.revision))

    async def lasting(self) -> None:
        """Wait until everything done so far is done to its end and committed."""
        if self.settled is not None or self.store.pending:
            self.touch()
            assert self.settled is not None
            await self.settled

    # How it goes on.

    def _receive(self) -> None:
        with self.posting:
            posted, self.posted = self.posted, []
        for call in posted:
            call()
        self.touch()

    def _asked(self, request: TaskRequest, complete: Complete) -> None:
        self.asked.append((request, complete))

    def _wrote(self, entry: Entry) -> None:
        self.written.append(entry)

    def touch(self) -> None:
        """See to the rest at the end of this tick."""
        if self.settled is None:
            self.settled = self.loop.create_future()
            self.loop.call_soon(self._settle)

    def _settle(self) -> None:
        settled, self.settled = self.settled, None
        assert settled is not None
        try:
            self._run_due()
            self._keep()
            self.store.commit()
        except Exception as error:  # such as a full disk: said to all who wait, and tried again
            logger.exception("nothing was committed")
            settled.set_exception(error)
            settled.exception()
            if not self.closed:
                self.loop.call_later(AGAIN_SECONDS, self.touch)
            return
        asked, self.asked = self.asked, []
        for request, complete in asked:
            self.launch(request, complete)
        settled.set_result(None)
        self._arm()

    def _run_due(self) -> None:
        """Everything due by now, each at its own moment."""
        engine, clock, now = self.engine, self.clock, self.clock.real()
        try:
            while (step := engine.event_queue.peek()) is not None and step.due <= now:
                clock.pinned = step.due
                self._step(step)
        finally:
            clock.pinned = None

    def _step(self, step: ScheduledEvent) -> None:
        """A defect of the engine ends the execution that met it, and no other."""
        try:
            self.engine.step()
        except Exception as error:
            logger.exception("a step failed")
            if step.execution is not None:
                self.engine.stop(step.execution, "States.Runtime", f"The engine failed: {error!r}")

    def _keep(self) -> None:
        """Write what happened: new executions, outcomes, ends."""
        while self.written:
            entry = self.written[0]
            arn, kind = entry["execution"], entry["entry"]
            self._keep_map_runs(self.engine.executions[arn])
            if kind == "started":
                self._adopt(arn)
            elif kind == "ended":
                self._end(arn)
            elif self.entries[arn] >= 0:
                text = json.dumps({name: value for name, value in entry.items() if name not in ("execution", "time")})
                self.store.append(arn, self.entries[arn], entry["time"], text)
                self.entries[arn] += 1
            self.written.popleft()

    def _keep_map_runs(self, execution: Execution) -> None:
        for run in execution.map_runs:
            self.store.add_map_run(run.arn, execution.arn)

    def _adopt(self, arn: str) -> None:
        """A row for an execution that another one started."""
        if arn in self.rows:
            return
        execution = self.engine.executions[arn]
        machine = execution.machine
        assert isinstance(machine, Compiled)
        text = json.dumps(execution.input)
        started, seed = execution.started_at, execution.seed
        row = ExecutionRow(arn, machine.arn, execution.name, machine.revision, seed, started, text)
        self.store.add_execution(row)
        self.rows[arn] = row
        self.entries[arn] = 0

    def _end(self, arn: str) -> None:
        row, execution = self.rows[arn], self.engine.executions[arn]
        row.status, row.stopped, row.output = execution.status, execution.stopped_at, execution.output_text
        row.error, row.cause = execution.error, execution.cause
        if self.entries[arn] >= 0:
            self.store.update_execution(row)
        del self.rows[arn], self.entries[arn], self.engine.executions[arn]
        if len(self.engine.tokens) > self.sweep_at:
            self._sweep()

    def _sweep(self) -> None:
        """Forget the tokens that nobody waits for any more, when they have piled up."""
        tokens = self.engine.tokens
        self.engine.tokens = {t: (e, request) for t, (e, request) in tokens.items() if request.pending_id in e.pending}
        self.sweep_at = max(1024, 2 * len(self.engine.tokens))

    def _arm(self) -> None:
        """Set the one alarm for the next thing due."""
        due = self.engine.next_due()
        if self.alarm is not None:
            if self.alarm[0] == due:
                return
            self.alarm[1].cancel()
            self.alarm = None
        if due is not None and not self.closed:
            self.alarm = (due, self.loop.call_later(max(0.0, due - self.clock.now()), self._wake))

    def _wake(self) -> None:
        self.alarm = None
        self.touch()

    # Out of the store.

    @staticmethod
    def _beginning(row: ExecutionRow) -> Entry:
        return {
            "entry": "started", "execution": row.arn, "time": row.started, "machine": row.machine_arn,
            "name": row.name, "input": decode(row.input), "seed": row.seed,
        }  # fmt: skip

    def _journal(self, row: ExecutionRow) -> list[Entry]:
        kept = self.store.journal(row.arn)
        entries = (_journal_entry(text) | {"execution": row.arn, "time": at} for at, text in kept)
        return [self._beginning(row), *entries]

    def _revive(self, row: ExecutionRow, how: Callable[[list[Entry], Compiled], Execution]) -> Execution:
        journal = self._journal(row)
        execution = how(journal, self.catalogue.revision(row.revision))
        self.engine.executions[row.arn] = execution
        self.rows[row.arn] = row
        self.entries[row.arn] = len(journal) - 1
        return execution

    @staticmethod
    def _recompute(entries: list[Entry], machine: Compiled) -> Execution:
        """An execution as its journal leaves it; what it wants of the world isn't asked for."""
        first, *rest = entries
        arn, name = first["execution"], first["name"]
        execution = Execution(machine, first["input"], arn=arn, name=name, at=first["time"], seed=first["seed"])
        for entry in rest:
            replay(execution, entry)
        execution.outbox.clear()
        return execution


def _journal_entry(text: str) -> Entry:
    """An entry of the journal. Earlier versions wrote the pending id under the name "ticket"."""
    entry: Entry = json.loads(text)
    if "ticket" in entry:
        entry["pending_id"] = entry.pop("ticket")
    return entry
