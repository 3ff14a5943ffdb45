"""Child processes: started, awaited until they are ready, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.stack.log_files import rotate_log
from local.stack.ports import is_listening
from local.stack.process_setup import PRIVATE_UMASK, no_proxy_variables

ROOT = Path(__file__).parents[2]
LISTEN_SECONDS = 30
LOG_LINE_SECONDS = 300
STOP_SECONDS = 10
POLL_SECONDS = 0.02
PRINTED_LINES = 3
LONGEST_LINE = 200


class StackFailed(Exception):
    """The stack can't run. The message is for the person who started it."""


def error_line(error: Exception) -> str:
    """An error in one line. An operating system's error begins with the file's name."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


@dataclass(frozen=True)
class ProcessSettings:
    """How a process is started: ``python -m module options…`` with these variables. Its log is ``name.log``."""

    name: str
    module: str
    options: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    logs: Path

    @property
    def log(self) -> Path:
        return self.logs / f"{self.name}.log"


@dataclass(frozen=True)
class ChildProcess:
    settings: ProcessSettings
    process: asyncio.subprocess.Process

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def log(self) -> Path:
        return self.settings.log

    async def wait_for_port(self, port: int) -> None:
        """Wait until it listens. Raises ``StackFailed`` if it exits first, or takes too long."""
        await self._wait_until(lambda: is_listening(port), LISTEN_SECONDS, f"does not answer on port {port}")

    async def wait_for_log_line(self, line: str) -> None:
        """Wait until its log has the line. Raises ``StackFailed`` if it exits first, or takes too long."""
        await self._wait_until(lambda: line in self._read_log(), LOG_LINE_SECONDS, f"does not log {line!r}")

    async def _wait_until(self, is_ready: Callable[[], bool], seconds: float, failure: str) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not is_ready():
                    if self.process.returncode is not None:
                        raise StackFailed(self.exit_message())
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise StackFailed(f"{self.name} {failure}: see {self.log}") from None

    async def stop(self) -> bool:
        """Send SIGTERM, and SIGKILL after ``STOP_SECONDS``. Returns False if it was killed."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        return self.process.returncode != -signal.SIGKILL

    def exit_message(self) -> str:
        """How it ended, and the last lines of its log, in one line."""
        status = self.process.returncode or 0
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        lines = [line.strip()[:LONGEST_LINE] for line in self._read_log().splitlines() if line.strip()]
        last_lines = " | ".join(lines[-PRINTED_LINES:]) or "its log is empty"
        return f"{self.name} {how}: {last_lines} (see {self.log})"

    def _read_log(self) -> str:
        return self.log.read_text(errors="replace")


async def start_process(settings: ProcessSettings) -> ChildProcess:
    """Start a process, which ends when this one dies. Its log is its own: that of the run before is rotated.

    It has a session of its own, so that Ctrl-C reaches this process alone, which then stops it.
    """
    settings.logs.mkdir(parents=True, exist_ok=True)
    rotate_log(settings.log)
    arguments = ["-m", "local.parent_watcher", str(os.getpid()), settings.module, *settings.options]
    with settings.log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env={**settings.environment, **no_proxy_variables(settings.environment)},
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            umask=PRIVATE_UMASK,
        )
    return ChildProcess(settings, process)
