"""A client of the sandbox's Stripe API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3

INTENT = {"amount": "5000", "currency": "usd", "capture_method": "manual", "payment_method": "pm_card_visa"}


@dataclass
class Api:
    """A client with a test key."""

    url: str
    now: float = 1_800_000_000.0
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": "Bearer sk_test_unit"})

    def call(self, method: str, path: str, body: str | None = None, key: str | None = None) -> Reply:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        answer = self.pool.request(method, self.url + path, body=body, headers=headers)
        return Reply(answer.status, answer.json(), answer.headers)

    def get(self, path: str) -> Reply:
        return self.call("GET", path)

    def post(self, path: str, key: str | None = None, **params: str) -> Reply:
        return self.call("POST", path, urlencode(params), key)

    def intent(self, **params: str) -> str:
        return str(self.post("/v1/payment_intents", **{**INTENT, **params}).body["id"])

    def confirmed(self, **params: str) -> str:
        name = self.intent(**params)
        assert self.post(f"/v1/payment_intents/{name}/confirm").status == 200
        return name

    def arm(self, **fault: Any) -> Reply:
        return self.call("POST", "/_sandbox/next", json.dumps(fault))

    def ledger(self) -> list[tuple[str, int]]:
        return [(entry["kind"], entry["amount"]) for entry in self.get("/_sandbox/ledger").body["entries"]]


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Any

    @property
    def error(self) -> Any:
        return self.body["error"]

    @property
    def replayed(self) -> bool:
        return "Idempotent-Replayed" in self.headers
