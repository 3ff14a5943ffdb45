"""Pages: a list's part of the asked size, and a token for the next."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from asl.server.errors import invalid_token

Item = TypeVar("Item")
Fetch = Callable[[int, int], Sequence[Item]]

DEFAULT_SIZE = 100


def page(
    request: dict[str, Any], scope: str, fetch: Fetch[Item], largest: int = 1000
) -> tuple[Sequence[Item], dict[str, str]]:
    """The page that a request asks for, and ``nextToken`` where there is more.

    Args:
        request: has ``maxResults`` (0 or absent for the default) and ``nextToken``.
        scope: what is listed; a token of another list is refused.
        fetch: gives items by (offset, limit).
    """
    size = min(request.get("maxResults") or DEFAULT_SIZE, largest)
    offset = _read(request["nextToken"], scope) if "nextToken" in request else 0
    items = fetch(offset, size + 1)
    if len(items) <= size:
        return items, {}
    return items[:size], {"nextToken": _write(offset + size, scope)}


def of(items: Sequence[Item]) -> Fetch[Item]:
    """Pages of what is at hand."""
    return lambda offset, limit: items[offset : offset + limit]


def _write(offset: int, scope: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([offset, scope]).encode()).decode()


def _read(token: str, scope: str) -> int:
    try:
        offset, of_scope = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error, TypeError) as error:
        raise invalid_token() from error
    if of_scope != scope or not isinstance(offset, int):
        raise invalid_token()
    return offset
