"""The API: authentication, routing, idempotency keys and fault injection around the operations."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from local.sandboxes.faults import TIMEOUTS, InjectedFault, SandboxFaults
from local.sandboxes.payments import forms, routes, stripe_errors
from local.sandboxes.payments.database import PaymentsDatabase
from local.sandboxes.payments.disputes import change_dispute
from local.sandboxes.payments.idempotency_keys import IdempotencyKeys
from local.sandboxes.payments.requests import CardHangs, StripeRequest
from local.sandboxes.payments.stripe_errors import StripeError

LEDGER_PAGE = 1000
OPERATIONS = ("create", "retrieve", "list", "search", "confirm", "capture", "cancel", "refund")
OWN_FAULTS = {"decline": "confirm"}
"""The issuer declines the card, whichever it is."""


@dataclass(frozen=True, slots=True)
class StripeResponse:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CutConnection:
    """No response: the connection is cut after ``seconds``. ``on_close`` is called once nobody waits any more."""

    seconds: float
    on_close: Callable[[], object] = lambda: None


Outcome = StripeResponse | CutConnection


def _json(status: int, document: Any, headers: Mapping[str, str] | None = None) -> StripeResponse:
    return StripeResponse(status, json.dumps(document).encode(), headers or {})


class PaymentsSandbox:
    def __init__(self, database: PaymentsDatabase, *, hang_seconds: float = 60, search_lag: float = 60) -> None:
        self.faults = SandboxFaults(OPERATIONS, OWN_FAULTS)
        self._database = database
        self._keys = IdempotencyKeys(database)
        self._locked_intents: set[str] = set()
        self._hang_seconds = hang_seconds
        self._search_lag = search_lag
        self._request_numbers = itertools.count(1)

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """``headers`` by their lower-case names."""
        path, _, query = target.partition("?")
        if path.startswith("/v1/"):
            return self._handle_stripe(method, path, query, headers, body)
        return self._handle_control(method, path, query, body)

    # --- Stripe's API -----------------------------------------------------------------------------

    def _handle_stripe(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        response_headers = {"Request-Id": f"req_{next(self._request_numbers):014x}"}
        outcome: Outcome
        timeout: InjectedFault | None = None
        try:
            _authenticate(headers.get("authorization", ""))
            match = routes.find(method, path)
            if not match:
                raise stripe_errors.unknown_route(method, path)
            route, target = match
            timeout = self.faults.take(route.operation, *TIMEOUTS)
            if timeout and timeout.fault == "timeout_before":
                return CutConnection(timeout.seconds)
            request = self._request(route, path, target, _text(body) if method == "POST" else query)
            key = headers.get("idempotency-key", "") if method == "POST" else ""
            if key:
                response_headers["Idempotency-Key"] = key
            outcome = self._answer(route, request, key, response_headers)
        except StripeError as error:
            outcome = _json(error.status, error.body, response_headers)
        return _without_response(outcome, timeout) if timeout else outcome

    def _request(self, route: routes.StripeRoute, path: str, target: str, encoded: str) -> StripeRequest:
        params = forms.parse(encoded)
        if unknown := params.keys() - route.params:
            param = min(unknown)
            raise stripe_errors.invalid(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
        return StripeRequest(self._database, path, target, params, search_lag=self._search_lag)

    def _answer(self, route: routes.StripeRoute, request: StripeRequest, key: str, headers: dict[str, str]) -> Outcome:
        stored = self._keys.response(key, request.path, request.params) if key else None
        if stored:
            return StripeResponse(stored.status, stored.body, {**headers, "Idempotent-Replayed": "true"})
        if request.target in self._locked_intents:
            raise stripe_errors.locked()
        try:
            status, body = self._run(route, request, key)
        except CardHangs as hanging:
            return self._leave_open(hanging.intent_id, key)
        return StripeResponse(status, body, headers)

    def _run(self, route: routes.StripeRoute, request: StripeRequest, key: str) -> tuple[int, bytes]:
        """Run the operation and store its response under the key, in one transaction."""
        self._database.run("BEGIN")
        try:
            status, document = self._call_operation(route, request)
            body = json.dumps(document).encode()
            if key:
                self._keys.store(key, request.path, request.params, status, body)
            self._database.run("COMMIT")
        except BaseException:
            self._database.run("ROLLBACK")
            raise
        return status, body

    def _call_operation(self, route: routes.StripeRoute, request: StripeRequest) -> tuple[int, dict[str, Any]]:
        """Status and document. Raises an error that isn't stored under a key."""
        fault = self.faults.take(route.operation, "error_500", "decline")
        try:
            if fault and fault.fault == "error_500":
                raise stripe_errors.internal_error()
            return 200, route.handler(replace(request, declined=True) if fault else request)
        except StripeError as error:
            if not error.is_stored:
                raise
            return error.status, error.body

    def _leave_open(self, intent_id: str, key: str) -> CutConnection:
        self._locked_intents.add(intent_id)
        if key:
            self._keys.hold(key)
        return CutConnection(self._hang_seconds, partial(self._close, intent_id, key))

    def _close(self, intent_id: str, key: str) -> None:
        self._locked_intents.discard(intent_id)
        self._keys.release(key)

    # --- The sandbox's own API --------------------------------------------------------------------

    def _handle_control(self, method: str, path: str, query: str, body: bytes) -> StripeResponse:
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
                    return _json(200, change_dispute(self._database, json.loads(body)))
                case "DELETE", "/_sandbox/next":
                    self.faults.disarm()
                case _:
                    return _json(404, stripe_errors.unknown_route(method, path).body)
        except (ValueError, RecursionError) as error:
            return _json(400, stripe_errors.invalid(str(error)).body)
        return _json(200, {"armed": [asdict(fault) for fault in self.faults.armed]})

    def _ledger(self, query: str) -> dict[str, Any]:
        """A page of entries. ``next`` is the ``after`` of the next page, None at the end."""
        members = parse_qs(query)
        after = int(members.get("after", ["0"])[0])
        limit = int(members.get("limit", [str(LEDGER_PAGE)])[0])
        if not 1 <= limit <= 10 * LEDGER_PAGE:
            raise ValueError(f"limit is from 1 to {10 * LEDGER_PAGE}")
        entries = self._database.ledger(after, limit)
        return {"entries": entries, "next": entries[-1]["number"] if len(entries) == limit else None}


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise stripe_errors.invalid("Invalid request body: it is not UTF-8.") from None


def _without_response(outcome: Outcome, timeout: InjectedFault) -> CutConnection:
    return outcome if isinstance(outcome, CutConnection) else CutConnection(timeout.seconds)


def _authenticate(authorization: str) -> None:
    """Accepts any test key, as a bearer token or as the user name of basic authentication."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "basic":
        credentials = _basic_name(credentials)
    if not credentials:
        raise stripe_errors.unauthenticated("You did not provide an API key.")
    if not credentials.startswith("sk_test_"):
        raise stripe_errors.unauthenticated(f"Invalid API Key provided: {credentials[:7]}****")


def _basic_name(credentials: str) -> str:
    try:
        return base64.b64decode(credentials).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
