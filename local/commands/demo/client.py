"""The shop's HTTP API, as a storefront and a console call it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from oms.adapters.http import HttpClient
from oms.domain.events import Units

RECIPIENT = {"name": "Anna Schmidt", "address": "1 Main Street", "city": "Springfield", "country": "US"}
BUSY = 503
CONNECT_SECONDS, PATIENCE_SECONDS = 5, 30
TRIES = 5


class Unexpected(Exception):
    """An answer that nobody should get."""


class Shop:
    """For all clients at once. Sends a request again while a dependency is down, by the same key."""

    def __init__(self, url: str) -> None:
        self._http = HttpClient(url, CONNECT_SECONDS, PATIENCE_SECONDS)

    def place(self, token: str, key: str, basket: Iterable[Units], card: str) -> dict[str, Any]:
        lines = _plain(basket)
        body = {"currency": "USD", "lines": lines, "payment_method": card, "recipient": RECIPIENT}
        return self._asked("POST", "/orders", token, body, key, expected=(200, 202))[1]

    def order(self, token: str, order_id: str) -> dict[str, Any]:
        return self._asked("GET", f"/orders/{order_id}", token, expected=(200,))[1]

    def cancel(self, token: str, key: str, order_id: str, lines: Iterable[Units] = ()) -> bool:
        """False where it is too late already."""
        body = {"reason": "Changed my mind", **({"lines": _plain(lines)} if lines else {})}
        path = f"/orders/{order_id}/cancellation"
        return self._asked("POST", path, token, body, key, expected=(202, 409))[0] == 202

    def send_back(self, token: str, key: str, order_id: str, lines: Iterable[Units]) -> bool:
        body = {"lines": _plain(lines), "reason": "Not what I thought"}
        return self._asked("POST", f"/orders/{order_id}/returns", token, body, key, expected=(202, 409))[0] == 202

    def review(self, token: str, order_id: str, approve: bool) -> bool:
        """False where there is nothing to decide any more."""
        body = {"decision": "approve" if approve else "decline", "note": "Looked at by the demo"}
        return self._asked("POST", f"/orders/{order_id}/review", token, body, expected=(200, 409))[0] == 200

    def _asked(
        self,
        method: str,
        path: str,
        token: str,
        body: Mapping[str, Any] | None = None,
        key: str = "",
        *,
        expected: tuple[int, ...],
    ) -> tuple[int, dict[str, Any]]:
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            **({"Idempotency-Key": key} if key else {}),
        }
        for _ in range(TRIES):
            answer = self._http.send(method, path, headers, b"" if body is None else json.dumps(body).encode())
            if answer.status != BUSY:
                break
        if answer.status not in expected:
            raise Unexpected(f"{method} {path}: {answer.status} {answer.body[:300].decode(errors='replace')}")
        parsed: dict[str, Any] = json.loads(answer.body)
        return answer.status, parsed


def _plain(units: Iterable[Units]) -> list[dict[str, Any]]:
    return [{"sku": each.sku, "quantity": each.quantity} for each in units]
