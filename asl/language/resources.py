"""Resource ARNs: the function, activity or service integration that a Task, a reader or a writer names.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-service-integrations.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

JOB, JOB_WITH_JSON_OUTPUT, CALLBACK = ".sync", ".sync:2", ".waitForTaskToken"
PATTERNS = (CALLBACK, JOB_WITH_JSON_OUTPUT, JOB)
"""The integration patterns; a Resource without one is the request response pattern."""

_PART = r"(?:[\w-]*|\$\{[^}]*\})"
_STATES_ARN = re.compile(rf"arn:{_PART}:states:{_PART}:{_PART}:(?P<target>.+)", re.S)


@dataclass(frozen=True, slots=True)
class Integration:
    """A parsed Resource.

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
        return self.pattern == CALLBACK

    @property
    def waits_for_job(self) -> bool:
        return self.pattern in (JOB, JOB_WITH_JSON_OUTPUT)


@lru_cache(maxsize=1024)
def parse_resource(resource: str) -> Integration:
    """The parts of a Resource; anything but a service integration or an activity is a function.

    Region and account are optional in the ARN of a service integration, and most definitions leave them empty.
    """
    arn = _STATES_ARN.fullmatch(resource)
    if arn is None:
        return Integration("lambda")
    target = arn["target"]
    if target.startswith("activity:"):
        return Integration("activity")
    pattern = next((pattern for pattern in PATTERNS if target.endswith(pattern)), "")
    service, _, action = target.removesuffix(pattern).rpartition(":")
    return Integration("service", service, action, pattern)


def is_placeholder(resource: str) -> bool:
    """True for a Resource that deployment completes, such as ``${ChargeArn}``."""
    return "${" in resource


def function_name(function: str) -> str:
    """The bare name in a function's name, partial ARN or ARN, with or without a qualifier."""
    parts = function.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0]
