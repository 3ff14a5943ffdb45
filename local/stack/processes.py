"""Child processes: started, awaited until they are ready, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.stack.ports import is_listening

ROOT = Path(__file__).parents[2]
LISTEN_SECONDS = 30
LOG_LINE_SECONDS = 300
STOP_SECONDS = 10
POLL_SECONDS = 0.02


class StackFailed(Exception):
    """The stack can't run. The message is for whoever started it."""


@dataclass(frozen=True)
class ChildProcess:
    name: str
    process: asyncio.subprocess.Process
    log: Path

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
        """Its exit status and the last line of its log."""
        last_line = self._read_log().strip().rpartition("\n")[2]
        return f"{self.name} ended ({self.process.returncode}): {last_line or 'its log is empty'} (see {self.log})"

    def _read_log(self) -> str:
        return self.log.read_text(errors="replace")


async def start_process(
    name: str, module: str, options: Sequence[str], environment: Mapping[str, str], logs: Path
) -> ChildProcess:
    """Run ``python -m module options…``, which ends when this process dies.

    It has a session of its own, so that Ctrl-C reaches this process alone, which then stops it.
    """
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    arguments = ["-m", "local.parent_watcher", str(os.getpid()), module, *options]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env=dict(environment),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return ChildProcess(name, process, log)
