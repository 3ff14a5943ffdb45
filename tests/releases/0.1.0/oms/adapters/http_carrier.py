"""The carrier's HTTP API. Every call has an id of its subject in its path, so any may be repeated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from oms.adapters.http import ClientResponse, HttpClient, NoResponse
from oms.domain.errors import (
    AlreadyDelivered,
    AlreadyDispatched,
    CarrierUnavailable,
    OmsError,
    ParcelLost,
    ShipmentRecalled,
    UnexpectedState,
)
from oms.domain.events import Units

CONNECT_SECONDS = 1.0
READ_SECONDS = 4.0
NOT_FOUND, TOO_MANY_REQUESTS = 404, 429
REFUSALS: Mapping[str, type[OmsError]] = {
    each.__name__: each for each in (AlreadyDelivered, AlreadyDispatched, ParcelLost, ShipmentRecalled)
}


class HttpCarrier:
    def __init__(self, url: str) -> None:
        self._http = HttpClient(url, CONNECT_SECONDS, CONNECT_SECONDS + READ_SECONDS)

    def request_shipment(self, order_id: str, units: Sequence[Units], recipient: Mapping[str, str]) -> None:
        self._send("PUT", ("shipments", order_id), {"units": _as_json(units), "recipient": dict(recipient)})

    def recall(self, order_id: str, recall_id: str, units: Sequence[Units] | None) -> None:
        path = ("shipments", order_id, "recalls", recall_id)
        self._send("POST", path, {"units": None if units is None else _as_json(units)})

    def follow(self, order_id: str) -> None:
        self._send("PUT", ("shipments", order_id, "tracking"), {})

    def announce_return(self, return_id: str, order_id: str, units: Sequence[Units]) -> None:
        self._send("PUT", ("returns", return_id), {"order_id": order_id, "units": _as_json(units)})

    def find_parcel(self, return_id: str) -> Mapping[str, Sequence[str]] | None:
        response = self._response("GET", target := _target(("returns", return_id)))
        if response.status == NOT_FOUND and _error_in(response.body) == "NotFound":  # other 404s are of a wrong path
            return None
        try:
            units: Mapping[str, Sequence[str]] | None = json.loads(_checked_body(response, f"GET {target}"))["units"]
        except (ValueError, TypeError, KeyError) as error:
            raise UnexpectedState(f"GET {target}: no units in {response.body[:200]!r}") from error
        return units

    def _send(self, method: str, path: Sequence[str], body: Mapping[str, Any]) -> None:
        target = _target(path)
        _checked_body(self._response(method, target, json.dumps(body).encode()), f"{method} {target}")

    def _response(self, method: str, target: str, body: bytes = b"") -> ClientResponse:
        try:
            return self._http.send(method, target, {"Content-Type": "application/json"}, body)
        except NoResponse as error:
            raise CarrierUnavailable(str(error)) from error


def _target(path: Sequence[str]) -> str:
    return "".join("/" + quote(part, safe="") for part in path)


def _checked_body(response: ClientResponse, call: str) -> bytes:
    if not 200 <= response.status < 300:
        raise _error(call, response.status, response.body)
    return response.body


def _error(call: str, status: int, body: bytes) -> OmsError:
    if status >= 500 or status == TOO_MANY_REQUESTS:
        return CarrierUnavailable(f"{call}: {status}")
    refusal = REFUSALS.get(_error_in(body), UnexpectedState)
    return refusal(f"{call}: {status} {body[:200].decode(errors='replace')}")


def _error_in(body: bytes) -> str:
    """The name of the error in a body; empty if there is none."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, TypeError, KeyError):
        return ""


def _as_json(units: Sequence[Units]) -> list[dict[str, Any]]:
    return [asdict(each) for each in units]
