"""Signatures of webhooks: an HMAC over the request's body and the time of signing, in the scheme that Stripe uses.

https://docs.stripe.com/webhooks#verify-manually: ``t=<Unix seconds>,v1=<hex>``. There is more than one ``v1`` while a
secret is rotated; other schemes don't count.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

TIMESTAMP = re.compile(r"[0-9]{1,12}")
TOLERANCE_SECONDS = 300


class InvalidSignature(Exception):
    """The request isn't signed with the secret, or was signed too long ago."""


def verify_signature(signature: str, body: bytes, secret: str, now: datetime) -> None:
    """Raises ``InvalidSignature`` unless a holder of the secret signed these bytes within the last five minutes.

    Raises ``ValueError`` for an empty secret.
    """
    if not secret:
        raise ValueError("the secret is empty: anybody could sign with it")
    parts = [each.strip().partition("=") for each in signature.split(",")]
    timestamps, digests = ([value for name, _, value in parts if name == scheme] for scheme in ("t", "v1"))
    if len(timestamps) != 1 or not TIMESTAMP.fullmatch(timestamps[0]) or not digests:
        raise InvalidSignature("the signature is not of the form t=…,v1=…")
    expected = hmac.new(secret.encode(), f"{timestamps[0]}.".encode() + body, hashlib.sha256).hexdigest().encode()
    if not any(hmac.compare_digest(expected, each.encode()) for each in digests):
        raise InvalidSignature("the signature is not of these bytes, or not the sender's")
    if abs(now.timestamp() - int(timestamps[0])) > TOLERANCE_SECONDS:
        raise InvalidSignature("the signature is more than five minutes old, or ahead")
