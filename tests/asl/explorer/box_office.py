"""A box office for the explorer: hold seats, charge a card, issue tickets; on failure, refund and release.

`good()` is correct: if a compensation fails, the execution fails, and a redrive completes it. Each of the other
scenarios has one well-known defect of sagas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import asl
from asl.explorer import FaultInjector, FaultPlan, Scenario

RETRY = [{"ErrorEquals": ["States.Timeout", "Lambda.Unknown", "Away"], "IntervalSeconds": 1, "MaxAttempts": 2}]
SEATS = ["A1", "A2"]


class Refused(Exception):
    """The booking is already refunded."""


class Taken(Exception):
    """The seat is held by another booking."""


def task(next_state: str | None, catch: str | None = None, **more: Any) -> dict[str, Any]:
    end: dict[str, Any] = {"Next": next_state} if next_state else {"End": True}
    caught = [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": catch}] if catch else []
    return {"Type": "Task", "TimeoutSeconds": 10, "ResultPath": None, "Retry": RETRY, "Catch": caught, **end, **more}


def definition(**changed: Mapping[str, Any]) -> dict[str, Any]:
    states = {
        "HoldSeats": task("Charge", catch="Refund"),
        "Charge": task("IssueTickets", catch="Refund"),
        "IssueTickets": task(None, catch="Refund"),
        "Refund": task("ReleaseSeats"),
        "ReleaseSeats": task(None),
    }
    for name, fields in changed.items():
        states[name].update(fields)
    for name, state in states.items():
        state["Resource"] = f"${{{name}Arn}}"
    return {"StartAt": "HoldSeats", "States": states}


class BoxOffice:
    """Seats, charges and tickets by booking. A refund closes the booking, and a closed booking accepts nothing more."""

    def __init__(
        self, injector: FaultInjector, machine: asl.Machine, changed: Mapping[str, Callable[..., Any]]
    ) -> None:
        self.held: dict[str, str] = {"A3": "somebody else"}
        self.charged: dict[str, int] = {}
        self.issued: set[str] = set()
        self.closed: set[str] = set()
        self.log: list[str] = []
        self.recorded: set[str] = set()
        self.checkpoint = injector.checkpoint
        self.random = Random(1)
        tasks = {name: getattr(self, method) for name, method in METHODS.items()}
        tasks |= {name: lambda event, act=act: act(self, event) for name, act in changed.items()}
        self.engine = asl.Engine(tasks=tasks)
        self.engine.around = injector.invoke
        self.machine = machine

    def play(self) -> None:
        self.engine.start(self.machine, {"booking": "b1", "seats": SEATS}, name="b1")

    def changing(self) -> tuple[object, ...]:
        return (self.held, self.charged, self.issued, self.closed, self.log, self.recorded, self.random)

    def violations(self) -> list[str]:
        (execution,) = self.engine.executions.values()
        if execution.status == "FAILED" and execution.path[-1] in ("Refund", "ReleaseSeats"):
            return []  # a redrive completes it
        seats = sorted(seat for seat, booking in self.held.items() if booking == "b1")
        expected = (SEATS, ["b1"]) if self.issued else ([], [])
        if (seats, sorted(self.charged)) == expected:
            return []
        return [f"tickets {sorted(self.issued)}, seats {seats}, charges {self.charged}"]

    def effects(self) -> list[str]:
        return self.log

    def hold(self, event: Mapping[str, Any]) -> None:
        if event["booking"] in self.closed:
            raise Refused
        if any(self.held.get(seat, event["booking"]) != event["booking"] for seat in event["seats"]):
            raise Taken
        self.held.update(dict.fromkeys(event["seats"], event["booking"]))

    def charge(self, event: Mapping[str, Any]) -> Mapping[str, str]:
        self.charge_once(event["booking"], event["booking"])
        return {"charge": event["booking"]}

    def charge_once(self, booking: str, key: str) -> None:
        if booking in self.closed:
            raise Refused
        if key not in self.charged:
            self.log.append(f"charge {key}")
            self.charged[key] = 100

    def issue(self, event: Mapping[str, Any]) -> None:
        if event["booking"] in self.closed:
            raise Refused
        self.issued.add(event["booking"])

    def refund(self, event: Mapping[str, Any]) -> None:
        self.closed.add(event["booking"])
        self.issued.discard(event["booking"])
        self.charged.pop(event["booking"], None)

    def release(self, event: Mapping[str, Any]) -> None:
        for seat in [seat for seat, booking in self.held.items() if booking == event["booking"]]:
            del self.held[seat]


METHODS = {
    "HoldSeats": "hold",
    "Charge": "charge",
    "IssueTickets": "issue",
    "Refund": "refund",
    "ReleaseSeats": "release",
}


CALLS = {"Charge": 2}
"""The maximum number of external calls, for the tasks that call `checkpoint` before each."""


def scenario(
    name: str, states: Mapping[str, Any] | None = None, tasks: Mapping[str, Callable[..., Any]] | None = None
) -> Scenario:
    machine = asl.load(definition(**(states or {})), name="Booking")

    def injector(plan: FaultPlan, dice: Random | None) -> FaultInjector:
        return FaultInjector(plan, errors=lambda state: ("Away",), calls=lambda state: CALLS.get(state, 0), dice=dice)

    return Scenario(name, lambda injector: BoxOffice(injector, machine, tasks or {}), injector)


def good() -> Scenario:
    return scenario("good")


def needs_the_forward_result() -> Scenario:
    """The refund needs the result of the charge, which is missing if the charge timed out."""

    def refund(office: BoxOffice, event: Mapping[str, Any]) -> None:
        office.refund(event) if event.get("charge") else None

    changed = {"Charge": {"ResultPath": "$.charge"}}
    return scenario("needs the forward result", changed, {"Refund": refund})


def wrong_key() -> Scenario:
    """The refund uses another key than the charge."""

    def refund(office: BoxOffice, event: Mapping[str, Any]) -> None:
        office.closed.add(event["booking"])
        office.charged.pop(f"refund of {event['booking']}", None)

    return scenario("wrong key", tasks={"Refund": refund})


def uncaught_timeout() -> Scenario:
    """The Catch names States.TaskFailed, which doesn't match timeouts."""
    catch = [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": None, "Next": "Refund"}]
    return scenario("uncaught timeout", {"Charge": {"Catch": catch}})


def seat_by_seat() -> Scenario:
    """Seats are held one by one. If one is taken, the task fails and keeps the others."""

    def hold(office: BoxOffice, event: Mapping[str, Any]) -> None:
        for seat in [*event["seats"], "A3"]:
            if office.held.setdefault(seat, event["booking"]) != event["booking"]:
                raise Taken

    catch = [{"ErrorEquals": ["Taken"], "ResultPath": None, "Next": "Sorry"}]
    changed = definition(HoldSeats={"Catch": catch})
    changed["States"]["Sorry"] = {"Type": "Succeed"}
    machine = asl.load(changed, name="Booking")
    whole = scenario("seat by seat")
    return Scenario(whole.name, lambda injector: BoxOffice(injector, machine, {"HoldSeats": hold}), whole.injector)


def random_key() -> Scenario:
    """Each attempt charges under a new key."""

    def charge(office: BoxOffice, event: Mapping[str, Any]) -> None:
        office.charge_once(event["booking"], f"{event['booking']}:{office.random.random()}")

    return scenario("random key", tasks={"Charge": charge})


def recorded_before_charged() -> Scenario:
    """The charge is recorded before the card is charged, and a retry skips a recorded charge."""

    def charge(office: BoxOffice, event: Mapping[str, Any]) -> None:
        if event["booking"] not in office.recorded:
            office.checkpoint()
            office.recorded.add(event["booking"])
            office.checkpoint()
            office.charge(event)

    return scenario("recorded before charged", tasks={"Charge": charge})


DEFECTS = (
    needs_the_forward_result,
    wrong_key,
    uncaught_timeout,
    seat_by_seat,
    random_key,
    recorded_before_charged,
)


def scenarios() -> list[Scenario]:
    return [good()]
