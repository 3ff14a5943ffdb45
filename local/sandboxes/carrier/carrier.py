"""The carrier's decisions: it takes a parcel, dispatches it or lets it be recalled, delivers it, receives returns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from local.sandboxes.carrier.database import NEVER, CarrierDatabase, SandboxReturn, SandboxShipment, Timer, Units

PROGRESS_SECONDS = 12 * 3600
"""How often the carrier reports that it still holds a parcel."""
CONDITIONS = ("new", "opened", "defective", "damaged", "missing")


class CarrierRefusal(Exception):
    """The carrier refuses. ``error`` is ShipmentRecalled, AlreadyDispatched, AlreadyDelivered or ParcelLost."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True, slots=True)
class CarrierSettings:
    """Delays in seconds, and the conditions of returned units: each unit has one of ``conditions``."""

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


def without(units: Units, removed: Units) -> dict[str, int]:
    """The units that are left after some are removed."""
    return {sku: count - removed.get(sku, 0) for sku, count in units.items() if count > removed.get(sku, 0)}


class SandboxCarrier:
    """``clock`` returns seconds since 1970. ``on_change`` is called when a new timer may be due."""

    def __init__(
        self, database: CarrierDatabase, clock: Callable[[], float], settings: CarrierSettings | None = None
    ) -> None:
        self.database = database
        self.settings = settings or CarrierSettings()
        self.on_change: Callable[[], None] = lambda: None
        self.parcels_to_lose = 0
        self._clock = clock

    # --- Calls of the shop ------------------------------------------------------------------------

    def ship(self, order_id: str, units: Units, recipient: Mapping[str, str]) -> None:
        """Take a parcel, once per order. Raises ``CarrierRefusal``: AlreadyDispatched, ShipmentRecalled."""
        shipment = self.database.shipment(order_id)
        if shipment is not None and shipment.status == "recalled":
            raise CarrierRefusal("ShipmentRecalled", f"{order_id} was recalled")
        if shipment is not None and shipment.status != "requested":
            raise CarrierRefusal("AlreadyDispatched", f"{order_id} is {shipment.status}")
        if shipment is not None:
            return
        due = NEVER if self.settings.hold_dispatch else self._clock() + self.settings.dispatch_seconds
        units = without(units, self.database.recalled_units(order_id))
        if not units:
            raise CarrierRefusal("ShipmentRecalled", f"all of {order_id} was recalled")
        with self.database.transaction():
            self.database.write_shipment(SandboxShipment(order_id, "requested", units, recipient))
            self.database.write_timer(Timer(f"{order_id}:dispatch", due, "dispatch", order_id))
            self._schedule_progress(order_id, 1)
            self._add_entry("requested", order_id, units=units)
        self.on_change()

    def follow(self, order_id: str) -> None:
        """Check that a delivery report is still to come. Raises ``CarrierRefusal``: AlreadyDelivered, ParcelLost."""
        shipment = self.database.shipment(order_id)
        if shipment is None:
            raise LookupError(f"no shipment {order_id}")
        if shipment.status in ("delivered", "lost"):
            error = "AlreadyDelivered" if shipment.status == "delivered" else "ParcelLost"
            raise CarrierRefusal(error, f"{order_id} is {shipment.status}")

    def recall(self, order_id: str, recall_id: str, units: Units | None) -> None:
        """Recall all or some units. Raises ``CarrierRefusal``: AlreadyDispatched, for the same recall every time."""
        is_refused = self.database.recall_refused(recall_id)
        if is_refused is None:
            is_refused = self._decide_recall(order_id, recall_id, units)
        if is_refused:
            raise CarrierRefusal("AlreadyDispatched", f"{order_id} has left")

    def _decide_recall(self, order_id: str, recall_id: str, units: Units | None) -> bool:
        """Write the decision. Returns True if the recall is refused."""
        shipment = self.database.shipment(order_id)
        is_refused = shipment is not None and shipment.status not in ("requested", "recalled")
        with self.database.transaction():
            self.database.write_recall(recall_id, order_id, is_refused, units or {})
            self._add_entry("recall refused" if is_refused else "recalled", order_id, recall_id, units)
            if shipment is None and units is None:
                self.database.write_shipment(SandboxShipment(order_id, "recalled", {}, {}))
            elif shipment is not None and shipment.status == "requested":
                self._remove_units(shipment, units)
        self.on_change()
        return is_refused

    def _remove_units(self, shipment: SandboxShipment, units: Units | None) -> None:
        left = without(shipment.units, shipment.units if units is None else units)
        self.database.write_shipment(replace(shipment, units=left, status="requested" if left else "recalled"))
        if not left:
            self.database.drop_timer(f"{shipment.order_id}:dispatch")
            self.database.drop_timer(f"{shipment.order_id}:progress")
            self._send_event("shipment.recalled", shipment.order_id)

    def announce_return(self, return_id: str, order_id: str, units: Units) -> None:
        """Expect a parcel, once per return. If it has arrived already, report that again."""
        existing = self.database.find_return(return_id)
        if existing is not None and existing.units:
            if self.database.has_entry("received", return_id):
                self._report_received(existing)
                self.on_change()
            return
        conditions = existing.conditions if existing else None
        with self.database.transaction():
            self.database.write_return(SandboxReturn(return_id, order_id, units, conditions))
            due = self._clock() + self.settings.return_seconds
            self.database.write_timer(Timer(f"{return_id}:arrive", due, "arrive", return_id))
            self._add_entry("announced", order_id, return_id, units)
        self.on_change()

    def received_units(self, return_id: str) -> Mapping[str, list[str]] | None:
        """The conditions of a return's units by SKU, None before it arrives. Raises ``LookupError`` if unannounced."""
        parcel = self.database.find_return(return_id)
        if parcel is None or not parcel.units:
            raise LookupError(f"no return {return_id}")
        return self._contents(parcel) if self.database.has_entry("received", return_id) else None

    # --- Calls of tests and demos -----------------------------------------------------------------

    def set_conditions(self, return_id: str, conditions: Mapping[str, list[str]]) -> None:
        """Set what the warehouse will find in a parcel, which needn't be announced yet."""
        if not isinstance(conditions, dict):
            raise ValueError("conditions are lists by SKU")
        if not set(CONDITIONS).issuperset(*conditions.values()):
            raise ValueError(f"conditions are of {', '.join(CONDITIONS)}")
        parcel = self.database.find_return(return_id) or SandboxReturn(return_id, "", {})
        self.database.write_return(replace(parcel, conditions=conditions))

    def dispatch_now(self, order_id: str | None = None) -> None:
        """Dispatch one parcel that waits, or all of them."""
        self.database.bring_forward("dispatch", self._clock(), order_id)
        self.on_change()

    # --- Timers -----------------------------------------------------------------------------------

    def run_timer(self, timer: Timer) -> None:
        """Carry out a due timer other than a callback."""
        with self.database.transaction():
            self.database.drop_timer(timer.id)
            match timer.kind:
                case "dispatch":
                    self._dispatch(timer.subject)
                case "deliver":
                    self._deliver(timer.subject, is_lost=bool(timer.body))
                case "progress":
                    self._send_event("shipment.progress", timer.subject, count=timer.tries)
                    self._schedule_progress(timer.subject, timer.tries + 1)
                case "arrive":
                    self._receive_return(timer.subject)

    def _dispatch(self, order_id: str) -> None:
        shipment = self._shipment(order_id, "requested")
        tracking = f"TRK{crc32(order_id.encode()):010}"
        is_lost = self.parcels_to_lose > 0
        self.parcels_to_lose -= is_lost
        self.database.write_shipment(replace(shipment, status="dispatched", tracking=tracking))
        self.database.drop_timer(f"{order_id}:progress")
        due = self._clock() + self.settings.delivery_seconds
        timer = Timer(f"{order_id}:deliver", due, "deliver", order_id, body="lost" if is_lost else "")
        self.database.write_timer(timer)
        self._add_entry("dispatched", order_id, tracking, shipment.units)
        self._send_event("shipment.dispatched", order_id, tracking=tracking)

    def _deliver(self, order_id: str, is_lost: bool) -> None:
        shipment = self._shipment(order_id, "dispatched")
        status = "lost" if is_lost else "delivered"
        self.database.write_shipment(replace(shipment, status=status))
        self._add_entry(status, order_id, shipment.tracking, shipment.units)
        self._send_event(f"shipment.{status}", order_id)

    def _receive_return(self, return_id: str) -> None:
        parcel = self.database.find_return(return_id)
        assert parcel is not None, f"{return_id} was never announced"
        self._add_entry("received", parcel.order_id, return_id, self._contents(parcel))
        self._report_received(parcel)

    def _report_received(self, parcel: SandboxReturn) -> None:
        self._send_event("return.received", parcel.order_id, return_id=parcel.return_id, units=self._contents(parcel))

    def _contents(self, parcel: SandboxReturn) -> Mapping[str, list[str]]:
        return parcel.conditions or {sku: self._draw_conditions(parcel, sku) for sku in parcel.units}

    def _shipment(self, order_id: str, status: str) -> SandboxShipment:
        shipment = self.database.shipment(order_id)
        if shipment is None or shipment.status != status:
            raise AssertionError(f"{order_id} should be {status}: {shipment}")
        return shipment

    def _draw_conditions(self, parcel: SandboxReturn, sku: str) -> list[str]:
        """A condition for each unit, the same at every call."""
        chances = [crc32(f"{parcel.return_id}:{sku}:{n}".encode()) for n in range(parcel.units[sku])]
        return [self.settings.conditions[chance % len(self.settings.conditions)] for chance in chances]

    def _schedule_progress(self, order_id: str, count: int) -> None:
        due = self._clock() + PROGRESS_SECONDS
        self.database.write_timer(Timer(f"{order_id}:progress", due, "progress", order_id, count))

    def _send_event(self, kind: str, order_id: str, count: int = 0, **details: Any) -> None:
        """Schedule a callback with an event. Its id is the same each time that the event is repeated."""
        event_id = ":".join([details.get("return_id", order_id), kind, *([str(count)] if count else [])])
        body = json.dumps({"id": event_id, "type": kind, "order_id": order_id, **details})
        self.database.write_timer(Timer(event_id, self._clock(), "call", order_id, 0, body))

    def _add_entry(self, kind: str, order_id: str, reference: str = "", units: Any = None) -> None:
        self.database.add_entry(self._clock(), kind, order_id, reference, units)
