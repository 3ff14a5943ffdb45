"""What the carrier decides: it takes a parcel, sends it or lets it be called back, and brings it to a door."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from local.sandboxes.carrier.books import NEVER, Books, Return, Shipment, Timer, Units

PROGRESS_SECONDS = 12 * 3600
"""How often the carrier says of a parcel that waits that it still has it."""
CONDITIONS = ("new", "opened", "defective", "damaged", "missing")


class Refused(Exception):
    """The carrier's no. ``error`` is ShipmentRecalled, AlreadyDispatched, AlreadyDelivered or ParcelLost."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Settings:
    """How long things take, in seconds, and what comes back: each returned unit is in one of the ``conditions``."""

    dispatch_seconds: float = 3.0
    delivery_seconds: float = 5.0
    return_seconds: float = 3.0
    hold_dispatch: bool = False
    conditions: tuple[str, ...] = ("new",)

    def __post_init__(self) -> None:
        for seconds in (self.dispatch_seconds, self.delivery_seconds, self.return_seconds):
            if type(seconds) not in (int, float) or not 0 <= seconds < NEVER:
                raise ValueError("a delay is a number of seconds from 0")
        if type(self.hold_dispatch) is not bool:
            raise ValueError("hold_dispatch is true or false")
        if not self.conditions or not set(self.conditions) <= set(CONDITIONS):
            raise ValueError(f"conditions are of {', '.join(CONDITIONS)}")


def without(units: Units, gone: Units) -> dict[str, int]:
    """The units that are left once some are taken out."""
    return {sku: count - gone.get(sku, 0) for sku, count in units.items() if count > gone.get(sku, 0)}


