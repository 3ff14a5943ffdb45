"""Conditional requests (RFC 9110): ``If-None-Match`` saves a response, ``If-Match`` guards a change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api.problems import Problem
from api.runtime import ApiRequest, json_response

PRIVATE, PUBLIC = "private, no-cache", "public, no-cache"
"""Caches may store the response, and must revalidate it each time."""


def etag(body: Mapping[str, Any]) -> str:
    """The entity tag of a body; equal bodies have equal tags."""
    return f'"{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]}"'


def conditional_response(request: ApiRequest, body: Mapping[str, Any], caching: str) -> Response[str]:
    """The body, or 304 if the caller has it already."""
    tag = etag(body)
    headers = {"ETag": tag, "Cache-Control": caching}
    if _matches(request.arguments["If-None-Match"], tag):
        return Response(304, None, "", {**headers})
    return json_response(200, body, headers)


def check_precondition(request: ApiRequest, current: Mapping[str, Any] | None) -> None:
    """Raises 412 unless ``current`` fulfils ``If-Match`` and ``If-None-Match``. It is None if there is nothing yet."""
    tag = etag(current) if current is not None else None
    if_match, if_none_match = request.arguments["If-Match"], request.arguments.get("If-None-Match")
    if (if_match is not None and not _matches(if_match, tag, strongly=True)) or _matches(if_none_match, tag):
        raise precondition_failed()


def precondition_failed() -> Problem:
    return Problem("precondition-failed", 412, "it has changed since you saw it: get it again, and decide again")


def _matches(tags: str | None, tag: str | None, strongly: bool = False) -> bool:
    """Whether a header's list of tags has this one. ``strongly``: weak tags don't count (RFC 9110, 13.1.1)."""
    if tags is None or tag is None:
        return False
    listed = {each.strip() if strongly else each.strip().removeprefix("W/") for each in tags.split(",")}
    return tags.strip() == "*" or tag in listed
