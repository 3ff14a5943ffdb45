"""After a divergence: the new definition continues, with the recorded results of its tasks.

What the tasks would return is unknown; the recorded result of the same task is the most likely. Each task that the
recording ran already is recorded as repeated.
"""

from __future__ import annotations

from asl.replay.history.task_attempt import TaskAttempt, adapt_result
from asl.replay.history.visits import StateVisit
from asl.replay.repeated_tasks import RepeatedTasks, dropped_tasks
from asl.replay.replay_driver import ReplayDriver
from asl.replay.replayed_execution import Awaited, PendingInput
from asl.replay.result import ReplayResult

MAX_STEPS = 500
"""After this number of steps, the path counts as endless."""


class AfterDivergence:
    """Continues one replay after its divergence."""

    def __init__(self, driver: ReplayDriver, result: ReplayResult) -> None:
        self.comparison = driver.comparison
        self.driver = driver
        self.result = result
        self.execution = driver.execution
        self.repeated_tasks = RepeatedTasks(driver)

    def run(self) -> None:
        """Continue to the end, and add what happens to the result."""
        if self.driver.expired_timer is not None:
            self.execution.deliver(*self.driver.expired_timer, "timer")
            self.comparison.pair_new_visits()
        for _ in range(MAX_STEPS):
            if not self.execution.running or not self._step():
                break
            self.comparison.pair_new_visits()
        recorded = self.comparison.recorded
        self.result.path = [visit.name for visit in self.execution.tree.visits if visit.entered.id not in recorded]
        self.result.ending = self._ending()
        self.result.repeats = self.repeated_tasks.results()
        self.result.dropped_tasks = dropped_tasks(self.driver)

    def _ending(self) -> str:
        execution, new_tasks = self.execution, self.result.new_tasks
        if execution.error == "States.Runtime" and new_tasks:
            return f"can't be followed further: the result of {new_tasks[-1]} isn't recorded"
        if not execution.running:
            return f"is {execution.status}" + (f" with {execution.error}" if execution.error else "")
        return f"waits in {', '.join(execution.waiting_states().values())}"

    def _step(self) -> bool:
        """Complete a task, or expire a timer; False if neither is possible."""
        pending_inputs = self.execution.pending_inputs()
        for pending in pending_inputs:
            if pending.awaited in (Awaited.TASK_RESULT, Awaited.MAP_RUN) and self._complete(pending):
                return True
        for pending in pending_inputs:
            if pending.awaited in (Awaited.RETRY, Awaited.WAIT_END):
                return self.execution.deliver(self.execution.now, pending.id, "timer")
        return False

    def _complete(self, pending: PendingInput) -> bool:
        """Give a task or Map Run a recorded outcome; False if the recording waits for it too."""
        visit = self.execution.tree.entered_at(pending.entered)
        recorded = self.comparison.recorded.get(visit.entered.id)
        if pending.awaited is Awaited.MAP_RUN:
            output = {} if recorded is None or recorded.exited is None else recorded.output
            return self.execution.deliver(self.execution.now, pending.id, "succeeded", output)
        attempt, number = visit.attempts[-1], len(visit.attempts) - 1
        if recorded is not None and number < len(recorded.attempts):
            same_attempt = recorded.attempts[number]
            if same_attempt.scheduled.id < self.comparison.horizon:
                return self._deliver_outcome(pending, visit, same_attempt)
        similar = self.repeated_tasks.most_similar(attempt)
        if similar is None:
            if attempt.task not in self.result.new_tasks:
                self.result.new_tasks.append(attempt.task)
            return self.execution.deliver(self.execution.now, pending.id, "succeeded", {})
        self.repeated_tasks.add(visit, *similar)
        return self._deliver_outcome(pending, visit, similar[1])

    def _deliver_outcome(self, pending: PendingInput, visit: StateVisit, recorded: TaskAttempt) -> bool:
        self.repeated_tasks.mark_used(recorded)
        now = self.execution.now
        if recorded.outcome == "timed out":
            timer = self.execution.pending_input(visit, Awaited.TASK_TIMEOUT, Awaited.HEARTBEAT_TIMEOUT)
            if timer is not None:
                return self.execution.deliver(now, timer.id, "timer")
        if recorded.failed:
            return self.execution.deliver(now, pending.id, "failed", recorded.data)
        result = adapt_result(recorded.data, recorded, visit.attempts[-1])
        return bool(recorded.outcome) and self.execution.deliver(now, pending.id, "succeeded", result)
