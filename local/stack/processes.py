"""Child processes: begun, waited for until they answer, ended without anything left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
READY_SECONDS = 30
SAID_SECONDS = 300
STOP_SECONDS = 10
LOOK_AGAIN_SECONDS = 0.02


class StackFailed(Exception):
    """The stack can't run; the message is for whoever started it."""


@dataclass(frozen=True)
class Child:
    name: str
    process: asyncio.subprocess.Process
    log: Path

    async def answers(self, port: int) -> None:
        """Wait until it listens. Raises ``StackFailed`` if it ends before, or takes too long."""
        await self._until(lambda: listens(port), READY_SECONDS, f"does not answer on port {port}")

    async def says(self, line: str) -> None:
        """Wait until it has written the line. Raises ``StackFailed`` as ``answers`` does."""
        await self._until(lambda: line in self.log.read_text(errors="replace"), SAID_SECONDS, f"does not say {line!r}")

    async def _until(self, ready: Callable[[], bool], seconds: float, failing: str) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not ready():
                    if self.process.returncode is not None:
                        raise StackFailed(self.epitaph())
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
        except TimeoutError:
            raise StackFailed(f"{self.name} {failing}: see {self.log}") from None

    async def stop(self) -> bool:
        """Whether it could end by itself."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        return self.process.returncode != -signal.SIGKILL

    def epitaph(self) -> str:
        """Why it ended, as far as it said."""
        last = self.log.read_text(errors="replace").strip().rpartition("\n")[2]
        return f"{self.name} ended ({self.process.returncode}): {last or 'it said nothing'} (see {self.log})"


async def begin(name: str, module: str, options: Sequence[str], environment: Mapping[str, str], logs: Path) -> Child:
    """Run ``python -m module options…`` in a session of its own: a Ctrl-C reaches the parent alone, which ends it in
    its turn."""
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    tethered = ["-m", "local.stack.parent_watcher", str(os.getpid()), module, *options]
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *tethered,
            env=dict(environment),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return Child(name, process, log)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def is_free(port: int) -> bool:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
