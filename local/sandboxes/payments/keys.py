"""Idempotency keys as Stripe keeps them. https://docs.stripe.com/api/idempotent_requests

The first request's status and body are the key's answer from then on, errors and declines included, once the work
had begun. Another request with the key is an error, and so is one that comes while the first is still open.
"""

from __future__ import annotations

import json

from local.sandboxes.payments import problems
from local.sandboxes.payments.books import Books, KeptAnswer
from local.sandboxes.payments.forms import Params

KEPT_SECONDS = 24 * 3600
_LONGEST = 255


class Keys:
    def __init__(self, books: Books) -> None:
        self._books = books
        self._in_use: set[str] = set()
        books.forget_answers(books.now - KEPT_SECONDS)

    def answer(self, key: str, path: str, params: Params) -> KeptAnswer | None:
        """What the key answers, or None for a key that is new. Raises ``StripeProblem`` for one that is taken."""
        if len(key) > _LONGEST:
            raise problems.invalid(f"Idempotency keys are up to {_LONGEST} characters long.")
        if key in self._in_use:
            raise problems.key_in_use(key)
        kept = self._books.kept_answer(key, since=self._books.now - KEPT_SECONDS)
        if kept and kept.path != path:
            raise problems.key_reused(key, f"endpoint, {kept.path}")
        if kept and kept.params != _canonical(params):
            raise problems.key_reused(key, "set of parameters")
        return kept

    def keep(self, key: str, path: str, params: Params, status: int, body: bytes) -> None:
        self._books.write(KeptAnswer(key, self._books.now, path, _canonical(params), status, body))

    def hold(self, key: str) -> None:
        """The key's request is open."""
        self._in_use.add(key)

    def let_go(self, key: str) -> None:
        self._in_use.discard(key)


def _canonical(params: Params) -> str:
    return json.dumps(params, sort_keys=True)