class Carrier:
    """``clock`` answers seconds since 1970; ``changed`` is called when something new may be due."""

    def __init__(self, books: Books, clock: Callable[[], float], settings: Settings | None = None) -> None:
        self.books = books
        self.settings = settings or Settings()
        self.changed: Callable[[], None] = lambda: None
        self.parcels_to_lose = 0
        self._clock = clock

    # --- What the shop asks for -----------------------------------------------------------------

    def ship(self, order_id: str, units: Units, recipient: Mapping[str, str]) -> None:
        """Take a parcel, once an order. Raises ``Refused``: AlreadyDispatched, ShipmentRecalled."""
        known = self.books.shipment(order_id)
        if known is not None and known.status == "recalled":
            raise Refused("ShipmentRecalled", f"{order_id} was called back")
        if known is not None and known.status != "requested":
            raise Refused("AlreadyDispatched", f"{order_id} is {known.status}")
        if known is not None:
            return
        due = NEVER if self.settings.hold_dispatch else self._clock() + self.settings.dispatch_seconds
        units = without(units, self.books.recalled_units(order_id))
        if not units:
            raise Refused("ShipmentRecalled", f"all of {order_id} was called back")
        with self.books.transaction():
            self.books.write_shipment(Shipment(order_id, "requested", units, recipient))
            self.books.write_timer(Timer(f"{order_id}:dispatch", due, "dispatch", order_id))
            self._await_progress(order_id, 1)
            self._enter("requested", order_id, units=units)
        self.changed()

    def follow(self, order_id: str) -> None:
        """Tell of the delivery when it comes. Raises ``Refused``: AlreadyDelivered, ParcelLost."""
        known = self.books.shipment(order_id)
        if known is None:
            raise LookupError(f"no shipment {order_id}")
        if known.status in ("delivered", "lost"):
            raise Refused(
                "AlreadyDelivered" if known.status == "delivered" else "ParcelLost", f"{order_id} is {known.status}"
            )

    def recall(self, order_id: str, recall_id: str, units: Units | None) -> None:
        """Call back all, or some units. Raises ``Refused``: AlreadyDispatched, for the same recall every time."""
        refused = self.books.recall_refused(recall_id)
        if refused is None:
            refused = self._recalled(order_id, recall_id, units)
        if refused:
            raise Refused("AlreadyDispatched", f"{order_id} has left")

    def _recalled(self, order_id: str, recall_id: str, units: Units | None) -> bool:
        known = self.books.shipment(order_id)
        refused = known is not None and known.status not in ("requested", "recalled")
        with self.books.transaction():
            self.books.write_recall(recall_id, order_id, refused, units or {})
            self._enter("recall refused" if refused else "recalled", order_id, recall_id, units)
            if known is None and units is None:
                self.books.write_shipment(Shipment(order_id, "recalled", {}, {}))
            elif known is not None and known.status == "requested":
                self._take_out(known, units)
        self.changed()
        return refused

    def _take_out(self, shipment: Shipment, units: Units | None) -> None:
        gone = shipment.units if units is None else units
        left = without(shipment.units, gone)
        self.books.write_shipment(replace(shipment, units=left, status="requested" if left else "recalled"))
        if not left:
            self.books.drop_timer(f"{shipment.order_id}:dispatch")
            self.books.drop_timer(f"{shipment.order_id}:progress")
            self._call("shipment.recalled", shipment.order_id)

    def announce_return(self, return_id: str, order_id: str, units: Units) -> None:
        """Expect a parcel, once a return; of one that has come, say so again."""
        known = self.books.find_return(return_id)
        if known is not None and known.units:
            if self.books.was_entered("received", return_id):
                self._say_received(known)
                self.changed()
            return
        with self.books.transaction():
            self.books.write_return(Return(return_id, order_id, units, known.conditions if known else None))
            due = self._clock() + self.settings.return_seconds
            self.books.write_timer(Timer(f"{return_id}:arrive", due, "arrive", return_id))
            self._enter("announced", order_id, return_id, units)
        self.changed()

    def find_parcel(self, return_id: str) -> Mapping[str, list[str]] | None:
        """What is in the parcel of a return, by SKU; None where none has come. Raises LookupError: never announced."""
        known = self.books.find_return(return_id)
        if known is None or not known.units:
            raise LookupError(f"no return {return_id}")
        return self._contents(known) if self.books.was_entered("received", return_id) else None

    # --- What a test may ask for ----------------------------------------------------------------

    def set_conditions(self, return_id: str, conditions: Mapping[str, list[str]]) -> None:
        """Say what the warehouse will find in a parcel, announced or not."""
        if not isinstance(conditions, dict):
            raise ValueError("conditions are lists by SKU")
        if not set(CONDITIONS).issuperset(*conditions.values()):
            raise ValueError(f"conditions are of {', '.join(CONDITIONS)}")
        known = self.books.find_return(return_id) or Return(return_id, "", {})
        self.books.write_return(replace(known, conditions=conditions))

    def dispatch_now(self, order_id: str | None = None) -> None:
        """Let one parcel go that waits, or all of them."""
        self.books.bring_forward("dispatch", self._clock(), order_id)
        self.changed()

    # --- What happens by itself -----------------------------------------------------------------

    def move(self, timer: Timer) -> None:
        """What a timer other than a call is for. It is dropped, unless it goes on."""
        with self.books.transaction():
            self.books.drop_timer(timer.id)
            match timer.kind:
                case "dispatch":
                    self._dispatch(timer.subject)
                case "deliver":
                    self._deliver(timer.subject, lost=bool(timer.body))
                case "progress":
                    self._call("shipment.progress", timer.subject, count=timer.tries)
                    self._await_progress(timer.subject, timer.tries + 1)
                case "arrive":
                    self._arrive(timer.subject)

    def _dispatch(self, order_id: str) -> None:
        shipment = self._shipment(order_id, "requested")
        tracking = f"TRK{crc32(order_id.encode()):010}"
        lost = self.parcels_to_lose > 0
        self.parcels_to_lose -= lost
        self.books.write_shipment(replace(shipment, status="dispatched", tracking=tracking))
        self.books.drop_timer(f"{order_id}:progress")
        due = self._clock() + self.settings.delivery_seconds
        self.books.write_timer(Timer(f"{order_id}:deliver", due, "deliver", order_id, body="lost" if lost else ""))
        self._enter("dispatched", order_id, tracking, shipment.units)
        self._call("shipment.dispatched", order_id, tracking=tracking)

    def _deliver(self, order_id: str, lost: bool) -> None:
        shipment = self._shipment(order_id, "dispatched")
        status = "lost" if lost else "delivered"
        self.books.write_shipment(replace(shipment, status=status))
        self._enter(status, order_id, shipment.tracking, shipment.units)
        self._call(f"shipment.{status}", order_id)

    def _arrive(self, return_id: str) -> None:
        parcel = self.books.find_return(return_id)
        assert parcel is not None, f"{return_id} was never announced"
        self._enter("received", parcel.order_id, return_id, self._contents(parcel))
        self._say_received(parcel)

    def _say_received(self, parcel: Return) -> None:
        self._call("return.received", parcel.order_id, return_id=parcel.return_id, units=self._contents(parcel))

    def _contents(self, parcel: Return) -> Mapping[str, list[str]]:
        return parcel.conditions or {sku: self._found(parcel, sku) for sku in parcel.units}

    def _shipment(self, order_id: str, status: str) -> Shipment:
        shipment = self.books.shipment(order_id)
        if shipment is None or shipment.status != status:
            raise AssertionError(f"{order_id} should be {status}: {shipment}")
        return shipment

    def _found(self, parcel: Return, sku: str) -> list[str]:
        """A condition for each unit, the same every time it is asked."""
        chances = [crc32(f"{parcel.return_id}:{sku}:{n}".encode()) for n in range(parcel.units[sku])]
        return [self.settings.conditions[chance % len(self.settings.conditions)] for chance in chances]

    def _await_progress(self, order_id: str, count: int) -> None:
        due = self._clock() + PROGRESS_SECONDS
        self.books.write_timer(Timer(f"{order_id}:progress", due, "progress", order_id, count))

    def _call(self, kind: str, order_id: str, count: int = 0, **more: Any) -> None:
        """Put word to the shop among what is due; ``id`` is the same whenever it is said again."""
        event_id = ":".join([more.get("return_id", order_id), kind, *([str(count)] if count else [])])
        body = json.dumps({"id": event_id, "type": kind, "order_id": order_id, **more})
        self.books.write_timer(Timer(event_id, self._clock(), "call", order_id, 0, body))

    def _enter(self, kind: str, order_id: str, reference: str = "", units: Any = None) -> None:
        self.books.enter(self._clock(), kind, order_id, reference, units)
