"""Idempotency keys, as at Stripe: https://docs.stripe.com/api/idempotent_requests

The status and body of a key's first request are its response from then on, errors and declines included, if the
operation had begun. A different request with the same key is an error, and so is one while the first is still open.
"""

from __future__ import annotations

import json

from local.sandboxes.payments import stripe_errors
from local.sandboxes.payments.database import PaymentsDatabase, StoredResponse
from local.sandboxes.payments.forms import Params

STORED_SECONDS = 24 * 3600
_LONGEST = 255


class IdempotencyKeys:
    def __init__(self, database: PaymentsDatabase) -> None:
        self._database = database
        self._in_use: set[str] = set()
        database.drop_responses(database.now - STORED_SECONDS)

    def response(self, key: str, path: str, params: Params) -> StoredResponse | None:
        """The key's response, None for a new key. Raises ``StripeError`` if it is in use, or another request's."""
        if len(key) > _LONGEST:
            raise stripe_errors.invalid(f"Idempotency keys are up to {_LONGEST} characters long.")
        if key in self._in_use:
            raise stripe_errors.key_in_use(key)
        stored = self._database.stored_response(key, since=self._database.now - STORED_SECONDS)
        if stored and stored.path != path:
            raise stripe_errors.key_reused(key, f"endpoint, {stored.path}")
        if stored and stored.params != _canonical(params):
            raise stripe_errors.key_reused(key, "set of parameters")
        return stored

    def store(self, key: str, path: str, params: Params, status: int, body: bytes) -> None:
        self._database.write(StoredResponse(key, self._database.now, path, _canonical(params), status, body))

    def hold(self, key: str) -> None:
        """Mark the key as in use: its request is open."""
        self._in_use.add(key)

    def release(self, key: str) -> None:
        self._in_use.discard(key)


def _canonical(params: Params) -> str:
    return json.dumps(params, sort_keys=True)
