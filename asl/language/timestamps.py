"""Timestamps of the States Language: RFC 3339, with an uppercase T and an offset or an uppercase Z."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})", re.ASCII)


def instant(value: Any) -> tuple[int, int] | None:
    """Seconds since 1970 and nanoseconds; None for anything but a timestamp. States Language, section "Timestamps"."""
    match = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    except ValueError:
        return None
    whole = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return whole.days * 86400 + whole.seconds, int((match[2] or "0").ljust(9, "0"))


def epoch_seconds(value: Any) -> float | None:
    """Seconds since 1970 as one number; None for anything but a timestamp."""
    parts = instant(value)
    return None if parts is None else parts[0] + parts[1] / 1e9
