"""Cursors: the position where a listing continues, as opaque text that is safe in a URL."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from oms.domain.errors import InvalidRequest

MAX_KEY_BYTES = 1024
"""The limit of a sort key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""


def encode(key: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str, names: frozenset[str], **fixed: str) -> dict[str, str]:
    """The key in a cursor. Raises ``InvalidRequest`` unless it has these names, and the values of ``fixed``."""
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        json.dumps(key, ensure_ascii=False).encode()  # half a surrogate pair can't be in an item's key
    except (binascii.Error, ValueError, RecursionError):
        key = None
    if not isinstance(key, dict) or key.keys() != names or not all(map(_fits_a_key, key.values())):
        raise InvalidRequest("this cursor is none of ours")
    if any(key[name] != value for name, value in fixed.items()):
        raise InvalidRequest("this cursor is of another listing")
    return key


def _fits_a_key(value: object) -> bool:
    return isinstance(value, str) and len(value.encode()) <= MAX_KEY_BYTES
