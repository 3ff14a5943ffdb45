"""The API's services over stores in memory. Every response is checked against the contract."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from jsonschema import Draft202012Validator

from api import contract, security
from local.gateway.app import Router
from local.gateway.http_events import GatewayRequest, event_of
from oms.adapters.memory.baskets import MemoryBaskets
from oms.adapters.memory.carts import MemoryCarts
from oms.adapters.memory.credit import MemoryCredit
from oms.adapters.memory.discounts import MemoryDiscounts
from oms.adapters.memory.edges import ManualClock, MemoryCarrier, MemoryExecutions, execution_arn
from oms.adapters.memory.order_index import MemoryOrderIndex
from oms.adapters.memory.payments import MemoryPayments
from oms.adapters.memory.reports import MemoryReports
from oms.adapters.memory.store import MemoryInventory, MemoryOrders, MemoryProducts, MemoryStore
from oms.domain import parking, payment_rules, placement, shipment_rules
from oms.domain.change import Change
from oms.domain.inventory import receive
from oms.domain.order import Order
from oms.domain.payment import Authorization, Risk
from oms.ports import Deps
from tests.domain.orders import CATALOGUE

ANNA, BERT, OLGA = "anna", "bert", "olga"
REQUEST = "request-1"
"""The id that the gateway gives each of their requests."""
SECRET = "carrier-secret-of-tests"
SECRETS = {"CARRIER_SECRET": SECRET, "PAYMENTS_SECRET": "whsec_of_the_tests", "GUEST_SECRET": "guest-secret-of-tests"}
SECURE = {name.lower(): value for name, value in security.HEADERS.items()}
BODY = {
    "currency": "USD",
    "lines": [{"sku": "RED-LAMP", "quantity": 2}, {"sku": "BLUE-RUG", "quantity": 1}],
    "payment_method": "pm_card_visa",
    "recipient": {"name": "Anna Þórsdóttir", "address": "Laugavegur 1", "city": "Reykjavík", "country": "IS"},
}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    json: Any

    @property
    def problem(self) -> str:
        """The last part of the problem's type."""
        return str(self.json["type"]).removeprefix("/problems/")

    @property
    def complaints(self) -> dict[str, str]:
        return {each["where"]: each["what"] for each in self.json["errors"]}


