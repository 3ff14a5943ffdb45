"""Every refusal as a problem (RFC 9457): a stable type for programs, a detail for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from oms.domain.errors import Defect, OmsError, Unavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
UNAVAILABLE = "a part of the shop doesn't answer: send the request again, with the same key if it had one"


@dataclass(frozen=True, slots=True)
class Complaint:
    """A place in the request, and what it has to be."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}"


@dataclass
class Problem(Exception):
    """An answer that says no. ``kind`` is the last part of its type URI."""

    kind: str
    status: int
    detail: str
    complaints: Sequence[Complaint] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.kind.replace("-", " ").capitalize()

    def document(self, instance: str, correlation_id: str) -> dict[str, Any]:
        members = {
            "type": f"/problems/{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": quote(instance, errors="replace"),
            "correlation_id": correlation_id,
        }
        if self.complaints:
            members["errors"] = [{"where": each.where, "what": each.what} for each in self.complaints]
        return members


def invalid(*complaints: Complaint) -> Problem:
    return Problem("invalid-request", 400, "; ".join(map(str, complaints)), complaints)


def too_large(most: int) -> Problem:
    return Problem("body-too-large", 413, f"the body is larger than {most} bytes: send a smaller one")


def problem_of(error: Exception) -> Problem:
    """The problem that an error is answered with.

    Neither a defect nor an outage says more of the shop's inside than the type: an error of a connection names hosts.
    """
    match error:
        case Problem():
            return error
        case Unavailable():
            return Problem(error.type(), error.status, UNAVAILABLE, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        case OmsError() if not isinstance(error, Defect):
            return Problem(error.type(), error.status, str(error))
    return Problem("internal-error", 500, "something went wrong in the shop: it is logged under the correlation id")
