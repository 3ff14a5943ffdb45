"""Callbacks of the sandboxes to the shop: signed, and retried until the shop accepts them."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable, Mapping

from oms.adapters.http import HttpClient, NoResponse
from oms.adapters.wiring import signing_key

CONNECT_SECONDS = 2
TIMEOUT_SECONDS = 10
LONGEST_SLEEP_SECONDS = 60
"""An event loop's timers stand still while the machine is suspended, so a waiting loop checks the clock this often."""
FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 600

Post = Callable[[str], bool]
"""Sends a body to the shop. Returns True if the shop answered with a 2xx."""


def signature(secret: str, body: str, at: int) -> str:
    """The value of a signature header: the time of signing, and an HMAC of time and body."""
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def webhook_secret(variable: str, environ: Mapping[str, str] = os.environ) -> str:
    """The key of the callbacks' signatures. Ends the program with one line if it is missing or too short."""
    if variable not in environ:
        raise SystemExit(f"{variable} is missing: it is the key of the callbacks' signatures")
    try:
        return signing_key(variable, environ)
    except ValueError as error:
        raise SystemExit(str(error)) from None


def webhook(url: str, header: str, secret: str) -> Post:
    """A function that posts bodies to the shop's callback URL, with a signature in the header of this name."""
    shop = HttpClient(url, CONNECT_SECONDS, TIMEOUT_SECONDS)

    def post(body: str) -> bool:
        headers = {"Content-Type": "application/json", header: signature(secret, body, int(time.time()))}
        try:
            response = shop.send("POST", "", headers, body.encode())
        except NoResponse:
            return False
        return 200 <= response.status < 300

    return post


def retry_seconds(tries: int) -> float:
    """The exponential backoff after this number of tries."""
    return float(min(FIRST_RETRY_SECONDS * 2 ** min(tries - 1, 20), LONGEST_RETRY_SECONDS))
