"""``make run`` in a process of its own, on free ports, with a folder of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.aws.resources import SHOPPERS, UserPool, sign_in
from local.stack.settings import StackSettings
from tests.contract.stores import free_port

ROOT = Path(__file__).parents[2]
PORTS = ("PORT", "ASL_PORT", "MINISTACK_PORT", "COGNITO_PORT", "PAYMENTS_PORT", "CARRIER_PORT")
OPEN = "The shop is open."
LAST_LINE = "/orders/ORDER_ID"
ENDS_WITHIN_MS = 20_000
ORDER = {
    "currency": "USD",
    "lines": [{"sku": "1082185", "quantity": 6}, {"sku": "1029743", "quantity": 1}],
    "payment_method": "pm_card_visa",
    "recipient": {"name": "Anna", "address": "1 Main Street", "city": "Springfield", "country": "US"},
}


class ShopProcess:
    def __init__(self, process: subprocess.Popen[str], environ: Mapping[str, str], output: list[str]) -> None:
        self.process, self.environ, self.output = process, environ, output
        self.settings = StackSettings.from_environ(environ)

    @property
    def running(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.settings.folder / "running.json").read_text())
        return facts

    def token(self) -> str:
        return sign_in(self.settings.aws_variables(), UserPool(**self.running["pool"]).client_id, SHOPPERS[0])

    def ask(self, method: str, path: str, body: Any = None, token: str = "", key: str = "") -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Idempotency-Key": key}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.settings.api_url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)

    def end(self, number: int) -> int:
        """Send a signal to the stack's process and wait for its end."""
        self.process.send_signal(number)
        return self.process.wait(timeout=ENDS_WITHIN_MS / 1000)

    def next_line(self) -> str:
        """The next line that the stack prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def command_lines(self) -> list[bytes]:
        """Those of all processes, with the process of the functions."""
        pids = list(self.running["pids"].values())
        for pid in pids:
            pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in dict.fromkeys(pids)]

    def children(self) -> list[int]:
        """A handle for each child process, which becomes readable when the child has ended."""
        return [os.pidfd_open(pid) for name, pid in self.running["pids"].items() if name != "stack"]


def environ_for(folder: Path, **more: str) -> dict[str, str]:
    ports = {name: str(free_port()) for name in PORTS}
    return {**os.environ, **ports, "LOCAL_FOLDER": str(folder), "CATALOGUE": "50", **more}


@contextmanager
def shop(environ: Mapping[str, str]) -> Iterator[ShopProcess]:
    """A running shop. It is stopped afterwards if the test hasn't done so."""
    command = [sys.executable, "-u", "-m", "local"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            output = list(_read_until(process, LAST_LINE))
            if not output or LAST_LINE not in output[-1]:
                raise AssertionError(f"the shop did not start: {''.join(output)}")
            yield ShopProcess(process, environ, output)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.communicate()  # reads on: a process that can't print would not wait for its children


def _read_until(process: subprocess.Popen[str], last: str) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if last in line:
            return


def have_ended(children: list[int]) -> bool:
    """Wait until all these processes have ended. False if one takes too long."""
    for child in children:
        poll = select.poll()
        poll.register(child, select.POLLIN)
        events = poll.poll(ENDS_WITHIN_MS)
        os.close(child)
        if not events:
            return False
    return True
