"""Limits of API Gateway and of the firewall in front: requests per address and per user, size of the headers.

A token bucket holds a burst and fills at a steady rate, as API Gateway's throttling does:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html. The size of a request line and
its headers is a quota of HTTP APIs: https://docs.aws.amazon.com/general/latest/gr/apigateway.html.
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
    """Rate (requests per second) and burst (requests at once)."""

    per_second: float
    burst: int


@dataclass(frozen=True)
class Limits:
    per_address: Rate = Rate(1000, 2000)
    """Users behind one address share it."""
    per_user: Rate = Rate(REQUESTS_PER_SECOND, BURST)
    timeout_seconds: float = INTEGRATION_TIMEOUT_SECONDS
    """Longer than a function's own timeout, which is therefore the one that is logged."""


class TokenBuckets:
    """A token bucket for each address or user. When there are too many, the full ones are forgotten."""

    def __init__(self, rate: Rate, now: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._now = rate, now
        self._lock = Lock()
        self._left: dict[str, tuple[float, float]] = {}
        """The tokens left in each bucket, and when."""

    def take(self, owner: str) -> int:
        """Take a token. Returns 0, or the whole seconds until there is one."""
        with self._lock:
            now = self._now()
            left = self._tokens(owner, now)
            if left < 1:
                return math.ceil((1 - left) / self._rate.per_second)
            if len(self._left) >= MOST_BUCKETS:
                self._forget(now)
            self._left[owner] = (left - 1, now)
            return 0

    def _tokens(self, owner: str, now: float) -> float:
        left, at = self._left.get(owner, (self._rate.burst, now))
        return min(self._rate.burst, left + (now - at) * self._rate.per_second)

    def _forget(self, now: float) -> None:
        """Forget the full buckets, or all if none is full: letting some requests pass costs less than the memory."""
        self._left = {owner: left for owner, left in self._left.items() if self._tokens(owner, now) < self._rate.burst}
        if len(self._left) >= MOST_BUCKETS:
            self._left = {}


def header_bytes(method: str, target: str, headers: Mapping[str, str]) -> int:
    """The size that the quota counts: the request line and the headers' values."""
    return len(method) + len(target) + sum(map(len, headers.values()))
