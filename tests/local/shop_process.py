"""``make run`` as a process of its own: on free ports, in a folder of its own."""

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

from local.aws.resources import SHOPPERS, Pool, sign_in
from local.stack.settings import Places
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
    def __init__(self, process: subprocess.Popen[str], environ: Mapping[str, str], said: list[str]) -> None:
        self.process, self.environ, self.said = process, environ, said
        self.places = Places.of(environ)

    @property
    def running(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.places.folder / "running.json").read_text())
        return found

    def token(self) -> str:
        return sign_in(self.places.aws(), Pool(**self.running["pool"]).client_id, SHOPPERS[0])

    def ask(self, method: str, path: str, body: Any = None, token: str = "", key: str = "") -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Idempotency-Key": key}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.places.api_url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)

    def end(self, number: int) -> int:
        """Send a signal to the process that was started, and wait for its end."""
        self.process.send_signal(number)
        return self.process.wait(timeout=ENDS_WITHIN_MS / 1000)

    def children(self) -> list[int]:
        """A handle for each child, which becomes readable when the child has ended."""
        return [os.pidfd_open(pid) for name, pid in self.running["pids"].items() if name != "stack"]


def environ_for(folder: Path, **more: str) -> dict[str, str]:
    ports = {name: str(free_port()) for name in PORTS}
    return {**os.environ, **ports, "LOCAL_FOLDER": str(folder), "CATALOGUE": "50", **more}


@contextmanager
def shop(environ: Mapping[str, str]) -> Iterator[ShopProcess]:
    """A shop that is open; it is ended afterwards where the test hasn't done so."""
    command = [sys.executable, "-u", "-m", "local"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            said = list(_said_until(process, LAST_LINE))
            if not said or LAST_LINE not in said[-1]:
                raise AssertionError(f"the shop did not open: {''.join(said)}")
            yield ShopProcess(process, environ, said)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.communicate()  # who can't say its last words ends without waiting for its children


def _said_until(process: subprocess.Popen[str], last: str) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if last in line:
            return


def have_ended(children: list[int]) -> bool:
    """True once every one of these processes is gone; False if one outlives our patience."""
    for child in children:
        waiting = select.poll()
        waiting.register(child, select.POLLIN)
        gone = waiting.poll(ENDS_WITHIN_MS)
        os.close(child)
        if not gone:
            return False
    return True
