"""Stripe's error answers, as exceptions. https://docs.stripe.com/api/errors"""

from __future__ import annotations

from typing import Any


class StripeProblem(Exception):
    """An error answer. ``kept`` is whether Stripe keeps it under the idempotency key: only once the work had begun."""

    def __init__(self, status: int, error_type: str, message: str, *, kept: bool = False, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.kept = kept
        self.body: dict[str, Any] = {"error": {**fields, "message": message, "type": error_type}}


def invalid(message: str, **fields: Any) -> StripeProblem:
    """The parameters can't be taken: the call never began."""
    return StripeProblem(400, "invalid_request_error", message, **fields)


def refused(message: str, **fields: Any) -> StripeProblem:
    """The call began, and what it is about isn't in a state for it."""
    return StripeProblem(400, "invalid_request_error", message, kept=True, **fields)


def missing(kind: str, name: str, param: str, *, in_path: bool) -> StripeProblem:
    return StripeProblem(
        404 if in_path else 400,
        "invalid_request_error",
        f"No such {kind}: '{name}'",
        code="resource_missing",
        param=param,
    )


def no_such_route(method: str, path: str) -> StripeProblem:
    return StripeProblem(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")


def internal() -> StripeProblem:
    return StripeProblem(500, "api_error", "An unknown error occurred.", kept=True)


def locked() -> StripeProblem:
    return StripeProblem(
        429, "invalid_request_error", "Another request is working on this object right now.", code="lock_timeout"
    )


def key_in_use(key: str) -> StripeProblem:
    return StripeProblem(
        409,
        "idempotency_error",
        f"Another request with the idempotency key '{key}' is still in progress.",
        code="idempotency_key_in_use",
    )


def key_reused(key: str, what: str) -> StripeProblem:
    return StripeProblem(
        400,
        "idempotency_error",
        f"The idempotency key '{key}' was first used with another {what}; a key belongs to one request.",
    )


def unauthenticated(message: str) -> StripeProblem:
    return StripeProblem(401, "invalid_request_error", message)
