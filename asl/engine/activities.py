"""Activities: tasks that wait in a queue until a worker polls for them.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

from collections import deque

from asl.engine.event_loop import EventLoop
from asl.engine.execution import Execution
from asl.engine.requests import Complete, TaskRequest
from asl.language.documents import encode

LONG_POLL_SECONDS = 60


class Poller:
    """A worker that waits for a task; `reply` gets the task, or None when the poll times out."""

    def __init__(self, worker: str | None, reply: Complete) -> None:
        self.worker = worker
        self.reply = reply
        self.waiting = True


class ActivityQueues:
    """The tasks and the workers that wait for each other, by activity ARN."""

    def __init__(self, loop: EventLoop) -> None:
        self.loop = loop
        self.tasks: dict[str, deque[tuple[Execution, TaskRequest]]] = {}
        self.pollers: dict[str, deque[Poller]] = {}

    def offer(self, execution: Execution, request: TaskRequest) -> None:
        """Queue a task, or hand it to a worker that waits."""
        self.tasks.setdefault(request.resource, deque()).append((execution, request))
        pollers = self.pollers.get(request.resource)
        while pollers:
            poller = pollers.popleft()
            if poller.waiting:
                self._hand_out(request.resource, poller)
                return

    def poll(self, activity: str, worker: str | None, reply: Complete) -> None:
        """GetActivityTask: reply with the next task, now or when there is one; with None after a minute without."""
        poller = Poller(worker, reply)
        if self._hand_out(activity, poller):
            return
        self.pollers.setdefault(activity, deque()).append(poller)
        self.loop.call_at(self.loop.now + LONG_POLL_SECONDS, lambda: self._end_poll(poller))

    def cancel_poll(self, activity: str, reply: Complete) -> None:
        """Give no task to a worker that has disconnected."""
        for poller in self.pollers.get(activity, ()):
            if poller.reply == reply:
                poller.waiting = False

    @staticmethod
    def _end_poll(poller: Poller) -> None:
        if poller.waiting:
            poller.waiting = False
            poller.reply(None)

    def _hand_out(self, activity: str, poller: Poller) -> bool:
        tasks = self.tasks.get(activity)
        while tasks:
            execution, request = tasks.popleft()
            if request.pending_id in execution.pending:
                poller.waiting = False
                self.loop.deliver(execution, request.pending_id, "started", poller.worker)
                poller.reply({"taskToken": request.token, "input": encode(request.payload)})
                return True
        return False
