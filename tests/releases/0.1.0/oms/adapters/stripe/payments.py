"""Payments on Stripe: a PaymentIntent for each order, captured manually, found again by its idempotency key.

Only repeating the creation finds a payment by the shop's own key at once; Stripe's search lags. So an authorization is
two calls: create the intent under the order's key, which holds nothing, and confirm it, which holds the amount. Later
calls repeat the creation to get the intent's id, and follow the intent's state. A void creates the intent if there is
none, and cancels it; then Stripe refuses a late confirmation. Confirm, capture and cancel carry no idempotency key: a
replayed response has an old state, and they need the current one.

Stripe keeps a key for at least a day. A payment that may be older is searched for first: by then the search has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from oms.domain.errors import (
    AlreadyCaptured,
    EffectRefused,
    OmsError,
    PaymentDeclined,
    PaymentsRefused,
    PaymentsUnavailable,
)
from oms.domain.money import Money
from oms.domain.payment import Authorization, PaymentRecord, PaymentRequest, PaymentStatus, Risk

Json = Mapping[str, Any]

API_URL = "https://api.stripe.com"
TIMEOUT_SECONDS = 4.0
"""For one call. An authorization is two, in a function that may run for ten seconds."""
MIN_KEY_LIFETIME = timedelta(hours=20)
_MAX_KEYS_OF_EFFECT = 10
_INTENTS = "/v1/payment_intents"
_STATUSES = {
    "requires_capture": PaymentStatus.AUTHORIZED,
    "succeeded": PaymentStatus.CAPTURED,
    "canceled": PaymentStatus.VOIDED,
}
# Errors of a creation that are the shopper's: (code, parameter).
_UNPAYABLE = {("amount_too_small", "amount"), ("amount_too_large", "amount"), ("resource_missing", "payment_method")}


class _UnexpectedState(Exception):
    """The intent isn't in a state that the call needs."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class StripePayments:
    """Safe to share between threads. Building one imports ``stripe``."""

    def __init__(
        self,
        api_key: str,
        base_url: str,
        timeout_seconds: float,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        import stripe

        from oms.adapters.stripe.http_client import PooledClient

        stripe.enable_telemetry = False  # else it writes a file to the home directory
        self._http = PooledClient(base_url, timeout_seconds)
        self._client = stripe.StripeClient(
            api_key, base_addresses={"api": base_url}, http_client=self._http, max_network_retries=0
        )
        self._stripe_error = stripe.StripeError
        self._now = now

    def authorize(self, request: PaymentRequest) -> Authorization:
        payment_id = self._payment_id(request)
        try:
            confirm = f"{_INTENTS}/{payment_id}/confirm"
            intent = self._call("post", confirm, expand=["latest_charge"], error_on_requires_action=True)
        except _UnexpectedState:
            intent = self._intent(payment_id)
        status = intent["status"]
        if status == "canceled":
            raise EffectRefused(f"payment {payment_id} of order {request.order_id} was voided")
        if status in _STATUSES:
            return Authorization(payment_id, request.amount, _risk(intent["latest_charge"]))
        if intent["last_payment_error"]:
            raise _declined(intent["last_payment_error"])
        raise PaymentsUnavailable(f"payment {payment_id} is {status}")

    def void(self, request: PaymentRequest) -> None:
        try:
            payment_id = self._payment_id(request)
        except PaymentDeclined:
            return  # Stripe creates no such payment, so there is nothing to void
        try:
            self._call("post", f"{_INTENTS}/{payment_id}/cancel")
        except _UnexpectedState:
            status = self._intent(payment_id)["status"]
            if status == "succeeded":
                raise AlreadyCaptured(f"payment {payment_id} of order {request.order_id}") from None
            if status != "canceled":
                raise PaymentsUnavailable(f"payment {payment_id} is {status}") from None

    def capture(self, request: PaymentRequest, amount: Money) -> None:
        payment_id = self._payment_id(request)
        try:
            self._call("post", f"{_INTENTS}/{payment_id}/capture", amount_to_capture=amount.minor)
        except _UnexpectedState:
            intent = self._intent(payment_id)
            if intent["status"] == "canceled":
                raise EffectRefused(f"payment {payment_id} of order {request.order_id} was voided") from None
            if (intent["status"], intent["amount_received"]) != ("succeeded", amount.minor):
                captured = f"{intent['status']}, {intent['amount_received']} captured"
                raise PaymentsRefused(f"payment {payment_id} is {captured}: it can't be captured at {amount}") from None

    def refund(self, request: PaymentRequest, amount: Money, effect_id: str) -> None:
        payment_id = self._payment_id(request)
        existing = next((each for each in self._refunds(payment_id) if _effect_id(each) == effect_id), None)
        refund = existing or self._create(
            "/v1/refunds",
            effect_id,
            payment_intent=payment_id,
            amount=amount.minor,
            metadata={"order_id": request.order_id, "effect_id": effect_id},
        )
        if refund["status"] in ("failed", "canceled") or refund["amount"] != amount.minor:
            raise PaymentsRefused(f"refund {refund['id']} is {refund['status']} at {refund['amount']}, not {amount}")

    def find(self, request: PaymentRequest) -> PaymentRecord | None:
        try:
            intent = self._intent(self._payment_id(request))
        except PaymentDeclined:
            return None
        if intent["status"] == "requires_confirmation":  # created by this look-up
            return None
        charge = intent["latest_charge"]
        held = charge is not None and charge["status"] == "succeeded"
        captured = held and intent["amount_received"] > 0
        refunds = self._refunds(intent["id"]) if captured else ()
        refunded = {_effect_id(each): each["amount"] for each in refunds if _is_ours(each)}
        return PaymentRecord(
            payment_id=intent["id"],
            status=_STATUSES.get(intent["status"], PaymentStatus.NONE),
            currency=intent["currency"].upper(),
            authorized=intent["amount"] if held else 0,
            captured=intent["amount_received"],
            refunded=max(sum(refunded.values()), _refunded(charge) if captured else 0),
            refunds=tuple(refunded),
        )

    def order_of(self, payment_id: str) -> str | None:
        try:
            metadata = self._call("get", f"{_INTENTS}/{payment_id}")["metadata"] or {}
        except PaymentsRefused as error:
            if error.__cause__ is not None and getattr(error.__cause__, "http_status", 0) == 404:
                return None
            raise
        return metadata.get("order_id")

    def close(self) -> None:
        """Close the idle connections. A later call opens new ones."""
        self._http.close()

    def _payment_id(self, request: PaymentRequest) -> str:
        """The id of the order's one payment, which is created if there is none. Raises ``PaymentDeclined``."""
        if request.agreed_at and self._now() - request.agreed_at > MIN_KEY_LIFETIME:
            matches = self._call("get", f"{_INTENTS}/search", query=f'metadata["effect_id"]:"{request.key}"')["data"]
            if matches:
                return str(matches[0]["id"])
        intent = self._create(
            _INTENTS,
            request.key,
            amount=request.amount.minor,
            currency=request.amount.currency.lower(),
            capture_method="manual",
            payment_method=request.method,
            payment_method_types=["card"],
            metadata={"order_id": request.order_id, "effect_id": request.key},
        )
        return str(intent["id"])

    def _create(self, path: str, key: str, **params: object) -> Json:
        """Create an object once. Stripe replays a key's error for a day, so all callers then try the same next key."""
        for number in count(1):
            try:
                return self._call("post", path, idempotency_key=key if number == 1 else f"{key}:{number}", **params)
            except OmsError as error:
                if number == _MAX_KEYS_OF_EFFECT or not _is_replayed(error.__cause__):
                    raise
        raise AssertionError("count ends")

    def _intent(self, payment_id: str) -> Json:
        return self._call("get", f"{_INTENTS}/{payment_id}", expand=["latest_charge"])

    def _refunds(self, payment_id: str) -> Iterator[Json]:
        page: dict[str, object] = {"payment_intent": payment_id, "limit": 100}
        while True:
            refunds = self._call("get", "/v1/refunds", **page)
            yield from refunds["data"]
            if not refunds["has_more"]:
                return
            page["starting_after"] = refunds["data"][-1]["id"]

    def _call(self, method: str, path: str, **params: object) -> Json:
        """The response as plain JSON: the library's typed objects take more time than all the rest of a call."""
        try:
            response: Json = self._client.raw_request(method, path, **params).data
        except self._stripe_error as error:
            raise _shop_error(error) from error
        return response


def _shop_error(error: Any) -> Exception:
    """The shop's error for Stripe's. https://docs.stripe.com/error-low-level"""
    status = error.http_status
    if status is None or status < 400 or status in (409, 429) or status >= 500:
        return PaymentsUnavailable(str(error))
    problem: Json = (error.json_body or {}).get("error", {})
    code = problem.get("code")
    if code == "payment_intent_unexpected_state":
        return _UnexpectedState()
    if problem.get("type") == "card_error" or (code, problem.get("param")) in _UNPAYABLE:
        return _declined(problem)
    return PaymentsRefused(str(error))


def _is_replayed(error: Any) -> bool:
    return (error.headers or {}).get("idempotent-replayed") == "true"


def _declined(problem: Json) -> PaymentDeclined:
    return PaymentDeclined(f"{problem.get('decline_code') or problem.get('code')}: {problem.get('message')}")


def _risk(charge: Json) -> Risk:
    outcome = charge["outcome"] or {}
    elevated = outcome.get("risk_level") == "elevated" or outcome.get("type") == "manual_review"
    return Risk.ELEVATED if elevated else Risk.NORMAL


def _refunded(charge: Json) -> int:
    """Refunds by the shop and in Stripe's dashboard, without the uncaptured rest, which Stripe counts as refunded."""
    return int(charge["amount_refunded"] - (charge["amount"] - charge["amount_captured"]))


def _effect_id(refund: Json) -> str:
    return str((refund["metadata"] or {}).get("effect_id", ""))


def _is_ours(refund: Json) -> bool:
    return bool(_effect_id(refund)) and refund["status"] not in ("failed", "canceled")
