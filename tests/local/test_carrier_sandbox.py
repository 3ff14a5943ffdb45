"""The carrier sandbox: it decides between dispatch and recall, and reports until the shop accepts the callback."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import suppress
from dataclasses import replace

import pytest

from local.sandboxes.callbacks import retry_seconds, signature
from local.sandboxes.carrier import timer_loop
from local.sandboxes.carrier.app import CarrierApp
from local.sandboxes.carrier.carrier import PROGRESS_SECONDS, CarrierRefusal, CarrierSettings, SandboxCarrier
from local.sandboxes.carrier.database import CarrierDatabase
from local.sandboxes.carrier.timer_loop import TimerLoop

LAMPS = {"RED-LAMP": 2, "BLUE-LAMP": 1}
HOME = {"name": "Ada", "city": "London"}


class World:
    """A carrier, its clock, and a shop that accepts its callbacks."""

    def __init__(self, path: str = ":memory:") -> None:
        self.time = 1_000_000.0
        self.events: list[dict[str, object]] = []
        self.failures = 0
        self.database = CarrierDatabase(path)
        self.carrier = SandboxCarrier(self.database, lambda: self.time, CarrierSettings(10, 20, 30))

    def post(self, body: str) -> bool:
        if self.failures:
            self.failures -= 1
            return False
        self.events.append(json.loads(body))
        return True

    def after(self, seconds: float) -> list[str]:
        """The types of the events within so many seconds."""
        before, until = len(self.events), self.time + seconds

        async def live() -> None:
            timers = TimerLoop(self.carrier, self.post, lambda: self.time)
            await timers.run_all_due()
            while (due := self.database.next_due()) is not None and due <= until:
                self.time = max(self.time, due)
                await timers.run_all_due()
            self.time = until

        asyncio.run(live())
        return [str(event["type"]) for event in self.events[before:]]

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
    def app(self) -> CarrierApp:
        if not hasattr(self, "_app"):
            self._app = CarrierApp(self.carrier)
        return self._app

    def kinds(self) -> list[str]:
        return [entry["kind"] for entry in self.database.ledger(0, 100)]


@pytest.fixture
def world():
    world = World()
    yield world
    world.database.close()


def test_a_parcel_is_dispatched_and_delivered_and_the_shop_is_told(world):
    world.carrier.ship("ord_1", LAMPS, HOME)

    assert world.after(9) == []
    assert world.after(1) == ["shipment.dispatched"]
    assert world.after(20) == ["shipment.delivered"]
    assert world.events[0]["tracking"].startswith("TRK")
    assert world.kinds() == ["requested", "dispatched", "delivered"]


def test_a_repeated_request_ships_once(world):
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.after(100)
    with pytest.raises(CarrierRefusal, match="is delivered"):
        world.carrier.ship("ord_1", LAMPS, HOME)

    assert world.after(100) == []
    assert world.kinds().count("dispatched") == 1


def test_a_recall_before_dispatch_wins_and_is_reported(world):
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.carrier.recall("ord_1", "can_1", None)
    world.carrier.recall("ord_1", "can_1", None)

    assert world.after(100) == ["shipment.recalled"]
    with pytest.raises(CarrierRefusal, match="was recalled"):
        world.carrier.ship("ord_1", LAMPS, HOME)


def test_a_recall_after_dispatch_is_refused_every_time(world):
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.after(10)

    for _ in range(2):
        with pytest.raises(CarrierRefusal, match="has left") as refused:
            world.carrier.recall("ord_1", "can_1", None)
        assert refused.value.error == "AlreadyDispatched"
    assert world.kinds() == ["requested", "dispatched", "recall refused"]


def test_a_whole_recall_before_the_request_prevents_the_shipment(world):
    world.carrier.recall("ord_1", "can_1", None)

    with pytest.raises(CarrierRefusal) as refused:
        world.carrier.ship("ord_1", LAMPS, HOME)
    assert refused.value.error == "ShipmentRecalled"
    assert world.after(100) == []


def test_recalled_units_are_removed_and_the_last_of_them_recall_the_parcel(world):
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.carrier.recall("ord_1", "can_1", {"RED-LAMP": 1})
    world.carrier.recall("ord_1", "can_1", {"RED-LAMP": 1})
    assert world.database.shipment("ord_1").units == {"RED-LAMP": 1, "BLUE-LAMP": 1}

    world.carrier.recall("ord_1", "can_2", {"RED-LAMP": 1, "BLUE-LAMP": 1})
    assert world.after(100) == ["shipment.recalled"]


def test_a_parcel_can_be_lost(world):
    world.ask("POST", "/_sandbox/next", {"lose": 1})
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.carrier.ship("ord_2", LAMPS, HOME)

    types = world.after(100)
    assert sorted(types) == ["shipment.delivered", "shipment.dispatched", "shipment.dispatched", "shipment.lost"]


def test_a_held_parcel_waits_reports_progress_and_leaves_on_demand(world):
    world.ask("PUT", "/_sandbox/settings", {"hold_dispatch": True})
    world.carrier.ship("ord_1", LAMPS, HOME)
    assert world.after(2 * PROGRESS_SECONDS) == ["shipment.progress"] * 2
    assert len({event["id"] for event in world.events}) == 2

    world.ask("POST", "/_sandbox/dispatch", {"order_id": "ord_1"})
    assert world.after(0) == ["shipment.dispatched"]
    assert world.after(PROGRESS_SECONDS) == ["shipment.delivered"]


def test_a_return_arrives_with_the_conditions_that_were_set(world):
    world.ask("PUT", "/_sandbox/returns/ret_2", {"conditions": {"RED-LAMP": ["damaged", "new"]}})
    world.carrier.announce_return("ret_1", "ord_1", LAMPS)
    world.carrier.announce_return("ret_1", "ord_1", LAMPS)
    world.carrier.announce_return("ret_2", "ord_1", {"RED-LAMP": 2})

    assert world.after(30) == ["return.received"] * 2
    units = {event["return_id"]: event["units"] for event in world.events}
    assert units["ret_1"] == {"RED-LAMP": ["new", "new"], "BLUE-LAMP": ["new"]}
    assert units["ret_2"] == {"RED-LAMP": ["damaged", "new"]}


def test_a_received_return_is_reported_again_when_it_is_announced_again(world):
    world.carrier.announce_return("ret_1", "ord_1", LAMPS)
    world.after(30)
    world.carrier.announce_return("ret_1", "ord_1", LAMPS)

    assert world.after(0) == ["return.received"]
    assert world.events[0] == world.events[1]


def test_following_a_parcel_too_late_is_refused_with_its_status(world):
    world.ask("POST", "/_sandbox/next", {"lose": 1})
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.after(10)
    assert world.ask("PUT", "/shipments/ord_1/tracking", {}) == (200, None)
    world.carrier.ship("ord_2", LAMPS, HOME)
    world.after(30)

    answers = [world.ask("PUT", f"/shipments/{order_id}/tracking", {}) for order_id in ("ord_1", "ord_2")]
    assert [(status, answer["error"]) for status, answer in answers] == [(409, "ParcelLost"), (409, "AlreadyDelivered")]


def test_a_callback_is_retried_until_the_shop_accepts_it(world):
    world.failures = 5
    world.carrier.ship("ord_1", LAMPS, HOME)

    assert world.after(10) == []
    assert world.after(sum(retry_seconds(tries) for tries in range(1, 5))) == []
    assert world.after(retry_seconds(5)) == ["shipment.dispatched"]


def test_unaccepted_callbacks_survive_the_process(tmp_path):
    first = World(str(tmp_path / "carrier.sqlite"))
    first.carrier.ship("ord_1", LAMPS, HOME)
    first.failures = 1
    first.after(10)
    first.database.close()

    second = World(str(tmp_path / "carrier.sqlite"))
    second.time = first.time
    assert second.after(100) == ["shipment.dispatched", "shipment.delivered"]
    second.database.close()


@pytest.mark.parametrize(("fault", "done"), [("timeout_before", []), ("timeout_after", ["requested"])])
def test_calls_fail_before_or_after_their_effect(world, fault, done):
    world.ask("POST", "/_sandbox/next", {"fault": fault, "operation": "ship"})
    body = {"units": [{"sku": "RED-LAMP", "quantity": 2}], "recipient": HOME}

    assert world.ask("PUT", "/shipments/ord_1", body)[0] == 500
    assert world.kinds() == done
    assert world.ask("PUT", "/shipments/ord_1", body) == (200, None)
    assert world.kinds() == ["requested"]


def test_a_refusal_over_http_names_its_error(world):
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
def test_an_invalid_request_is_refused(world, method, path, body, status):
    assert world.ask(method, path, body)[0] == status
    assert world.kinds() == []


def test_a_deeply_nested_body_is_refused(world):
    assert asyncio.run(world._ask("PUT", "/shipments/ord_1", b"[" * 100_000, ""))[0] == 400


def test_a_body_of_two_megabytes_is_refused(world):
    assert asyncio.run(world._ask("PUT", "/shipments/ord_1", b" " * 2_000_000, ""))[0] == 400


def test_timers_are_run_again_after_a_full_disk(world, monkeypatch, caplog):
    monkeypatch.setattr(timer_loop, "RETRY_SECONDS", 0)
    due, failures = world.database.due, [sqlite3.OperationalError("database or disk is full")] * 2

    def due_or_full_disk(*arguments, **options):
        if failures:
            raise failures.pop()
        return due(*arguments, **options)

    monkeypatch.setattr(world.database, "due", due_or_full_disk)
    world.carrier.ship("ord_1", LAMPS, HOME)
    world.time += 10

    async def run_until_called_back():
        loop, called_back = asyncio.get_running_loop(), asyncio.Event()

        def post(body):
            loop.call_soon_threadsafe(called_back.set)
            return world.post(body)

        running = asyncio.create_task(TimerLoop(world.carrier, post, lambda: world.time).run())
        await called_back.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(run_until_called_back())
    assert world.events[0]["type"] == "shipment.dispatched"
    assert caplog.text.count("database or disk is full") == 2


def test_the_newest_entry_is_that_of_the_ledger(world):
    assert world.database.newest_entry() == 0
    world.carrier.ship("ord_1", LAMPS, HOME)
    assert world.database.newest_entry() == world.time


def test_the_ledger_is_read_in_pages(world):
    for n in range(3):
        world.carrier.ship(f"ord_{n}", LAMPS, HOME)

    _, first = world.ask("GET", "/_sandbox/ledger", query="limit=2")
    _, second = world.ask("GET", "/_sandbox/ledger", query=f"limit=2&after={first['next']}")
    assert [entry["order_id"] for entry in first["entries"] + second["entries"]] == ["ord_0", "ord_1", "ord_2"]
    assert second["next"] is None


def test_conditions_are_drawn_from_the_settings_and_stay_the_same(world):
    world.carrier.settings = replace(world.carrier.settings, conditions=("new", "opened", "damaged"))
    world.carrier.announce_return("ret_1", "ord_1", {"RED-LAMP": 40})
    world.after(30)

    conditions = world.events[0]["units"]["RED-LAMP"]
    assert len(conditions) == 40
    assert set(conditions) == {"new", "opened", "damaged"}


def test_the_signature_is_of_the_time_and_the_body():
    signed = signature("secret", "body", 17)

    assert signed.startswith("t=17,v1=")
    assert signed == signature("secret", "body", 17)
    assert len({signed, signature("other", "body", 17), signature("secret", "b", 17)}) == 3


def test_units_recalled_before_the_request_never_leave(world):
    world.carrier.recall("ord_1", "can_1", {"RED-LAMP": 1})
    world.carrier.ship("ord_1", {"RED-LAMP": 2}, HOME)
    world.carrier.ship("ord_1", {"RED-LAMP": 2}, HOME)
    assert world.carrier.database.shipment("ord_1").units == {"RED-LAMP": 1}
