"""A client of the shop's HTTP API, as a storefront and a console are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from oms.adapters.http import HttpClient
from oms.domain.events import Units

RECIPIENT = {"name": "Anna Schmidt", "address": "1 Main Street", "city": "Springfield", "country": "US"}
SERVICE_UNAVAILABLE = 503
CONNECT_SECONDS, TIMEOUT_SECONDS = 5, 30
TRIES = 5


class UnexpectedResponse(Exception):
    """The API answered with a status that the demo doesn't expect."""


class ShopClient:
    """Used by all clients at once. Repeats a request under the same key while a dependency is down.

    Args:
        url: the base URL of the API.
    """

    def __init__(self, url: str) -> None:
        self._http = HttpClient(url, CONNECT_SECONDS, TIMEOUT_SECONDS)

    def place(self, token: str, key: str, basket: Iterable[Units], card: str) -> dict[str, Any]:
        lines = _lines(basket)
        body = {"currency": "USD", "lines": lines, "payment_method": card, "recipient": RECIPIENT}
        return self._send("POST", "/orders", token, body, key, expected=(200, 202))[1]

    def order(self, token: str, order_id: str) -> dict[str, Any]:
        return self._send("GET", f"/orders/{order_id}", token, expected=(200,))[1]

    def cancel(self, token: str, key: str, order_id: str, units: Iterable[Units] = ()) -> bool:
        """False if it is too late."""
        body = {"reason": "Changed my mind", **({"lines": _lines(units)} if units else {})}
        path = f"/orders/{order_id}/cancellation"
        return self._send("POST", path, token, body, key, expected=(202, 409))[0] == 202

    def send_return(self, token: str, key: str, order_id: str, units: Iterable[Units]) -> bool:
        """False if the order can't be returned."""
        body = {"lines": _lines(units), "reason": "Not what I expected"}
        return self._send("POST", f"/orders/{order_id}/returns", token, body, key, expected=(202, 409))[0] == 202

    def review(self, token: str, order_id: str, approve: bool) -> bool:
        """False if no review is pending."""
        body = {"decision": "approve" if approve else "decline", "note": "Reviewed by the demo"}
        return self._send("POST", f"/orders/{order_id}/review", token, body, expected=(200, 409))[0] == 200

    def _send(
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
            response = self._http.send(method, path, headers, b"" if body is None else json.dumps(body).encode())
            if response.status != SERVICE_UNAVAILABLE:
                break
        if response.status not in expected:
            text = response.body[:300].decode(errors="replace")
            raise UnexpectedResponse(f"{method} {path}: {response.status} {text}")
        document: dict[str, Any] = json.loads(response.body)
        return response.status, document


def _lines(units: Iterable[Units]) -> list[dict[str, Any]]:
    return [{"sku": each.sku, "quantity": each.quantity} for each in units]