class Shop:
    """A shop with its services, and methods that bring an order into a state."""

    def __init__(self, search: Any = None) -> None:
        """``search`` is needed only by tests that search."""
        self.clock = ManualClock()
        self.search = search
        self.store = MemoryStore()
        self.orders = MemoryOrders(self.store)
        self.inventory = MemoryInventory(self.store)
        self.products = MemoryProducts()
        self.executions = MemoryExecutions()
        self.payments = MemoryPayments()
        self.carrier = MemoryCarrier()
        self.baskets = MemoryBaskets()
        self.products.put(CATALOGUE.values())
        self.inventory.apply(receive("opening", [("RED-LAMP", 10), ("BLUE-RUG", 5)]))
        edges = self.payments, self.carrier, self.executions, self.search, MemoryReports(), MemoryCarts(self.store)
        self.order_index = MemoryOrderIndex(self.store)
        stores = self.baskets, MemoryDiscounts(self.store), self.order_index, MemoryCredit(self.store)
        self.deps = Deps(self.clock, self.orders, self.inventory, self.products, *edges, *stores)
        self.router = Router(contract.operations())

    # --- Requests ---------------------------------------------------------------------------------

    def post(self, path: str, body: Any = None, **how: Any) -> Reply:
        return self.ask("POST", path, body, **how)

    def get(self, path: str, **how: Any) -> Reply:
        return self.ask("GET", path, **how)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: str | None = ANNA,
        key: str | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Reply:
        """``token`` is a guest's, which the gateway doesn't verify."""
        if token is not None:
            by, headers = None, {**(headers or {}), "authorization": f"Bearer {token}"}
        base_path = contract.base_path()
        url_path = path if path.startswith(base_path) else base_path + path
        operation, parameters = self.router.find(method, url_path)
        event = self.event(operation, url_path, parameters, body, by, key, query, headers or {})
        declared = contract.service_functions()[operation.function]
        service = getattr(importlib.import_module(declared.module), declared.entry_point)
        self.clock.advance(timedelta(milliseconds=20))
        answer = service.run(event, self.deps, SECRETS)
        reply = Reply(
            answer["statusCode"], answer["headers"], decoded(answer["headers"].get("Content-Type"), answer["body"])
        )
        check_documented(operation, reply)
        return reply

    def event(
        self,
        operation: contract.Operation,
        path: str,
        parameters: Mapping[str, str],
        body: Any,
        by: str | None,
        key: str | None,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        sent = {"content-type": "application/json"} if body is not None else {}
        sent |= {"idempotency-key": key} if key else {}
        claims = {"sub": by, "cognito:groups": ["shoppers", "operators"] if by == OLGA else ["shoppers"]}
        request = GatewayRequest(
            method=operation.method,
            path=path,
            query=urlencode(query or {}),
            headers={name: value for name, value in {**sent, **headers}.items() if value is not None},
            source_ip="127.0.0.1",
            protocol="HTTP/1.1",
            body=body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode(),
            request_id=REQUEST,
        )
        return event_of(request, operation.route_key, parameters, claims if by else None)

    # --- Orders -----------------------------------------------------------------------------------

    def place(self, body: Mapping[str, Any] = BODY, key: str = "", by: str = ANNA) -> str:
        reply = self.post("/orders", body, key=key or f"key-{len(self.store.orders) + 1}", by=by)
        assert reply.status == 202
        return str(reply.json["order_id"])

    def placed(self, by: str = ANNA) -> str:
        return self.place(by=by)

    def authorized(self, risk: Risk = Risk.NORMAL) -> str:
        order_id = self.place()
        self.save(order_id, lambda order: placement.reserve(order, CATALOGUE))
        self.save(order_id, lambda order: payment_rules.authorized(order, Authorization("pi_1", order.total, risk)))
        return order_id

    def under_review(self, token: str = "review-token") -> str:
        order_id = self.authorized(Risk.ELEVATED)
        deadline = self.clock.now() + timedelta(days=3)
        self.save(order_id, lambda order: placement.request_review(order, deadline, token))
        return order_id

    def confirmed(self) -> str:
        order_id = self.authorized()
        self.save(order_id, placement.confirm)
        return order_id

    def requested(self, token: str = "dispatch-token") -> str:
        """A confirmed order whose shipment is requested."""
        order_id = self.confirmed()
        self.save(order_id, lambda order: shipment_rules.request_shipment(order, token))
        return order_id

    def parked(self) -> str:
        """An order that its fulfillment parked after it requested the shipment."""
        order_id = self.requested()
        self.executions.start("FulfillOrder", order_id, {"order_id": order_id})
        visit = parking.ParkingVisit(execution_arn("FulfillOrder", order_id), "09:00")
        self.save(order_id, lambda order: parking.park(order, visit, "PaymentsUnavailable", "no answer"))
        self.executions.end("FulfillOrder", order_id, "FAILED")
        return order_id

    def shipped(self, token: str = "delivery-token") -> str:
        order_id = self.requested()
        self.save(order_id, lambda order: payment_rules.captured(order, order.due))
        self.save(order_id, lambda order: shipment_rules.ship(order, "TRACK-1"))
        self.save(order_id, lambda order: shipment_rules.track_delivery(order, token))
        return order_id

    def delivered(self) -> str:
        order_id = self.shipped()
        self.save(order_id, shipment_rules.deliver)
        return order_id

    def save(self, order_id: str, decide: Any) -> Order:
        order = self.orders.get(order_id)
        change: Change = decide(order)
        return self.orders.save(order, change, self.clock.now(), "test")

    def starts(self, machine: str) -> dict[str, Mapping[str, Any]]:
        return {name: payload for (started, name), payload in self.executions.starts.items() if started == machine}

    def state(self) -> Sequence[Any]:
        """Everything that a request could change."""
        return [self.store.copy(), self.products.copy(), self.executions.copy(), self.carrier.copy()]


def decoded(kind: str | None, text: str) -> Any:
    return json.loads(text) if kind and "json" in kind else text


def check_documented(operation: contract.Operation, reply: Reply) -> None:
    """Check that the contract documents the response: status, media type, schema, headers and problem type."""
    document = contract.document()
    responses = document["paths"][operation.path][operation.method.lower()]["responses"]
    response = contract.inlined(document, responses)[str(reply.status)]
    if "content" not in response:
        assert reply.json == ""
        return
    content = response["content"][reply.headers["Content-Type"]]
    Draft202012Validator(content["schema"]).validate(reply.json)
    documented = {name.lower() for name in response.get("headers", {})}
    headers = {name.lower(): value for name, value in reply.headers.items()}
    assert headers.keys() - {"content-type", "connection", "x-correlation-id"} - SECURE.keys() <= documented
    assert SECURE.keys() <= headers.keys()
    if reply.status >= 400:
        assert reply.json["type"] in {example["value"]["type"] for example in content["examples"].values()}
        assert reply.json["status"] == reply.status
    else:
        assert documented <= {name.lower() for name in reply.headers}
