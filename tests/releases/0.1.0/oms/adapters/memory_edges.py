"""The clock, the carrier and Step Functions in memory: what tests and the explorer stand at the shop's edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from oms.adapters.memory_state import Remembers
from oms.domain.errors import (
    AlreadyDelivered,
    AlreadyDispatched,
    CarrierUnavailable,
    ExecutionsUnavailable,
    ParcelLost,
    ShipmentRecalled,
)
from oms.domain.events import Units
from oms.ports import Run


class ManualClock(Remembers):
    """A clock that moves when it is told to."""

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
class Shipment:
    """``status`` is requested, dispatched, delivered, lost, or recalled: also of one that was never requested."""

    status: str
    units: tuple[Units, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """What comes back."""

    order_id: str
    units: tuple[Units, ...]
    conditions: Mapping[str, Sequence[str]] | None = None
    """What the warehouse found, once it has come."""


class MemoryCarrier(Remembers):
    """A carrier that acts when a test tells it to. ``callbacks`` holds what it has to say, oldest first."""

    STATE = ("shipments", "recalls", "early", "returns", "callbacks", "_failures")

    def __init__(self) -> None:
        self.shipments: dict[str, Shipment] = {}
        self.recalls: dict[str, tuple[Units, ...] | None] = {}
        self.early: dict[str, tuple[Units, ...]] = {}
        """By order: the units that were recalled before the shipment was requested."""
        self.returns: dict[str, Parcel] = {}
        self.callbacks: list[Mapping[str, Any]] = []
        self._failures: list[str] = []

    # --- The port -------------------------------------------------------------------------------

    def request_shipment(self, order_id: str, units: Sequence[Units], recipient: Mapping[str, str]) -> None:
        failure = self._failure()
        if order_id not in self.shipments:
            left = without(units, self.early.get(order_id, ()))
            self.shipments[order_id] = Shipment("requested" if left else "recalled", left)
        known = self.shipments[order_id]
        if failure:
            raise _carrier_away()
        if known.status == "recalled":
            raise ShipmentRecalled(f"the shipment of {order_id} was recalled")
        if known.status != "requested":
            raise AlreadyDispatched(f"the shipment of {order_id} has left: it is {known.status}")

    def recall(self, order_id: str, recall_id: str, units: Sequence[Units] | None) -> None:
        failure = self._failure()
        self._recall(order_id, recall_id, units)
        if failure:
            raise _carrier_away()

    def follow(self, order_id: str) -> None:
        failure = self._failure()
        if failure:
            raise _carrier_away()
        shipment = self.shipments.get(order_id)
        if shipment is not None and shipment.status == "delivered":
            raise AlreadyDelivered(f"the shipment of {order_id} has arrived")
        if shipment is not None and shipment.status == "lost":
            raise ParcelLost(f"the shipment of {order_id} was lost")

    def announce_return(self, return_id: str, order_id: str, units: Sequence[Units]) -> None:
        failure = self._failure()
        parcel = self.returns.setdefault(return_id, Parcel(order_id, tuple(units)))
        if parcel.conditions is not None:
            self._say_received(return_id, parcel)
        if failure:
            raise _carrier_away()

    def find_parcel(self, return_id: str) -> Mapping[str, Sequence[str]] | None:
        if self._failure():
            raise _carrier_away()
        return self.returns[return_id].conditions if return_id in self.returns else None

    # --- For tests ------------------------------------------------------------------------------

    def dispatch(self, order_id: str) -> bool:
        """Let the parcel leave; False if it was recalled, was never requested, or has left."""
        shipment = self.shipments.get(order_id)
        if shipment is None or shipment.status != "requested":
            return False
        self._move(order_id, "dispatched", tracking=f"TRACK-{order_id}")
        return True

    def refuse(self, order_id: str) -> None:
        """The carrier hands back what nobody has called for."""
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
        """The parcel of a return reached the warehouse, with each unit of a SKU in such a condition."""
        self.returns[return_id] = parcel = replace(self.returns[return_id], conditions=dict(conditions))
        self._say_received(return_id, parcel)

    def correct(self, return_id: str, conditions: Mapping[str, Sequence[str]]) -> None:
        """The warehouse looked again, and says so when it is asked."""
        self.returns[return_id] = replace(self.returns[return_id], conditions=dict(conditions))

    def fail_next(self, *, after_effect: bool, count: int = 1) -> None:
        """The next calls are ``CarrierUnavailable``, before or after they did what they do."""
        self._failures += ["after" if after_effect else "before"] * count

    # --- What it does ---------------------------------------------------------------------------

    def _failure(self) -> str:
        failure = self._failures.pop(0) if self._failures else ""
        if failure == "before":
            raise _carrier_away()
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
                self.shipments[order_id] = Shipment("recalled")
            elif shipment is None:
                self.early[order_id] = (*self.early.get(order_id, ()), *units)
            return
        left = () if units is None else without(shipment.units, units)
        if left:
            self.shipments[order_id] = Shipment("requested", left)
        else:
            self._move(order_id, "recalled")

    def _say_received(self, return_id: str, parcel: Parcel) -> None:
        units = {sku: list(found) for sku, found in (parcel.conditions or {}).items()}
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
    """The units that are left once some are taken out."""
    counts = Counter[str]()
    for each in gone:
        counts[each.sku] += each.quantity
    left = [Units(each.sku, each.quantity - counts[each.sku]) for each in units]
    return tuple(each for each in left if each.quantity > 0)


def _carrier_away() -> CarrierUnavailable:
    return CarrierUnavailable("the carrier didn't answer")


FAILED = ("FAILED", "TIMED_OUT", "ABORTED")


class MemoryExecutions(Remembers):
    """Step Functions as a record of what it was asked. A token waits until it is answered or made to ``expire``."""

    STATE = ("starts", "redrives", "answers", "heartbeats", "_ended", "_old", "_gone", "_failures")

    def __init__(self) -> None:
        self.starts: dict[tuple[str, str], Mapping[str, Any]] = {}
        """The payload of each execution, by its machine and its name."""
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
            raise _executions_away()
        return started == payload and execution_arn(machine, name) not in self._ended

    def find(self, machine: str, name: str) -> Run | None:
        self._failure()
        payload, arn = self.starts.get((machine, name)), execution_arn(machine, name)
        if payload is None:
            return None
        status = self._ended.get(arn, "RUNNING")
        return Run(arn, status, payload, status in FAILED and arn not in self._old)

    def redrive(self, arn: str) -> bool:
        failure = self._failure()
        failed = self._ended.get(arn) in FAILED and arn not in self._old
        if failed:
            del self._ended[arn]
            self.redrives.append(arn)
        if failure:
            raise _executions_away()
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
        """An execution has come to its end."""
        self._ended[execution_arn(machine, name)] = status

    def grow_old(self, machine: str, name: str) -> None:
        """An execution has ended so long ago that it can't be redriven."""
        self._old.add(execution_arn(machine, name))

    def expire(self, token: str) -> None:
        """Nothing waits under the token any more."""
        self._gone.add(token)

    def fail_next(self, *, after_effect: bool, count: int = 1) -> None:
        self._failures += ["after" if after_effect else "before"] * count

    def _answer(self, token: str, answer: Mapping[str, Any]) -> bool:
        failure = self._failure()
        waits = token not in self._gone and token not in self.answers
        if waits:
            self.answers[token] = answer
        if failure:
            raise _executions_away()
        return waits

    def _failure(self) -> str:
        failure = self._failures.pop(0) if self._failures else ""
        if failure == "before":
            raise _executions_away()
        return failure


def execution_arn(machine: str, name: str) -> str:
    return f"arn:aws:states:us-east-1:123456789012:execution:{machine}:{name}"


def _executions_away() -> ExecutionsUnavailable:
    return ExecutionsUnavailable("Step Functions didn't answer")
