"""Fakes of the clock, the carrier and Step Functions, for tests and the explorer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from oms.adapters.memory.state import RestorableState
from oms.domain.errors import (
    AlreadyDelivered,
    AlreadyDispatched,
    CarrierUnavailable,
    ExecutionsUnavailable,
    ParcelLost,
    ShipmentRecalled,
)
from oms.domain.events import Units
from oms.ports import ExecutionDescription


class ManualClock(RestorableState):
    """A clock that a test advances."""

    STATE = ("_time",)

    def __init__(self, now: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)) -> None:
        self._time = [now]

    def now(self) -> datetime:
        return self._time[0]

    def advance(self, by: timedelta) -> None:
        self._time[0] += by

    def sleep(self, seconds: float) -> None:
        self.advance(timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class ShipmentRecord:
    """``status`` is requested, dispatched, delivered, lost, or recalled, even before it was requested."""

    status: str
    units: tuple[Units, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """The parcel of a return."""

    order_id: str
    units: tuple[Units, ...]
    conditions: Mapping[str, Sequence[str]] | None = None
    """The warehouse's inspection, once the parcel has come."""


class MemoryCarrier(RestorableState):
    """A carrier that acts when a test calls it. ``callbacks`` are its unsent events, oldest first."""

    STATE: ClassVar[tuple[str, ...]] = ("shipments", "recalls", "early_recalls", "returns", "callbacks", "_failures")

    def __init__(self) -> None:
        self.shipments: dict[str, ShipmentRecord] = {}
        self.recalls: dict[str, tuple[Units, ...] | None] = {}
        self.early_recalls: dict[str, tuple[Units, ...]] = {}
        """By order: units that were recalled before the shipment was requested."""
        self.returns: dict[str, Parcel] = {}
        self.callbacks: list[Mapping[str, Any]] = []
        self._failures: list[str] = []

    # --- The port -------------------------------------------------------------------------------

    def request_shipment(self, order_id: str, units: Sequence[Units], recipient: Mapping[str, str]) -> None:
        failure = self._failure()
        if order_id not in self.shipments:
            left = without(units, self.early_recalls.get(order_id, ()))
            self.shipments[order_id] = ShipmentRecord("requested" if left else "recalled", left)
        shipment = self.shipments[order_id]
        if failure:
            raise _carrier_unavailable()
        if shipment.status == "recalled":
            raise ShipmentRecalled(f"the shipment of {order_id} was recalled")
        if shipment.status != "requested":
            raise AlreadyDispatched(f"the shipment of {order_id} has left: it is {shipment.status}")

    def recall(self, order_id: str, recall_id: str, units: Sequence[Units] | None) -> None:
        failure = self._failure()
        self._recall(order_id, recall_id, units)
        if failure:
            raise _carrier_unavailable()

    def follow(self, order_id: str) -> None:
        failure = self._failure()
        if failure:
            raise _carrier_unavailable()
        shipment = self.shipments.get(order_id)
        if shipment is not None and shipment.status == "delivered":
            raise AlreadyDelivered(f"the shipment of {order_id} has arrived")
        if shipment is not None and shipment.status == "lost":
            raise ParcelLost(f"the shipment of {order_id} was lost")

    def announce_return(self, return_id: str, order_id: str, units: Sequence[Units]) -> None:
        failure = self._failure()
        parcel = self.returns.setdefault(return_id, Parcel(order_id, tuple(units)))
        if parcel.conditions is not None:
            self._send_received(return_id, parcel)
        if failure:
            raise _carrier_unavailable()

    def find_parcel(self, return_id: str) -> Mapping[str, Sequence[str]] | None:
        if self._failure():
            raise _carrier_unavailable()
        return self.returns[return_id].conditions if return_id in self.returns else None

    # --- For tests ------------------------------------------------------------------------------

    def dispatch(self, order_id: str) -> bool:
        """The parcel leaves. False if it was recalled, was never requested, or has left."""
        shipment = self.shipments.get(order_id)
        if shipment is None or shipment.status != "requested":
            return False
        self._move(order_id, "dispatched", tracking=f"TRACK-{order_id}")
        return True

    def refuse(self, order_id: str) -> None:
        """The carrier hands back a shipment that nobody recalled."""
        self._expect(order_id, "requested")
        self._move(order_id, "recalled")

    def progress(self, order_id: str) -> None:
        self._call_back("shipment.progress", order_id, id=f"{order_id}:progress:{len(self.callbacks)}")

    def deliver(self, order_id: str) -> None:
        self._expect(order_id, "dispatched")
        self._move(order_id, "delivered")

    def lose(self, order_id: str) -> None:
        self._expect(order_id, "dispatched")
        self._move(order_id, "lost")

    def receive(self, return_id: str, conditions: Mapping[str, Sequence[str]]) -> None:
        """The parcel of a return reaches the warehouse. ``conditions`` are those of its units, by SKU."""
        self.returns[return_id] = parcel = replace(self.returns[return_id], conditions=dict(conditions))
        self._send_received(return_id, parcel)

    def correct(self, return_id: str, conditions: Mapping[str, Sequence[str]]) -> None:
        """The warehouse corrects its inspection, and sends it when it is asked again."""
        self.returns[return_id] = replace(self.returns[return_id], conditions=dict(conditions))

    def fail_next(self, *, after_effect: bool, count: int = 1) -> None:
        """The next calls raise ``CarrierUnavailable``, before or after their effect."""
        self._failures += ["after" if after_effect else "before"] * count

    # --- What it does ---------------------------------------------------------------------------

    def _failure(self) -> str:
        failure = self._failures.pop(0) if self._failures else ""
        if failure == "before":
            raise _carrier_unavailable()
        return failure

    def _recall(self, order_id: str, recall_id: str, units: Sequence[Units] | None) -> None:
        if recall_id in self.recalls:
            return
        shipment = self.shipments.get(order_id)
        if shipment is not None and shipment.status not in ("requested", "recalled"):
            raise AlreadyDispatched(f"the shipment of {order_id} is {shipment.status}")
        self.recalls[recall_id] = None if units is None else tuple(units)
        if shipment is None or shipment.status == "recalled":
            if units is None:
                self.shipments[order_id] = ShipmentRecord("recalled")
            elif shipment is None:
                self.early_recalls[order_id] = (*self.early_recalls.get(order_id, ()), *units)
            return
        left = () if units is None else without(shipment.units, units)
        if left:
            self.shipments[order_id] = ShipmentRecord("requested", left)
        else:
            self._move(order_id, "recalled")

    def _send_received(self, return_id: str, parcel: Parcel) -> None:
        units = {sku: list(each) for sku, each in (parcel.conditions or {}).items()}
        more = {"id": f"{return_id}:received", "return_id": return_id, "units": units}
        self._call_back("return.received", parcel.order_id, **more)

    def _expect(self, order_id: str, status: str) -> None:
        if self.shipments[order_id].status != status:
            raise AssertionError(f"the shipment of {order_id} is {self.shipments[order_id].status}, not {status}")

    def _move(self, order_id: str, status: str, **more: Any) -> None:
        self.shipments[order_id] = replace(self.shipments[order_id], status=status)
        self._call_back(f"shipment.{status}", order_id, **more)

    def _call_back(self, kind: str, order_id: str, **more: Any) -> None:
        self.callbacks.append({"id": f"{order_id}:{kind}", "type": kind, "order_id": order_id, **more})


