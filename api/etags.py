"""Conditional requests (RFC 9110): what the caller has already isn't sent again, what they didn't see isn't changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api.problems import Problem
from api.runtime import Call, json_answer

PRIVATE, PUBLIC = "private, no-cache", "public, no-cache"
"""Kept, but asked after each time."""


def etag(body: Mapping[str, Any]) -> str:
    """The same for the same answer."""
    return f'"{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]}"'


def shown(call: Call, body: Mapping[str, Any], caching: str) -> Response[str]:
    """The body, or word that the caller has it."""
    tag = etag(body)
    headers = {"ETag": tag, "Cache-Control": caching}
    if _names(call.arguments["If-None-Match"], tag):
        return Response(304, None, "", {**headers})
    return json_answer(200, body, headers)


def check_unchanged(call: Call, current: Mapping[str, Any] | None) -> None:
    """Raise unless what is there now, if anything, is what the caller's ``If-Match`` or ``If-None-Match`` says."""
    tag = etag(current) if current is not None else None
    wanted, unwanted = call.arguments["If-Match"], call.arguments.get("If-None-Match")
    if (wanted is not None and not _names(wanted, tag, strongly=True)) or _names(unwanted, tag):
        raise changed()


def changed() -> Problem:
    return Problem("precondition-failed", 412, "it has changed since you saw it: get it again, and decide again")


def _names(tags: str | None, tag: str | None, strongly: bool = False) -> bool:
    """``strongly``: a weak tag, of what is only as good as the same, is no proof (RFC 9110, 13.1.1)."""
    if tags is None or tag is None:
        return False
    named = {each.strip() if strongly else each.strip().removeprefix("W/") for each in tags.split(",")}
    return tags.strip() == "*" or tag in named
