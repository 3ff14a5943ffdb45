"""Events: of a payment that was cancelled, of a dispute; written with what they tell of, said until they are heard."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.sandboxes.payments.api import Answer, Sandbox
from local.sandboxes.payments.books import Books
from local.sandboxes.payments.notices import Notices

HEADERS = {"authorization": "Bearer sk_test_unit"}


@dataclass
class Place:
    """A sandbox, and a shop that hears it, or doesn't."""

    now: float = 1_800_000_000.0
    deaf: bool = False
    heard: list[Any] = field(default_factory=list)
    tried: int = 0

    def __post_init__(self) -> None:
        self.books = Books(":memory:", lambda: self.now)
        self.sandbox = Sandbox(self.books)
        self.notices = Notices(self.books, self.post)

    def post(self, body: str) -> bool:
        self.tried += 1
        if not self.deaf:
            self.heard.append(json.loads(body))
        return not self.deaf

    def ask(self, path: str, body: str = "") -> Any:
        answer = self.sandbox.handle("POST", path, HEADERS, body.encode())
        assert isinstance(answer, Answer)
        return json.loads(answer.body)

    def held(self) -> str:
        asked = "amount=5000&currency=usd&capture_method=manual&payment_method=pm_card_visa&metadata[order_id]=ord_1"
        name = str(self.ask("/v1/payment_intents", asked)["id"])
        self.ask(f"/v1/payment_intents/{name}/confirm")
        return name

    def say(self) -> list[str]:
        asyncio.run(self.notices.say_due())
        return [event["type"] for event in self.heard]


@pytest.fixture
def place() -> Place:
    return Place()


def test_a_cancelled_payment_is_told_with_the_order_that_it_was_for(place: Place) -> None:
    name = place.held()
    assert place.say() == []
    place.ask(f"/v1/payment_intents/{name}/cancel")
    assert place.say() == place.say() == ["payment_intent.canceled"]
    about = place.heard[0]["data"]["object"]
    assert (about["id"], about["status"], about["metadata"]) == (name, "canceled", {"order_id": "ord_1"})


def test_a_cancellation_that_is_refused_is_not_told(place: Place) -> None:
    name = place.held()
    place.ask(f"/v1/payment_intents/{name}/capture")
    place.ask(f"/v1/payment_intents/{name}/cancel")
    assert place.say() == []


def test_what_was_not_heard_is_said_again_later_as_the_same_event(place: Place) -> None:
    name, place.deaf = place.held(), True
    place.ask(f"/v1/payment_intents/{name}/cancel")
    for times in (1, 2, 3):
        place.say()
        place.say()
        assert place.tried == times
        place.now += 1
    place.deaf = False
    assert place.say() == ["payment_intent.canceled"]


def test_a_dispute_is_opened_and_closed(place: Place) -> None:
    name = place.held()
    place.ask(f"/v1/payment_intents/{name}/capture")
    opened = place.ask("/_sandbox/disputes", json.dumps({"payment_intent": name}))
    place.ask("/_sandbox/disputes", json.dumps({"payment_intent": name, "id": opened["id"], "status": "lost"}))
    assert place.say() == ["charge.dispute.created", "charge.dispute.closed"]
    assert {event["data"]["object"]["id"] for event in place.heard} == {opened["id"]}


@pytest.mark.parametrize("wanted", ["[]", "{}", '{"payment_intent": "pi_0"}'])
def test_what_was_not_captured_can_t_be_disputed(place: Place, wanted: str) -> None:
    place.held()
    assert place.ask("/_sandbox/disputes", wanted)["error"]["type"] == "invalid_request_error"
    assert place.say() == []


def test_events_that_a_dead_process_left_are_said_by_the_next(place: Place) -> None:
    name, place.deaf = place.held(), True
    place.ask(f"/v1/payment_intents/{name}/cancel")
    place.say()
    place.deaf = False

    async def live() -> None:
        loop, heard = asyncio.get_running_loop(), asyncio.Event()

        def post(body: str) -> bool:
            loop.call_soon_threadsafe(heard.set)
            return place.post(body)

        running = asyncio.create_task(Notices(place.books, post).run())
        await heard.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(live())
    assert [event["type"] for event in place.heard] == ["payment_intent.canceled"]
