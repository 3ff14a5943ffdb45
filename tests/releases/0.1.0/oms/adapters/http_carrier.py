"""The carrier over HTTP: every call is keyed by what it is about, so any may be repeated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from oms.adapters.http import Answer, Http, NoAnswer
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
        self._http = Http(url, CONNECT_SECONDS, CONNECT_SECONDS + READ_SECONDS)

    def request_shipment(self, order_id: str, units: Sequence[Units], recipient: Mapping[str, str]) -> None:
        self._ask("PUT", ("shipments", order_id), {"units": _plain(units), "recipient": dict(recipient)})

    def recall(self, order_id: str, recall_id: str, units: Sequence[Units] | None) -> None:
        path = ("shipments", order_id, "recalls", recall_id)
        self._ask("POST", path, {"units": None if units is None else _plain(units)})

    def follow(self, order_id: str) -> None:
        self._ask("PUT", ("shipments", order_id, "tracking"), {})

    def announce_return(self, return_id: str, order_id: str, units: Sequence[Units]) -> None:
        self._ask("PUT", ("returns", return_id), {"order_id": order_id, "units": _plain(units)})

    def find_parcel(self, return_id: str) -> Mapping[str, Sequence[str]] | None:
        answer = self._sent("GET", target := _target(("returns", return_id)))
        if answer.status == NOT_FOUND and _error_in(answer.body) == "NotFound":  # else it is another's, of our path
            return None
        try:
            units: Mapping[str, Sequence[str]] | None = json.loads(_good(answer, f"GET {target}"))["units"]
        except (ValueError, TypeError, KeyError) as error:
            raise UnexpectedState(f"GET {target}: no units in {answer.body[:200]!r}") from error
        return units

    def _ask(self, method: str, path: Sequence[str], body: Mapping[str, Any]) -> None:
        target = _target(path)
        _good(self._sent(method, target, json.dumps(body).encode()), f"{method} {target}")

    def _sent(self, method: str, target: str, body: bytes = b"") -> Answer:
        try:
            return self._http.send(method, target, {"Content-Type": "application/json"}, body)
        except NoAnswer as error:
            raise CarrierUnavailable(str(error)) from error


def _target(path: Sequence[str]) -> str:
    return "".join("/" + quote(part, safe="") for part in path)


def _good(answer: Answer, call: str) -> bytes:
    if not 200 <= answer.status < 300:
        raise _error(call, answer.status, answer.body)
    return answer.body


def _error(call: str, status: int, body: bytes) -> OmsError:
    if status >= 500 or status == TOO_MANY_REQUESTS:
        return CarrierUnavailable(f"{call}: {status}")
    refusal = REFUSALS.get(_error_in(body), UnexpectedState)
    return refusal(f"{call}: {status} {body[:200].decode(errors='replace')}")


def _error_in(body: bytes) -> str:
    """Its name, or nothing where the body names none."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, TypeError, KeyError):
        return ""


def _plain(units: Sequence[Units]) -> list[dict[str, Any]]:
    return [asdict(each) for each in units]
