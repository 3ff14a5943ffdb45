"""Problems (RFC 9457), as which the API answers every error: a stable type for programs, a detail for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from oms.adapters.webhook_signatures import InvalidSignature
from oms.domain.errors import Defect, OmsError, Unavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
UNAVAILABLE = "a part of the shop doesn't answer: send the request again, with the same key if it had one"


@dataclass(frozen=True, slots=True)
class Complaint:
    """A place in the request, and what it must be."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}"


@dataclass
class Problem(Exception):
    """An error response. ``kind`` is the last part of its type URI."""

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
    """The problem for an error.

    Those for a defect and an outage reveal only the type: the message of a connection error names internal hosts.
    """
    match error:
        case Problem():
            return error
        case InvalidSignature():
            return Problem("invalid-signature", 401, str(error))
        case Unavailable():
            return Problem(error.type(), error.status, UNAVAILABLE, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        case OmsError() if not isinstance(error, Defect):
            return Problem(error.type(), error.status, str(error))
    return Problem("internal-error", 500, "something went wrong in the shop: it is logged under the correlation id")
