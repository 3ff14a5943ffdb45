"""The carrier over HTTP, as an ASGI application: what the shop asks for, and what a test may.

    PUT  /shipments/{order_id}                        {"units": [{"sku", "quantity"}], "recipient": {}}
    PUT  /shipments/{order_id}/tracking               {}
    POST /shipments/{order_id}/recalls/{recall_id}    {"units": [{"sku", "quantity"}] or null}
    PUT  /returns/{return_id}                         {"order_id", "units": [{"sku", "quantity"}]}
    GET  /returns/{return_id}                         {"units": {sku: [condition]}}, or null: it has not come
    GET  /health
    GET  /_sandbox/ledger?after=&limit=               every decision, in order
    GET  /_sandbox/settings, PUT /_sandbox/settings   delays, and what comes back
    POST /_sandbox/next                               {"fault", "operation", "count", "seconds"} or {"lose": parcels}
    POST /_sandbox/dispatch                           {"order_id"} or {}: what is held may go
    PUT  /_sandbox/returns/{return_id}                {"conditions": {sku: [condition]}}

A no is 409 with ``{"error": …}``: ShipmentRecalled, AlreadyDispatched, AlreadyDelivered or ParcelLost.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import parse_qs

from local.sandboxes.carrier.carrier import Carrier, Refused
from local.sandboxes.carrier.faults import Fault, Faults

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answer = tuple[int, Any]

LARGEST_BODY = 1 << 20
LEDGER_PAGE = 1000


class App:
    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._faults = Faults()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        fault = self._fault(scope["path"])
        status, answer = (500, {"error": "armed"}) if fault else self._answer(scope, body)
        if fault and fault.fault == "timeout_after":
            self._answer(scope, body)
        if fault:
            await asyncio.sleep(fault.seconds)
        await _send(send, status, answer)

    def _fault(self, path: str) -> Fault | None:
        parts = path.strip("/").split("/")
        match parts:
            case ["shipments", _]:
                return self._faults.take("ship")
            case ["shipments", _, "recalls", _]:
                return self._faults.take("recall")
            case ["shipments", _, "tracking"]:
                return self._faults.take("follow")
            case ["returns", _]:
                return self._faults.take("return")
        return None

    def _answer(self, scope: Mapping[str, Any], body: bytes) -> Answer:
        query = parse_qs(scope["query_string"].decode())
        try:
            return 200, self._routed(scope["method"], scope["path"].strip("/").split("/"), query, body)
        except Refused as refused:
            return 409, {"error": refused.error, "message": str(refused)}
        except LookupError as missing:
            return 404, {"error": "NotFound", "message": str(missing)}
        except (ValueError, TypeError, RecursionError) as invalid:
            return 400, {"error": "InvalidRequest", "message": str(invalid)}

    def _routed(self, method: str, path: list[str], query: Mapping[str, list[str]], body: bytes) -> Any:
        match method, path:
            case "PUT", ["shipments", order_id]:
                asked = _object(body, "units", "recipient")
                if not isinstance(asked["recipient"], dict):
                    raise ValueError("a recipient is an object")
                return self._carrier.ship(order_id, _units(asked["units"]), asked["recipient"])
            case "PUT", ["shipments", order_id, "tracking"]:
                return self._carrier.follow(order_id)
            case "POST", ["shipments", order_id, "recalls", recall_id]:
                units = _object(body, "units")["units"]
                return self._carrier.recall(order_id, recall_id, None if units is None else _units(units))
            case "GET", ["returns", return_id]:
                return {"units": self._carrier.find_parcel(return_id)}
            case "PUT", ["returns", return_id]:
                asked = _object(body, "order_id", "units")
                return self._carrier.announce_return(return_id, asked["order_id"], _units(asked["units"]))
            case "GET", ["health"]:
                return {"status": "ok"}
            case _, ["_sandbox", *control]:
                return self._controlled(method, control, query, body)
        raise LookupError(f"no {method} /{'/'.join(path)}")

    def _controlled(self, method: str, path: list[str], query: Mapping[str, list[str]], body: bytes) -> Any:
        match method, path:
            case "GET", ["ledger"]:
                return self._ledger(int(query.get("after", ["0"])[0]), int(query.get("limit", [str(LEDGER_PAGE)])[0]))
            case "GET", ["settings"]:
                return asdict(self._carrier.settings)
            case "PUT", ["settings"]:
                wanted = _object(body)
                if "conditions" in wanted:
                    wanted["conditions"] = tuple(wanted["conditions"])
                self._carrier.settings = replace(self._carrier.settings, **wanted)
                return asdict(self._carrier.settings)
            case "POST", ["next"]:
                return self._arm(_object(body))
            case "POST", ["dispatch"]:
                return self._carrier.dispatch_now(_object(body).get("order_id"))
            case "PUT", ["returns", return_id]:
                return self._carrier.set_conditions(return_id, _object(body, "conditions")["conditions"])
        raise LookupError(f"no {method} /_sandbox/{'/'.join(path)}")

    def _arm(self, wanted: dict[str, Any]) -> Any:
        if "lose" in wanted:
            self._carrier.parcels_to_lose = int(wanted["lose"])
        else:
            self._faults.arm(Fault(**wanted))
        return {"lose": self._carrier.parcels_to_lose, "armed": [asdict(fault) for fault in self._faults.armed]}

    def _ledger(self, after: int, limit: int) -> Any:
        """A page of entries; ``next`` is what to ask for ``after``, or None at the end."""
        if not 1 <= limit <= 10 * LEDGER_PAGE:
            raise ValueError(f"limit is from 1 to {10 * LEDGER_PAGE}")
        entries = self._carrier.books.ledger(after, limit)
        return {"entries": entries, "next": entries[-1]["number"] if len(entries) == limit else None}


def _object(body: bytes, *needed: str) -> dict[str, Any]:
    parsed = json.loads(body or b"{}")
    if not isinstance(parsed, dict) or not parsed.keys() >= set(needed):
        raise ValueError(f"a JSON object is needed, with {', '.join(needed)}")
    return parsed


def _units(listed: Any) -> dict[str, int]:
    units = {each["sku"]: each["quantity"] for each in listed}
    counted = all(type(sku) is str and type(count) is int and count > 0 for sku, count in units.items())
    if not counted or not units or len(units) < len(listed):
        raise ValueError(f"these are no units: {listed}")
    return units


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more and len(body) <= LARGEST_BODY:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _send(send: Send, status: int, answer: Any) -> None:
    content = b"" if answer is None else json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
