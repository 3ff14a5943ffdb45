"""Replay of recorded executions under another definition: the differences, and the tasks that would run twice.

asl/replay/README.md has an example.
"""

from asl.replay.history.recording import InvalidHistory, Recording, parse_history, read_recording, read_recordings
from asl.replay.replayer import replay
from asl.replay.result import RepeatedTask, ReplayDifference, ReplayResult

__all__ = [
    "InvalidHistory",
    "Recording",
    "RepeatedTask",
    "ReplayDifference",
    "ReplayResult",
    "parse_history",
    "read_recording",
    "read_recordings",
    "replay",
]
