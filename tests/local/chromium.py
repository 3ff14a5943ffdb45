"""Chromium, controlled over a pipe by the DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe"),
)
ANSWER_SECONDS = 90


def find_chromium() -> str | None:
    """The path of the program, None if it is not installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class ChromiumFailed(Exception):
    """Chromium answered with an error, ended, or didn't answer."""


class Chromium:
    def __init__(self, requests: int, messages: int) -> None:
        self._requests, self._messages = requests, messages
        self._unread = b""
        self._number = 0

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Call a method and return its result."""
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        request |= {"sessionId": session} if session else {}
        os.write(self._requests, json.dumps(request).encode() + b"\0")
        answer = self.next_message(lambda message: message.get("id") == self._number)
        if "error" in answer:
            raise ChromiumFailed(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def next_message(self, is_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read on to the next message of a kind."""
        while True:
            message = self._read_message()
            if is_wanted(message):
                return message

    def _read_message(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            if not select.select([self._messages], [], [], ANSWER_SECONDS)[0]:
                raise ChromiumFailed(f"no answer within {ANSWER_SECONDS} s")
            part = os.read(self._messages, 1 << 20)
            if not part:
                raise ChromiumFailed("Chromium ended")
            self._unread += part
        text, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def open(self, url: str) -> Page:
        """Open a page in a tab of its own, and wait until it is loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        page.navigate(url)
        return page


class Page:
    def __init__(self, chromium: Chromium, session: str) -> None:
        self._chromium, self._session = chromium, session
        self._chromium.call("Page.enable", session)
        # The shop's pages allow no scripts, not even the test's.
        self._chromium.call("Page.setBypassCSP", session, enabled=True)

    def navigate(self, url: str) -> None:
        result = self._chromium.call("Page.navigate", self._session, url=url)
        if "errorText" in result:
            raise ChromiumFailed(f"{url}: {result['errorText']}")
        self._chromium.next_message(lambda message: message.get("method") == "Page.loadEventFired")

    def run(self, function: str, *arguments: Any) -> Any:
        """Call a function of JavaScript as if the user had clicked, and return its value once it is settled."""
        call = f"({function})({', '.join(map(json.dumps, arguments))})"
        result = self._chromium.call(
            "Runtime.evaluate",
            self._session,
            expression=call,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in result:
            raise ChromiumFailed(f"{result['exceptionDetails']}")
        return result["result"].get("value")


@contextmanager
def chromium(program: str, profile: Path, hosts: Mapping[str, str]) -> Iterator[Chromium]:
    """Run Chromium. ``hosts`` are addresses by host name, in place of a DNS server."""
    rules = ",".join(f"MAP {host} {address}" for host, address in hosts.items())
    requests, messages = os.pipe(), os.pipe()
    shell = f'exec "$@" 3<&{requests[0]} 4>&{messages[1]}'
    command = [program, *OPTIONS, f"--user-data-dir={profile}", f"--host-resolver-rules={rules}"]
    process = subprocess.Popen(
        ["sh", "-c", shell, "sh", *command],
        pass_fds=(requests[0], messages[1]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(requests[0])
    os.close(messages[1])
    try:
        yield Chromium(requests[1], messages[0])
    finally:
        process.terminate()
        process.wait()
        os.close(requests[1])
        os.close(messages[0])
