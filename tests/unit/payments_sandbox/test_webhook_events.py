"""Webhook events of cancellations and disputes: stored with their cause, sent until the shop accepts them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.sandboxes.payments.api import PaymentsSandbox, StripeResponse
from local.sandboxes.payments.database import PaymentsDatabase
from local.sandboxes.payments.webhook_events import WebhookEvents

HEADERS = {"authorization": "Bearer sk_test_unit"}


@dataclass
class Shop:
    """A sandbox, and a shop that receives its events unless it is down."""

    now: float = 1_800_000_000.0
    is_down: bool = False
    received: list[Any] = field(default_factory=list)
    tried: int = 0

    def __post_init__(self) -> None:
        self.database = PaymentsDatabase(":memory:", lambda: self.now)
        self.sandbox = PaymentsSandbox(self.database)
        self.events = WebhookEvents(self.database, self.post)

    def post(self, body: str) -> bool:
        self.tried += 1
        if not self.is_down:
            self.received.append(json.loads(body))
        return not self.is_down

    def ask(self, path: str, body: str = "") -> Any:
        answer = self.sandbox.handle("POST", path, HEADERS, body.encode())
        assert isinstance(answer, StripeResponse)
        return json.loads(answer.body)

    def held(self) -> str:
        params = "amount=5000&currency=usd&capture_method=manual&payment_method=pm_card_visa&metadata[order_id]=ord_1"
        name = str(self.ask("/v1/payment_intents", params)["id"])
        self.ask(f"/v1/payment_intents/{name}/confirm")
        return name

    def sent_types(self) -> list[str]:
        asyncio.run(self.events.send_due())
        return [event["type"] for event in self.received]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_cancelled_payment_is_reported_with_its_order(shop: Shop) -> None:
    name = shop.held()
    assert shop.sent_types() == []
    shop.ask(f"/v1/payment_intents/{name}/cancel")
    assert shop.sent_types() == shop.sent_types() == ["payment_intent.canceled"]
    about = shop.received[0]["data"]["object"]
    assert (about["id"], about["status"], about["metadata"]) == (name, "canceled", {"order_id": "ord_1"})


def test_a_refused_cancellation_is_not_reported(shop: Shop) -> None:
    name = shop.held()
    shop.ask(f"/v1/payment_intents/{name}/capture")
    shop.ask(f"/v1/payment_intents/{name}/cancel")
    assert shop.sent_types() == []


def test_an_event_that_was_not_accepted_is_sent_again(shop: Shop) -> None:
    name, shop.is_down = shop.held(), True
    shop.ask(f"/v1/payment_intents/{name}/cancel")
    for times in (1, 2, 3):
        shop.sent_types()
        shop.sent_types()
        assert shop.tried == times
        shop.now += 1
    shop.is_down = False
    assert shop.sent_types() == ["payment_intent.canceled"]


def test_a_dispute_is_opened_and_closed(shop: Shop) -> None:
    name = shop.held()
    shop.ask(f"/v1/payment_intents/{name}/capture")
    opened = shop.ask("/_sandbox/disputes", json.dumps({"payment_intent": name}))
    shop.ask("/_sandbox/disputes", json.dumps({"payment_intent": name, "id": opened["id"], "status": "lost"}))
    assert shop.sent_types() == ["charge.dispute.created", "charge.dispute.closed"]
    assert {event["data"]["object"]["id"] for event in shop.received} == {opened["id"]}


@pytest.mark.parametrize("document", ["[]", "{}", '{"payment_intent": "pi_0"}'])
def test_a_payment_that_was_not_captured_can_t_be_disputed(shop: Shop, document: str) -> None:
    shop.held()
    assert shop.ask("/_sandbox/disputes", document)["error"]["type"] == "invalid_request_error"
    assert shop.sent_types() == []


def test_events_of_an_earlier_process_are_sent_by_the_next(shop: Shop) -> None:
    name, shop.is_down = shop.held(), True
    shop.ask(f"/v1/payment_intents/{name}/cancel")
    shop.sent_types()
    shop.is_down = False

    async def live() -> None:
        loop, received = asyncio.get_running_loop(), asyncio.Event()

        def post(body: str) -> bool:
            loop.call_soon_threadsafe(received.set)
            return shop.post(body)

        running = asyncio.create_task(WebhookEvents(shop.database, post).run())
        await received.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(live())
    assert [event["type"] for event in shop.received] == ["payment_intent.canceled"]
