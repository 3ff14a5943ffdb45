"""Pagination: one page of a list, and the token of the next page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from asl.server.errors import invalid_token

Item = TypeVar("Item")
Fetch = Callable[[int, int], Sequence[Item]]
"""Returns the items at an offset, up to a limit."""

DEFAULT_SIZE = 100
MAX_SIZE = 1000


def page(request: dict[str, Any], scope: str, fetch: Fetch[Item]) -> tuple[Sequence[Item], dict[str, str]]:
    """The requested page, and ``nextToken`` if there are more items.

    Args:
        request: has ``maxResults`` (0 or absent for the default) and ``nextToken``.
        scope: identifies the list; a token of another list is refused.
        fetch: returns the items.
    """
    size = min(request.get("maxResults") or DEFAULT_SIZE, MAX_SIZE)
    offset = _read_token(request["nextToken"], scope) if "nextToken" in request else 0
    items = fetch(offset, size + 1)
    if len(items) <= size:
        return items, {}
    return items[:size], {"nextToken": _write_token(offset + size, scope)}


def slices(items: Sequence[Item]) -> Fetch[Item]:
    """A fetch function for items in memory."""
    return lambda offset, limit: items[offset : offset + limit]


def _write_token(offset: int, scope: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([offset, scope]).encode()).decode()


def _read_token(token: str, scope: str) -> int:
    try:
        offset, token_scope = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error, TypeError) as error:
        raise invalid_token() from error
    if token_scope != scope or not isinstance(offset, int):
        raise invalid_token()
    return offset
