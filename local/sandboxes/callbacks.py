"""How the sandboxes call the shop back: signed, and again until they are heard."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable

from oms.adapters.http import HttpClient, NoResponse

CONNECT_SECONDS = 2
TIMEOUT_SECONDS = 10
FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 600

Post = Callable[[str], bool]
"""Says a body to the shop: True if it was heard."""


def signature(secret: str, body: str, at: int) -> str:
    """When it was signed, and by whom: as a header of the sandbox's own name says it."""
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def webhook(url: str, header: str, secret: str) -> Post:
    """A poster of signed bodies to the shop's callback URL."""
    shop = HttpClient(url, CONNECT_SECONDS, TIMEOUT_SECONDS)

    def post(body: str) -> bool:
        signed = {header: signature(secret, body, int(time.time()))}
        headers = {"Content-Type": "application/json", **signed}
        try:
            answer = shop.send("POST", "", headers, body.encode())
        except NoResponse:
            return False
        return 200 <= answer.status < 300

    return post


def retry_seconds(tries: int) -> float:
    """Exponential backoff, after so many tries."""
    return float(min(FIRST_RETRY_SECONDS * 2 ** min(tries - 1, 20), LONGEST_RETRY_SECONDS))
