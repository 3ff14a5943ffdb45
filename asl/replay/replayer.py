"""Replay of one recording under a definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asl.replay.after_divergence import AfterDivergence
from asl.replay.changed_states import changed_states_ahead
from asl.replay.history.recording import Recording
from asl.replay.replay_driver import ReplayDriver
from asl.replay.result import ReplayResult


def replay(
    recording: Recording, definition: Mapping[str, Any], *, deployed: Mapping[str, Any] | None = None
) -> ReplayResult:
    """Replay a recording under a definition, with the recorded results of its tasks.

    `deployed` is the definition of the recording; with it, the result has the changed states ahead of a running
    execution. Raises InvalidDefinition, and InvalidHistory if the recording enters no state.
    """
    driver = ReplayDriver(recording, definition)
    driver.run()
    result = ReplayResult(recording.name, recording.status, driver.differences)
    if recording.running:
        open_visits = (visit for visit in recording.tree.visits if visit.exited is None and not visit.threads)
        result.waits_in = [visit.name for visit in open_visits if visit.is_current]
        result.ahead = changed_states_ahead(deployed, definition, result.waits_in) if deployed else []
    if driver.diverged:
        AfterDivergence(driver, result).run()
    return result
