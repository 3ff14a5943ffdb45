"""Who really sent a callback: an HMAC over the very bytes, with the time of its signing, as Stripe does it.

https://docs.stripe.com/webhooks#verify-manually: ``t=<Unix seconds>,v1=<hex>``, more than one ``v1`` while a secret is
being changed, and other schemes, which don't count.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

from api.problems import Problem

STAMP = re.compile(r"[0-9]{1,12}")
WINDOW_SECONDS = 300


def verify(signature: str, body: bytes, secret: str, now: datetime) -> None:
    """Raise unless who has the secret signed these very bytes, not long ago. An empty secret is a ``ValueError``."""
    if not secret:
        raise ValueError("the secret is empty: anybody could sign with it")
    parts = [each.strip().partition("=") for each in signature.split(",")]
    stamps, given = ([value for name, _, value in parts if name == wanted] for wanted in ("t", "v1"))
    if len(stamps) != 1 or not STAMP.fullmatch(stamps[0]) or not given:
        raise _forged("the signature is not of the form t=…,v1=…")
    expected = hmac.new(secret.encode(), f"{stamps[0]}.".encode() + body, hashlib.sha256).hexdigest().encode()
    if not any(hmac.compare_digest(expected, each.encode()) for each in given):
        raise _forged("the signature is not of these bytes, or not the sender's")
    if abs(now.timestamp() - int(stamps[0])) > WINDOW_SECONDS:
        raise _forged("the signature is more than five minutes old, or ahead")


def _forged(detail: str) -> Problem:
    return Problem("invalid-signature", 401, detail)
