"""A Task's Resource, parsed into service, action and integration pattern.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-service-integrations.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

PATTERNS = (".waitForTaskToken", ".sync:2", ".sync")


@dataclass(frozen=True, slots=True)
class Integration:
    """A Resource taken apart.

    Attributes:
        kind: "lambda" for a function's own ARN or a placeholder, "activity", or "service".
        service: such as ``lambda`` or ``aws-sdk:s3``; empty unless kind is "service".
        action: such as ``invoke``, without its pattern.
        pattern: "", ``.sync``, ``.sync:2`` or ``.waitForTaskToken``.
    """

    kind: str
    service: str = ""
    action: str = ""
    pattern: str = ""

    @property
    def waits_for_token(self) -> bool:
        return self.pattern == ".waitForTaskToken"


@lru_cache(maxsize=1024)
def parse_resource(resource: str) -> Integration:
    """A Resource's parts; whatever is neither a service integration nor an activity is a function."""
    target = resource.partition(":states:::")[2]
    if not target:
        return Integration("activity" if ":activity:" in resource else "lambda")
    pattern = next((p for p in PATTERNS if target.endswith(p)), "")
    service, _, action = target.removesuffix(pattern).rpartition(":")
    return Integration("service", service, action, pattern)
