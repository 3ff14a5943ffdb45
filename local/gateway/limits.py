"""What API Gateway and the firewall before it refuse: too many requests of one address or one user, headers too long.

A token bucket holds a burst and fills at a steady rate, as API Gateway's throttling does:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html. The most that a request line and
its headers may have is a quota of HTTP APIs: https://docs.aws.amazon.com/general/latest/gr/apigateway.html.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

from oms.declarations.limits import BURST, INTEGRATION_TIMEOUT_SECONDS, REQUESTS_PER_SECOND

MOST_BUCKETS = 10_000


@dataclass(frozen=True)
class Rate:
    """So many requests a second for long, and so many at once."""

    a_second: float
    burst: int


@dataclass(frozen=True)
class Limits:
    an_address: Rate = Rate(1000, 2000)
    """All who sit behind one address share it."""
    a_user: Rate = Rate(REQUESTS_PER_SECOND, BURST)
    answer_seconds: float = INTEGRATION_TIMEOUT_SECONDS
    """Longer than a function may take: its own timeout is the one that is seen, and named in its log."""


class Buckets:
    """A bucket for each who asks. One that is full again is forgotten when there are too many."""

    def __init__(self, rate: Rate, now: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._now = rate, now
        self._lock = Lock()
        self._left: dict[str, tuple[float, float]] = {}
        """What was left in each bucket, and when."""

    def take(self, who: str) -> int:
        """Take one. Zero where there was one, or else in how many whole seconds there will be."""
        with self._lock:
            now = self._now()
            left = self._filled(who, now)
            if left < 1:
                return math.ceil((1 - left) / self._rate.a_second)
            if len(self._left) >= MOST_BUCKETS:
                self._forget(now)
            self._left[who] = (left - 1, now)
            return 0

    def _filled(self, who: str, now: float) -> float:
        left, at = self._left.get(who, (self._rate.burst, now))
        return min(self._rate.burst, left + (now - at) * self._rate.a_second)

    def _forget(self, now: float) -> None:
        """Forget the full ones; and if all are in use, everything: to let some pass beats to remember without end."""
        self._left = {who: told for who, told in self._left.items() if self._filled(who, now) < self._rate.burst}
        if len(self._left) >= MOST_BUCKETS:
            self._left = {}


def header_bytes(method: str, target: str, headers: Mapping[str, str]) -> int:
    """Of the request line and the headers' values, which is what the quota counts."""
    return len(method) + len(target) + sum(map(len, headers.values()))
