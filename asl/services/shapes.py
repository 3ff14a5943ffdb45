"""Conversion along botocore's shapes: parameters to boto3's arguments, boto3's responses to JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from asl.services.naming import pascal

TimestampFormat = Callable[[datetime], Any]


def compact_json(value: Any) -> str:
    """JSON as Step Functions writes it: without spaces, and without escapes of non-ASCII characters."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def iso_millis(moment: datetime) -> str:
    """A timestamp as ``aws-sdk`` integrations print it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_millis(moment: datetime) -> int:
    """A timestamp as optimized integrations print it."""
    return round(moment.timestamp() * 1000)


def to_boto(shape: Any, value: Any) -> Any:
    """A parameter as boto3 takes it; JSON becomes its text where the service takes a string."""
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
        return value if isinstance(value, str) else compact_json(value)
    if kind == "blob":
        # Step Functions writes the JSON of the value, so a string keeps its quotes.
        return value if isinstance(value, bytes) else compact_json(value).encode()
    if kind in ("integer", "long") and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def to_json(shape: Any, value: Any, format_timestamp: TimestampFormat) -> Any:
    """boto3's response as the state's result: members capitalized, timestamps and blobs as text."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {
            pascal(name): to_json(shape.members[name], item, format_timestamp)
            for name, item in value.items()
            if name in shape.members and item is not None
        }
    if kind == "list":
        return [to_json(shape.member, item, format_timestamp) for item in value]
    if kind == "map":
        return {key: to_json(shape.value, item, format_timestamp) for key, item in value.items()}
    if isinstance(value, datetime):
        return format_timestamp(value)
    return _blob_text(value) if kind == "blob" else value


def _blob_text(blob: Any) -> str:
    data: bytes = blob.read() if hasattr(blob, "read") else blob
    return data.decode("utf-8", "replace")