def without(units: Sequence[Units], gone: Sequence[Units]) -> tuple[Units, ...]:
    """The units that are left without some of them."""
    counts = Counter[str]()
    for each in gone:
        counts[each.sku] += each.quantity
    left = [Units(each.sku, each.quantity - counts[each.sku]) for each in units]
    return tuple(each for each in left if each.quantity > 0)


def _carrier_unavailable() -> CarrierUnavailable:
    return CarrierUnavailable("the carrier didn't answer")


FAILED = ("FAILED", "TIMED_OUT", "ABORTED")


class MemoryExecutions(RestorableState):
    """Step Functions as a record of its calls. A token waits until it is answered or a test lets it ``expire``."""

    STATE = ("starts", "redrives", "answers", "heartbeats", "_ended", "_old", "_gone", "_failures")

    def __init__(self) -> None:
        self.starts: dict[tuple[str, str], Mapping[str, Any]] = {}
        """The payload of each execution, by state machine and name."""
        self.redrives: list[str] = []
        self.answers: dict[str, Mapping[str, Any]] = {}
        """By token: {"output": …}, or {"error": …, "cause": …}."""
        self.heartbeats: list[str] = []
        self._ended: dict[str, str] = {}
        self._old: set[str] = set()
        self._gone: set[str] = set()
        self._failures: list[str] = []

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> bool:
        failure = self._failure()
        started = self.starts.setdefault((machine, name), payload)
        if failure:
            raise _executions_unavailable()
        return started == payload and execution_arn(machine, name) not in self._ended

    def find(self, machine: str, name: str) -> ExecutionDescription | None:
        self._failure()
        payload, arn = self.starts.get((machine, name)), execution_arn(machine, name)
        if payload is None:
            return None
        status = self._ended.get(arn, "RUNNING")
        return ExecutionDescription(arn, status, payload, status in FAILED and arn not in self._old)

    def redrive(self, arn: str) -> bool:
        failure = self._failure()
        failed = self._ended.get(arn) in FAILED and arn not in self._old
        if failed:
            del self._ended[arn]
            self.redrives.append(arn)
        if failure:
            raise _executions_unavailable()
        return failed

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool:
        return self._answer(token, {"output": output})

    def fail(self, token: str, error: str, cause: str) -> bool:
        return self._answer(token, {"error": error, "cause": cause})

    def heartbeat(self, token: str) -> bool:
        self._failure()
        if token in self._gone or token in self.answers:
            return False
        self.heartbeats.append(token)
        return True

    def end(self, machine: str, name: str, status: str) -> None:
        """An execution ends."""
        self._ended[execution_arn(machine, name)] = status

    def grow_old(self, machine: str, name: str) -> None:
        """An execution that has ended becomes too old for a redrive."""
        self._old.add(execution_arn(machine, name))

    def expire(self, token: str) -> None:
        """Nothing waits with the token any more."""
        self._gone.add(token)

    def fail_next(self, *, after_effect: bool, count: int = 1) -> None:
        self._failures += ["after" if after_effect else "before"] * count

    def _answer(self, token: str, answer: Mapping[str, Any]) -> bool:
        failure = self._failure()
        waits = token not in self._gone and token not in self.answers
        if waits:
            self.answers[token] = answer
        if failure:
            raise _executions_unavailable()
        return waits

    def _failure(self) -> str:
        failure = self._failures.pop(0) if self._failures else ""
        if failure == "before":
            raise _executions_unavailable()
        return failure


def execution_arn(machine: str, name: str) -> str:
    return f"arn:aws:states:us-east-1:123456789012:execution:{machine}:{name}"


def _executions_unavailable() -> ExecutionsUnavailable:
    return ExecutionsUnavailable("Step Functions didn't answer")
