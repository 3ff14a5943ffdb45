"""A box office, for the explorer: hold seats, charge a card, issue tickets; refund and release what comes to nothing.

`good()` loses nothing; a compensation that fails leaves a failed execution, which a redrive finishes. Each of the
others has one defect that sagas are known for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import asl
from asl.explorer import Injector, Plan, Scenario

RETRY = [{"ErrorEquals": ["States.Timeout", "Lambda.Unknown", "Away"], "IntervalSeconds": 1, "MaxAttempts": 2}]
SEATS = ["A1", "A2"]


class Refused(Exception):
    """It was given back before it came."""


class Taken(Exception):
    """Somebody else has the seat."""


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
    """Seats, charges and tickets, each by its booking; a booking that was closed takes nothing more."""

    def __init__(self, injector: Injector, machine: asl.Machine, changed: Mapping[str, Callable[..., Any]]) -> None:
        self.held: dict[str, str] = {"A3": "somebody else"}
        self.charged: dict[str, int] = {}
        self.issued: set[str] = set()
        self.closed: set[str] = set()
        self.log: list[str] = []
        self.written: set[str] = set()
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
        return (self.held, self.charged, self.issued, self.closed, self.log, self.written, self.random)

    def violations(self) -> list[str]:
        (execution,) = self.engine.executions.values()
        if execution.status == "FAILED" and execution.path[-1] in ("Refund", "ReleaseSeats"):
            return []  # it waits for a redrive, in sight of everybody
        mine = sorted(seat for seat, booking in self.held.items() if booking == "b1")
        wanted = (SEATS, ["b1"]) if self.issued else ([], [])
        found = (mine, sorted(self.charged))
        return [] if found == wanted else [f"tickets {sorted(self.issued)}, seats {mine}, charges {self.charged}"]

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
"""Outside, at the most, by those tasks that say so by a `checkpoint` before each."""


def scenario(
    name: str, states: Mapping[str, Any] | None = None, tasks: Mapping[str, Callable[..., Any]] | None = None
) -> Scenario:
    machine = asl.load(definition(**(states or {})), name="Booking")

    def injector(plan: Plan, dice: Random | None) -> Injector:
        return Injector(plan, errors=lambda state: ("Away",), calls=lambda state: CALLS.get(state, 0), dice=dice)

    return Scenario(name, lambda injector: BoxOffice(injector, machine, tasks or {}), injector)


def good() -> Scenario:
    return scenario("good")


def needs_the_forward_result() -> Scenario:
    """The refund is told which charge by the charge's answer, which is missing when the charge timed out."""

    def refund(office: BoxOffice, event: Mapping[str, Any]) -> None:
        office.refund(event) if event.get("charge") else None

    changed = {"Charge": {"ResultPath": "$.charge"}}
    return scenario("needs the forward result", changed, {"Refund": refund})


def keyed_wrongly() -> Scenario:
    """The refund looks for the charge under a key of its own."""

    def refund(office: BoxOffice, event: Mapping[str, Any]) -> None:
        office.closed.add(event["booking"])
        office.charged.pop(f"refund of {event['booking']}", None)

    return scenario("keyed wrongly", tasks={"Refund": refund})


def uncaught_timeout() -> Scenario:
    """States.TaskFailed catches every error but a timeout."""
    catch = [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": None, "Next": "Refund"}]
    return scenario("uncaught timeout", {"Charge": {"Catch": catch}})


def seat_by_seat() -> Scenario:
    """Seats are held one by one, and where one is taken the others stay: a failed hold is thought to hold nothing."""

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
    """Every attempt charges under a key of its own."""

    def charge(office: BoxOffice, event: Mapping[str, Any]) -> None:
        office.charge_once(event["booking"], f"{event['booking']}:{office.random.random()}")

    return scenario("random key", tasks={"Charge": charge})


def written_before_it_is_done() -> Scenario:
    """The charge is in the books before the card is charged, and who finds it there charges nothing."""

    def charge(office: BoxOffice, event: Mapping[str, Any]) -> None:
        if event["booking"] not in office.written:
            office.checkpoint()
            office.written.add(event["booking"])
            office.checkpoint()
            office.charge(event)

    return scenario("written before it is done", tasks={"Charge": charge})


DEFECTS = (
    needs_the_forward_result,
    keyed_wrongly,
    uncaught_timeout,
    seat_by_seat,
    random_key,
    written_before_it_is_done,
)


def scenarios() -> list[Scenario]:
    return [good()]
