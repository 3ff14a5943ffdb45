"""Stripe's error responses, as exceptions. https://docs.stripe.com/api/errors"""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An error response. Stripe stores it under the idempotency key (``is_stored``) if the operation had begun."""

    def __init__(self, status: int, error_type: str, message: str, *, is_stored: bool = False, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.is_stored = is_stored
        self.body: dict[str, Any] = {"error": {**fields, "message": message, "type": error_type}}


def invalid(message: str, **fields: Any) -> StripeError:
    """The parameters are invalid: the operation never began."""
    return StripeError(400, "invalid_request_error", message, **fields)


def refused(message: str, **fields: Any) -> StripeError:
    """The operation began, and its object isn't in a state for it."""
    return StripeError(400, "invalid_request_error", message, is_stored=True, **fields)


def not_found(kind: str, name: str, param: str, *, in_path: bool) -> StripeError:
    return StripeError(
        404 if in_path else 400,
        "invalid_request_error",
        f"No such {kind}: '{name}'",
        code="resource_missing",
        param=param,
    )


def unknown_route(method: str, path: str) -> StripeError:
    return StripeError(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")


def internal_error() -> StripeError:
    return StripeError(500, "api_error", "An unknown error occurred.", is_stored=True)


def locked() -> StripeError:
    return StripeError(
        429, "invalid_request_error", "Another request is working on this object right now.", code="lock_timeout"
    )


def key_in_use(key: str) -> StripeError:
    return StripeError(
        409,
        "idempotency_error",
        f"Another request with the idempotency key '{key}' is still in progress.",
        code="idempotency_key_in_use",
    )


def key_reused(key: str, what: str) -> StripeError:
    return StripeError(
        400,
        "idempotency_error",
        f"The idempotency key '{key}' was first used with another {what}; a key belongs to one request.",
    )


def unauthenticated(message: str) -> StripeError:
    return StripeError(401, "invalid_request_error", message)
