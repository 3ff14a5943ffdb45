"""Parameters to boto3's arguments and its answers to JSON, along botocore's shapes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from asl.services.naming import pascal

Timestamp = Callable[[datetime], Any]


def compact(value: Any) -> str:
    """JSON as Step Functions writes it: no spaces, characters as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def iso_millis(moment: datetime) -> str:
    """A time as ``aws-sdk`` integrations print it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_millis(moment: datetime) -> int:
    """A time as the optimized integrations print it."""
    return round(moment.timestamp() * 1000)


def to_boto(shape: Any, value: Any) -> Any:
    """A parameter as boto3 takes it; where the service wants text and JSON was given, the JSON's text."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        members = {pascal(name): name for name in shape.members}
        return {
            (name := members.get(key, key)): to_boto(shape.members[name], item) if name in shape.members else item
            for key, item in value.items()
            if item is not None
        }
    if kind == "list" and isinstance(value, list):
        return [to_boto(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: to_boto(shape.value, item) for key, item in value.items() if item is not None}
    return _scalar(kind, value)


def _scalar(kind: str, value: Any) -> Any:
    if kind == "string":
        return value if isinstance(value, str) else compact(value)
    if kind == "blob":
        return (
            value if isinstance(value, bytes) else compact(value).encode()
        )  # a text too: its bytes are those of its JSON, quotes and all
    if kind in ("integer", "long") and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def to_json(shape: Any, value: Any, timestamp: Timestamp) -> Any:
    """boto3's answer as the state's result: members capitalized, times and blobs as text."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {
            pascal(name): to_json(shape.members[name], item, timestamp)
            for name, item in value.items()
            if name in shape.members and item is not None
        }
    if kind == "list":
        return [to_json(shape.member, item, timestamp) for item in value]
    if kind == "map":
        return {key: to_json(shape.value, item, timestamp) for key, item in value.items()}
    if isinstance(value, datetime):
        return timestamp(value)
    return _text(value) if kind == "blob" else value


def _text(blob: Any) -> str:
    data: bytes = blob.read() if hasattr(blob, "read") else blob
    return data.decode("utf-8", "replace")
