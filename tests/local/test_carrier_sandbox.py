"""The carrier decides between dispatch and recall, and says what came of it until it is heard."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from local.sandboxes.callbacks import retry_seconds, signature
from local.sandboxes.carrier.app import App
from local.sandboxes.carrier.books import Books
from local.sandboxes.carrier.carrier import PROGRESS_SECONDS, Carrier, Refused, Settings
from local.sandboxes.carrier.courier import Courier

LAMPS = {"RED-LAMP": 2, "BLUE-LAMP": 1}
HOME = {"name": "Ada", "city": "London"}


class World:
    """A carrier, its clock, and a shop that listens."""

    def __init__(self, path: str = ":memory:") -> None:
        self.time = 1_000_000.0
        self.heard: list[dict[str, object]] = []
        self.deaf_to = 0
        self.books = Books(path)
        self.carrier = Carrier(self.books, lambda: self.time, Settings(10, 20, 30))

    def post(self, body: str) -> bool:
        if self.deaf_to:
            self.deaf_to -= 1
            return False
        self.heard.append(json.loads(body))
        return True

    def after(self, seconds: float) -> list[str]:
        """What the shop is told within so many seconds."""
        before, until = len(self.heard), self.time + seconds

        async def live() -> None:
            courier = Courier(self.carrier, self.post, lambda: self.time)
            await courier.settle()
            while (due := self.books.next_due()) is not None and due <= until:
                self.time = max(self.time, due)
                await courier.settle()
            self.time = until

        asyncio.run(live())
        return [str(word["type"]) for word in self.heard[before:]]

    def ask(self, method: str, path: str, body: object = None, query: str = "") -> tuple[int, object]:
        return asyncio.run(self._ask(method, path, json.dumps(body).encode() if body is not None else b"", query))

    async def _ask(self, method, path, body, query):
        sent = []

        async def receive():
            return {"type": "http.request", "body": body}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
        await self.app(scope, receive, send)
        content = sent[1]["body"]
        return sent[0]["status"], json.loads(content) if content else None

    @property
    def app(self) -> App:
        if not hasattr(self, "_app"):
            self._app = App(self.carrier)
        return self._app

    def kinds(self) -> list[str]:
        return [entry["kind"] for entry in self.books.ledger(0, 100)]


@pytest.fixture
def world():
    world = World()
    yield world
    world.books.close()


def test_a_parcel_leaves_arrives_and_the_shop_is_told(world):
    world.carrier.ship("ord_1", LAMPS, HOME)

    assert world.after(9) == []
    assert world.after(1) == ["shipment.dispatched"]
    assert world.after(20) == ["shipment.delivered"]
    assert world.heard[0]["tracking"].startswith("TRK")
    assert world.kinds() == ["requested", "dispatched", "delivered"]


def test_asking_twice_ships_once(world):
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.after(100)
    with pytest.raises(Refused, match="is delivered"):
        world.carrier.ship("ord_1", LAMPS, HOME)

    assert world.after(100) == []
    assert world.kinds().count("dispatched") == 1


def test_a_recall_before_dispatch_wins_and_is_told(world):
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.carrier.recall("ord_1", "can_1", None)
    world.carrier.recall("ord_1", "can_1", None)

    assert world.after(100) == ["shipment.recalled"]
    with pytest.raises(Refused, match="called back"):
        world.carrier.ship("ord_1", LAMPS, HOME)


def test_a_recall_after_dispatch_is_refused_every_time(world):
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.after(10)

    for _ in range(2):
        with pytest.raises(Refused, match="has left") as refused:
            world.carrier.recall("ord_1", "can_1", None)
        assert refused.value.error == "AlreadyDispatched"
    assert world.kinds() == ["requested", "dispatched", "recall refused"]


def test_a_whole_recall_of_the_unknown_keeps_it_from_ever_leaving(world):
    world.carrier.recall("ord_1", "can_1", None)

    with pytest.raises(Refused) as refused:
        world.carrier.ship("ord_1", LAMPS, HOME)
    assert refused.value.error == "ShipmentRecalled"
    assert world.after(100) == []


def test_recalled_units_stay_behind_and_the_last_of_them_recall_the_parcel(world):
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.carrier.recall("ord_1", "can_1", {"RED-LAMP": 1})
    world.carrier.recall("ord_1", "can_1", {"RED-LAMP": 1})
    assert world.books.shipment("ord_1").units == {"RED-LAMP": 1, "BLUE-LAMP": 1}

    world.carrier.recall("ord_1", "can_2", {"RED-LAMP": 1, "BLUE-LAMP": 1})
    assert world.after(100) == ["shipment.recalled"]


def test_a_parcel_can_be_lost(world):
    world.ask("POST", "/_sandbox/next", {"lose": 1})
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.carrier.ship("ord_2", LAMPS, HOME)

    told = world.after(100)
    assert sorted(told) == ["shipment.delivered", "shipment.dispatched", "shipment.dispatched", "shipment.lost"]


def test_what_is_held_waits_says_so_and_goes_when_told(world):
    world.ask("PUT", "/_sandbox/settings", {"hold_dispatch": True})
    world.carrier.ship("ord_1", LAMPS, HOME)
    assert world.after(2 * PROGRESS_SECONDS) == ["shipment.progress"] * 2
    assert len({word["id"] for word in world.heard}) == 2

    world.ask("POST", "/_sandbox/dispatch", {"order_id": "ord_1"})
    assert world.after(0) == ["shipment.dispatched"]
    assert world.after(PROGRESS_SECONDS) == ["shipment.delivered"]


def test_a_return_comes_in_and_its_units_are_as_they_were_said_to_be(world):
    world.ask("PUT", "/_sandbox/returns/ret_2", {"conditions": {"RED-LAMP": ["damaged", "new"]}})
    world.carrier.announce_return("ret_1", "ord_1", LAMPS)
    world.carrier.announce_return("ret_1", "ord_1", LAMPS)
    world.carrier.announce_return("ret_2", "ord_1", {"RED-LAMP": 2})

    assert world.after(30) == ["return.received"] * 2
    found = {word["return_id"]: word["units"] for word in world.heard}
    assert found["ret_1"] == {"RED-LAMP": ["new", "new"], "BLUE-LAMP": ["new"]}
    assert found["ret_2"] == {"RED-LAMP": ["damaged", "new"]}


def test_a_return_that_has_come_is_told_again_when_it_is_announced_again(world):
    world.carrier.announce_return("ret_1", "ord_1", LAMPS)
    world.after(30)
    world.carrier.announce_return("ret_1", "ord_1", LAMPS)

    assert world.after(0) == ["return.received"]
    assert world.heard[0] == world.heard[1]


def test_whoever_follows_a_parcel_too_late_is_told_where_it_is(world):
    world.ask("POST", "/_sandbox/next", {"lose": 1})
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.after(10)
    assert world.ask("PUT", "/shipments/ord_1/tracking", {}) == (200, None)
    world.carrier.ship("ord_2", LAMPS, HOME)
    world.after(30)

    answers = [world.ask("PUT", f"/shipments/{order_id}/tracking", {}) for order_id in ("ord_1", "ord_2")]
    assert [(status, answer["error"]) for status, answer in answers] == [(409, "ParcelLost"), (409, "AlreadyDelivered")]


def test_the_shop_is_told_again_until_it_hears(world):
    world.deaf_to = 5
    world.carrier.ship("ord_1", LAMPS, HOME)

    assert world.after(10) == []
    assert world.after(sum(retry_seconds(tries) for tries in range(1, 5))) == []
    assert world.after(retry_seconds(5)) == ["shipment.dispatched"]


def test_what_was_not_heard_yet_outlives_the_process(tmp_path):
    first = World(str(tmp_path / "carrier.sqlite"))
    first.carrier.ship("ord_1", LAMPS, HOME)
    first.deaf_to = 1
    first.after(10)
    first.books.close()

    second = World(str(tmp_path / "carrier.sqlite"))
    second.time = first.time
    assert second.after(100) == ["shipment.dispatched", "shipment.delivered"]
    second.books.close()


@pytest.mark.parametrize(("fault", "done"), [("timeout_before", []), ("timeout_after", ["requested"])])
def test_calls_fail_before_or_after_their_effect(world, fault, done):
    world.ask("POST", "/_sandbox/next", {"fault": fault, "operation": "ship"})
    body = {"units": [{"sku": "RED-LAMP", "quantity": 2}], "recipient": HOME}

    assert world.ask("PUT", "/shipments/ord_1", body)[0] == 500
    assert world.kinds() == done
    assert world.ask("PUT", "/shipments/ord_1", body) == (200, None)
    assert world.kinds() == ["requested"]


def test_a_no_over_http_names_its_error(world):
    world.ask("POST", "/shipments/ord_1/recalls/can_1", {"units": None})
    body = {"units": [{"sku": "RED-LAMP", "quantity": 2}], "recipient": HOME}

    status, answer = world.ask("PUT", "/shipments/ord_1", body)
    assert (status, answer["error"]) == (409, "ShipmentRecalled")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/shipments/ord_1", {"units": [], "recipient": {}}, 400),
        ("PUT", "/shipments/ord_1", {"units": [{"sku": "A", "quantity": 0}], "recipient": {}}, 400),
        ("PUT", "/shipments/ord_1", {"units": [{"sku": 7, "quantity": 1}], "recipient": {}}, 400),
        ("PUT", "/shipments/ord_1", {"units": [{"sku": "A", "quantity": 1}] * 2, "recipient": {}}, 400),
        ("PUT", "/shipments/ord_1", {"units": [{"sku": "A", "quantity": 1}], "recipient": "me"}, 400),
        ("PUT", "/shipments/ord_1", {"recipient": {}}, 400),
        ("POST", "/_sandbox/next", {"fault": "earthquake"}, 400),
        ("PUT", "/_sandbox/settings", {"speed": 9}, 400),
        ("PUT", "/_sandbox/settings", {"conditions": ["eaten"]}, 400),
        ("PUT", "/_sandbox/settings", {"dispatch_seconds": float("nan")}, 400),
        ("PUT", "/_sandbox/settings", {"return_seconds": True}, 400),
        ("PUT", "/_sandbox/settings", {"hold_dispatch": "no"}, 400),
        ("PUT", "/_sandbox/returns/ret_1", {"conditions": []}, 400),
        ("GET", "/nowhere", None, 404),
    ],
)
def test_what_it_does_not_understand_it_refuses(world, method, path, body, status):
    assert world.ask(method, path, body)[0] == status
    assert world.kinds() == []


def test_what_is_nested_beyond_all_use_it_refuses(world):
    assert asyncio.run(world._ask("PUT", "/shipments/ord_1", b"[" * 100_000, ""))[0] == 400


def test_the_ledger_is_read_in_pages(world):
    for n in range(3):
        world.carrier.ship(f"ord_{n}", LAMPS, HOME)

    _, first = world.ask("GET", "/_sandbox/ledger", query="limit=2")
    _, second = world.ask("GET", "/_sandbox/ledger", query=f"limit=2&after={first['next']}")
    assert [entry["order_id"] for entry in first["entries"] + second["entries"]] == ["ord_0", "ord_1", "ord_2"]
    assert second["next"] is None


def test_found_conditions_are_drawn_from_the_settings_and_stay_the_same(world):
    world.carrier.settings = replace(world.carrier.settings, conditions=("new", "opened", "damaged"))
    world.carrier.announce_return("ret_1", "ord_1", {"RED-LAMP": 40})
    world.after(30)

    found = world.heard[0]["units"]["RED-LAMP"]
    assert len(found) == 40
    assert set(found) == {"new", "opened", "damaged"}


def test_the_signature_is_of_the_time_and_the_body():
    signed = signature("secret", "body", 17)

    assert signed.startswith("t=17,v1=")
    assert signed == signature("secret", "body", 17)
    assert len({signed, signature("other", "body", 17), signature("secret", "b", 17)}) == 3


def test_units_recalled_before_the_shipment_was_asked_for_never_leave(world):
    world.carrier.recall("ord_1", "can_1", {"RED-LAMP": 1})
    world.carrier.ship("ord_1", {"RED-LAMP": 2}, HOME)
    world.carrier.ship("ord_1", {"RED-LAMP": 2}, HOME)
    assert world.carrier.books.shipment("ord_1").units == {"RED-LAMP": 1}
