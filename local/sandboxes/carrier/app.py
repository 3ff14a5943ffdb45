"""The carrier's HTTP API, as an ASGI app: what the shop calls, and what only tests and demos call (``/_sandbox``).

    PUT  /shipments/{order_id}                        {"units": [{"sku", "quantity"}], "recipient": {}}
    PUT  /shipments/{order_id}/tracking               {}
    POST /shipments/{order_id}/recalls/{recall_id}    {"units": [{"sku", "quantity"}] or null}
    PUT  /returns/{return_id}                         {"order_id", "units": [{"sku", "quantity"}]}
    GET  /returns/{return_id}                         {"units": {sku: [condition]}}; null before it arrives
    GET  /health
    GET  /_sandbox/ledger?after=&limit=               every decision, in order
    GET  /_sandbox/settings, PUT /_sandbox/settings   delays, and the conditions of returned units
    POST /_sandbox/next                               {"fault", "operation", "count", "seconds"} or {"lose": parcels}
    POST /_sandbox/dispatch                           {"order_id"} or {}: dispatches held parcels now
    PUT  /_sandbox/returns/{return_id}                {"conditions": {sku: [condition]}}

A refusal is a 409 with ``{"error": …}``: ShipmentRecalled, AlreadyDispatched, AlreadyDelivered or ParcelLost.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import parse_qs

from local.http_server.asgi import BodyTooLarge, ClientDisconnected, Receive, Scope, Send, read_body, send_response
from local.sandboxes.carrier.carrier import CarrierRefusal, SandboxCarrier
from local.sandboxes.faults import InjectedFault, SandboxFaults

Query = Mapping[str, list[str]]

MOST_BYTES = 1 << 20
LEDGER_PAGE = 1000
LEDGER_PATH = "/_sandbox/ledger"
OPERATIONS = ("ship", "recall", "follow", "return")
FAILED = 500, {"error": "injected fault"}


class CarrierApp:
    def __init__(self, carrier: SandboxCarrier) -> None:
        self._carrier = carrier
        self._faults = SandboxFaults(OPERATIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            body = await read_body(receive, MOST_BYTES)
        except ClientDisconnected:
            return
        except BodyTooLarge as error:
            status, document = _invalid(error)
        else:
            status, document = await self._respond(scope, body)
        content = b"" if document is None else json.dumps(document).encode()
        await send_response(send, status, [("content-type", "application/json")], content)

    async def _respond(self, scope: Scope, body: bytes) -> tuple[int, Any]:
        """A call with a fault is answered after the fault's seconds by a gateway that gave up: with a 500."""
        fault = self._take_fault(scope["path"])
        if fault is None:
            return self._call(scope, body)
        if fault.fault == "timeout_after":
            self._call(scope, body)
        await asyncio.sleep(fault.seconds)
        return FAILED

    def _take_fault(self, path: str) -> InjectedFault | None:
        match path.strip("/").split("/"):
            case ["shipments", _]:
                return self._faults.take("ship")
            case ["shipments", _, "recalls", _]:
                return self._faults.take("recall")
            case ["shipments", _, "tracking"]:
                return self._faults.take("follow")
            case ["returns", _]:
                return self._faults.take("return")
        return None

    def _call(self, scope: Scope, body: bytes) -> tuple[int, Any]:
        query = parse_qs(scope["query_string"].decode())
        try:
            return 200, self._route(scope["method"], scope["path"].strip("/").split("/"), query, body)
        except CarrierRefusal as refusal:
            return 409, {"error": refusal.error, "message": str(refusal)}
        except LookupError as missing:
            return 404, {"error": "NotFound", "message": str(missing)}
        except (ValueError, TypeError, RecursionError) as invalid:
            return _invalid(invalid)

    def _route(self, method: str, path: list[str], query: Query, body: bytes) -> Any:
        match method, path:
            case "PUT", ["shipments", order_id]:
                document = _object(body, "units", "recipient")
                if not isinstance(document["recipient"], dict):
                    raise ValueError("a recipient is an object")
                return self._carrier.ship(order_id, _units(document["units"]), document["recipient"])
            case "PUT", ["shipments", order_id, "tracking"]:
                return self._carrier.follow(order_id)
            case "POST", ["shipments", order_id, "recalls", recall_id]:
                units = _object(body, "units")["units"]
                return self._carrier.recall(order_id, recall_id, None if units is None else _units(units))
            case "GET", ["returns", return_id]:
                return {"units": self._carrier.received_units(return_id)}
            case "PUT", ["returns", return_id]:
                document = _object(body, "order_id", "units")
                return self._carrier.announce_return(return_id, document["order_id"], _units(document["units"]))
            case "GET", ["health"]:
                return {"status": "ok"}
            case _, ["_sandbox", *control]:
                return self._control(method, control, query, body)
        raise LookupError(f"no {method} /{'/'.join(path)}")

    def _control(self, method: str, path: list[str], query: Query, body: bytes) -> Any:
        match method, path:
            case "GET", ["ledger"]:
                return self._ledger(int(query.get("after", ["0"])[0]), int(query.get("limit", [str(LEDGER_PAGE)])[0]))
            case "GET", ["settings"]:
                return asdict(self._carrier.settings)
            case "PUT", ["settings"]:
                return self._change_settings(_object(body))
            case "POST", ["next"]:
                return self._arm(_object(body))
            case "POST", ["dispatch"]:
                return self._carrier.dispatch_now(_object(body).get("order_id"))
            case "PUT", ["returns", return_id]:
                return self._carrier.set_conditions(return_id, _object(body, "conditions")["conditions"])
        raise LookupError(f"no {method} /_sandbox/{'/'.join(path)}")

    def _change_settings(self, changes: dict[str, Any]) -> Any:
        if "conditions" in changes:
            changes["conditions"] = tuple(changes["conditions"])
        self._carrier.settings = replace(self._carrier.settings, **changes)
        return asdict(self._carrier.settings)

    def _arm(self, document: dict[str, Any]) -> Any:
        if "lose" in document:
            self._carrier.parcels_to_lose = int(document["lose"])
        else:
            self._faults.arm(document)
        return {"lose": self._carrier.parcels_to_lose, "armed": [asdict(fault) for fault in self._faults.armed]}

    def _ledger(self, after: int, limit: int) -> Any:
        """A page of entries. ``next`` is the ``after`` of the next page, None at the end."""
        if not 1 <= limit <= 10 * LEDGER_PAGE:
            raise ValueError(f"limit is from 1 to {10 * LEDGER_PAGE}")
        entries = self._carrier.database.ledger(after, limit)
        return {"entries": entries, "next": entries[-1]["number"] if len(entries) == limit else None}


def _invalid(error: Exception) -> tuple[int, Any]:
    return 400, {"error": "InvalidRequest", "message": str(error)}


def _object(body: bytes, *required: str) -> dict[str, Any]:
    document = json.loads(body or b"{}")
    if not isinstance(document, dict) or not document.keys() >= set(required):
        raise ValueError(f"a JSON object is needed, with {', '.join(required)}")
    return document


def _units(lines: Any) -> dict[str, int]:
    units = {each["sku"]: each["quantity"] for each in lines}
    are_valid = all(type(sku) is str and type(count) is int and count > 0 for sku, count in units.items())
    if not are_valid or not units or len(units) < len(lines):
        raise ValueError(f"these are no units: {lines}")
    return units
