"""The API: who calls, which verb it is, what its idempotency key says, and what is armed to go wrong."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from local.sandboxes.payments import forms, problems, routes
from local.sandboxes.payments.books import Books
from local.sandboxes.payments.calls import Call, Unanswered
from local.sandboxes.payments.disputes import dispute
from local.sandboxes.payments.faults import Fault, Faults
from local.sandboxes.payments.keys import Keys
from local.sandboxes.payments.problems import StripeProblem

_LEDGER_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer: the connection is cut off after these seconds. ``then`` is called once nobody waits any more."""

    seconds: float
    then: Callable[[], object] = lambda: None


def _json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers or {})


class Sandbox:
    def __init__(self, books: Books, *, hang_seconds: float = 60, search_lag: float = 60) -> None:
        self.faults = Faults()
        self._books = books
        self._keys = Keys(books)
        self._locked: set[str] = set()
        self._hang_seconds = hang_seconds
        self._search_lag = search_lag
        self._requests = itertools.count(1)

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer | Silence:
        """``headers`` by their names in lower case."""
        path, _, query = target.partition("?")
        if path.startswith("/v1/"):
            return self._stripe(method, path, query, headers, body)
        return self._control(method, path, query, body)

    # --- What Stripe has too --------------------------------------------------------------------

    def _stripe(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer | Silence:
        answer_headers = {"Request-Id": f"req_{next(self._requests):014x}"}
        answer: Answer | Silence
        lost: Fault | None = None
        try:
            _authenticate(headers.get("authorization", ""))
            found = routes.find(method, path)
            if not found:
                raise problems.no_such_route(method, path)
            route, name = found
            lost = self.faults.take(route.operation, "timeout_before", "timeout_after")
            if lost and lost.fault == "timeout_before":
                return Silence(lost.seconds)
            call = self._call(route, path, name, _text(body) if method == "POST" else query)
            key = headers.get("idempotency-key", "") if method == "POST" else ""
            if key:
                answer_headers["Idempotency-Key"] = key
            answer = self._answer(route, call, key, answer_headers)
        except StripeProblem as problem:
            answer = _json(problem.status, problem.body, answer_headers)
        return _unheard(answer, lost) if lost else answer

    def _call(self, route: routes.Route, path: str, name: str, encoded: str) -> Call:
        params = forms.parse(encoded)
        if unknown := params.keys() - route.params:
            param = min(unknown)
            raise problems.invalid(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
        return Call(self._books, path, name, params, search_lag=self._search_lag)

    def _answer(self, route: routes.Route, call: Call, key: str, headers: dict[str, str]) -> Answer | Silence:
        kept = self._keys.answer(key, call.path, call.params) if key else None
        if kept:
            return Answer(kept.status, kept.body, {**headers, "Idempotent-Replayed": "true"})
        if call.target in self._locked:
            raise problems.locked()
        try:
            status, body = self._run(route, call, key)
        except Unanswered as unanswered:
            return self._left_open(unanswered.intent_id, key)
        return Answer(status, body, headers)

    def _run(self, route: routes.Route, call: Call, key: str) -> tuple[int, bytes]:
        """The call and its key's answer, both written or neither."""
        self._books.run("BEGIN")
        try:
            status, answer = self._outcome(route, call)
            body = json.dumps(answer).encode()
            if key:
                self._keys.keep(key, call.path, call.params, status, body)
            self._books.run("COMMIT")
        except BaseException:
            self._books.run("ROLLBACK")
            raise
        return status, body

    def _outcome(self, route: routes.Route, call: Call) -> tuple[int, dict[str, Any]]:
        fault = self.faults.take(route.operation, "error_500", "decline")
        try:
            if fault and fault.fault == "error_500":
                raise problems.internal()
            return 200, route.verb(_declined(call) if fault else call)
        except StripeProblem as problem:
            if not problem.kept:
                raise
            return problem.status, problem.body

    def _left_open(self, intent_id: str, key: str) -> Silence:
        self._locked.add(intent_id)
        if key:
            self._keys.hold(key)
        return Silence(self._hang_seconds, partial(self._close, intent_id, key))

    def _close(self, intent_id: str, key: str) -> None:
        self._locked.discard(intent_id)
        self._keys.let_go(key)

    # --- What only the sandbox has --------------------------------------------------------------

    def _control(self, method: str, path: str, query: str, body: bytes) -> Answer:
        try:
            match method, path:
                case "GET", "/health":
                    return _json(200, {"status": "ok"})
                case "GET", "/_sandbox/ledger":
                    return _json(200, self._ledger(query))
                case "GET", "/_sandbox/next":
                    pass
                case "POST", "/_sandbox/next":
                    self.faults.arm(json.loads(body))
                case "POST", "/_sandbox/disputes":
                    return _json(200, dispute(self._books, json.loads(body)))
                case "DELETE", "/_sandbox/next":
                    self.faults.disarm()
                case _:
                    return _json(404, problems.no_such_route(method, path).body)
        except (ValueError, RecursionError) as error:
            return _json(400, problems.invalid(str(error)).body)
        return _json(200, {"armed": [asdict(fault) for fault in self.faults.armed]})

    def _ledger(self, query: str) -> dict[str, Any]:
        """A page of entries; ``next`` is what to ask for ``after``, or None at the end."""
        asked = parse_qs(query)
        after = int(asked.get("after", ["0"])[0])
        limit = int(asked.get("limit", [str(_LEDGER_PAGE)])[0])
        if not 1 <= limit <= 10 * _LEDGER_PAGE:
            raise ValueError(f"limit is from 1 to {10 * _LEDGER_PAGE}")
        entries = self._books.ledger(after, limit)
        return {"entries": entries, "next": entries[-1]["number"] if len(entries) == limit else None}


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise problems.invalid("Invalid request body: it is not UTF-8.") from None


def _unheard(answer: Answer | Silence, fault: Fault) -> Silence:
    return answer if isinstance(answer, Silence) else Silence(fault.seconds)


def _declined(call: Call) -> Call:
    return Call(call.books, call.path, call.target, call.params, declined=True)


def _authenticate(authorization: str) -> None:
    """Any test key will do, as a bearer token or as the name in basic authentication."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "basic":
        credentials = _basic_name(credentials)
    if not credentials:
        raise problems.unauthenticated("You did not provide an API key.")
    if not credentials.startswith("sk_test_"):
        raise problems.unauthenticated(f"Invalid API Key provided: {credentials[:7]}****")


def _basic_name(credentials: str) -> str:
    try:
        return base64.b64decode(credentials).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
