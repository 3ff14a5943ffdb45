"""What is declared once, outside, and read here by path: functions, tables, definitions, routes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
CARRIER_SIGNATURE, PAYMENTS_SIGNATURE = "carrier_signature", "payments_signature"
"""What tells a callback's sender from anybody else."""
GUESTS = "guests"
"""The port that the contract doesn't name: what signs guests' tokens."""
METHODS = ("get", "put", "post", "patch", "delete")


class Kind(StrEnum):
    """What calls a function: a state machine, the clock, people, people with a cart or looking at the catalogue,
    operators alone, another company's machines, Cognito, or a stream. Of those that a state machine calls some read all
    books, and one repairs them."""

    TASK = "task"
    AUDIT = "audit"
    REPAIR = "repair"
    CLOCK = "clock"
    SERVICE = "service"
    CART = "cart"
    CATALOGUE = "catalogue"
    OPERATING = "operating"
    REDRIVE = "redrive"
    PAYMENT_EVENTS = "payment events"
    CALLBACK = "callback"
    TRIGGER = "trigger"
    STREAM = "stream"


@dataclass(frozen=True)
class Function:
    """A Lambda function. ``uses`` names the ports that it may touch, ``streams`` the tables that it hears of, and of
    each the patterns of the records that reach it; without one, all do."""

    name: str
    handler: str
    kind: Kind
    uses: Sequence[str]
    schedule: str = ""
    streams: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


SIGN_UP = Function("SignUp", "api.sign_up.handler", Kind.TRIGGER, ())


@dataclass(frozen=True)
class Table:
    """Every key is a string. ``environment`` is the variable that names the table to the code."""

    environment: str
    key: Sequence[str]
    indexes: Mapping[str, Mapping[str, Any]]
    stream: str | None
    ttl: str | None


@dataclass(frozen=True)
class Definition:
    """A state machine as committed, its placeholders not yet filled."""

    name: str
    text: str

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset(PLACEHOLDER.findall(self.text))


@dataclass(frozen=True)
class Route:
    """An operation of the contract, and the function that answers it. An open one takes no token of the pool."""

    method: str
    path: str
    function: str
    is_open: bool
    scopes: Sequence[str]
    is_for_operators: bool
    is_for_guests: bool

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


def task_functions() -> tuple[Function, ...]:
    declared = json.loads((ROOT / "tasks/functions.json").read_text())
    return tuple(_task(name, entry) for name, entry in declared.items())


def _task(name: str, entry: Mapping[str, Any]) -> Function:
    signs = {"schedule": Kind.CLOCK, "audits": Kind.AUDIT, "repairs": Kind.REPAIR}
    kind = next((kind for sign, kind in signs.items() if entry.get(sign)), Kind.TASK)
    return Function(name, f"tasks.{snake(name)}.handler", kind, entry["uses"], entry.get("schedule", ""))


def stream_functions() -> tuple[Function, ...]:
    declared = json.loads((ROOT / "analytics/functions.json").read_text())
    return tuple(
        Function(name, f"analytics.{snake(name)}.handler", Kind.STREAM, entry["uses"], streams=entry["streams"])
        for name, entry in declared.items()
    )


def schedules() -> dict[str, str]:
    """When state machines run by the clock, by their names."""
    declared: dict[str, str] = json.loads((ROOT / "workflows/schedules.json").read_text())
    return declared


def service_functions() -> tuple[Function, ...]:
    """One function a handler module of the contract."""
    handlers = _contract()["x-handlers"]
    return tuple(_service(module, entry) for module, entry in handlers.items())


def _service(module: str, entry: Mapping[str, Any]) -> Function:
    name = _function_of(module)
    answered = [route for route in routes() if route.function == name]
    guests = [GUESTS] if any(route.is_for_guests for route in answered) else []
    return Function(name, f"{module}.handler", _kind(entry, answered), (*entry["uses"], *guests))


def _kind(entry: Mapping[str, Any], answered: Sequence[Route]) -> Kind:
    signs = {
        CARRIER_SIGNATURE: Kind.CALLBACK,
        PAYMENTS_SIGNATURE: Kind.PAYMENT_EVENTS,
        "carts": Kind.CART,
        "baskets": Kind.CATALOGUE,
    }
    if entry.get("redrives"):
        return Kind.REDRIVE
    if all(route.is_for_operators for route in answered):
        return Kind.OPERATING
    return next((kind for sign, kind in signs.items() if sign in entry["uses"]), Kind.SERVICE)


def sign_in() -> dict[str, Any]:
    """The groups, and the properties of the pool and its client."""
    declared: dict[str, Any] = json.loads((ROOT / "api/sign_in.json").read_text())
    return declared


def routes() -> tuple[Route, ...]:
    contract = _contract()
    return tuple(
        Route(
            method=method.upper(),
            path=path,
            function=_function_of(item[method]["x-handler"]),
            is_open="jwt" not in schemes(item[method]),
            scopes=schemes(item[method]).get("jwt", ()),
            is_for_operators=item[method].get("x-groups") == ["operators"],
            is_for_guests=any(scheme.startswith("guest_") for scheme in schemes(item[method])),
        )
        for path, item in contract["paths"].items()
        for method in METHODS
        if method in item
    )


def schemes(operation: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """The security schemes that an operation asks for, with the scopes."""
    asked = operation.get("security", _contract()["security"])
    return {name: scopes for each in asked for name, scopes in each.items()}


@cache
def _contract() -> dict[str, Any]:
    contract: dict[str, Any] = yaml.safe_load((ROOT / "api/openapi.yaml").read_text())
    return contract


def _function_of(module: str) -> str:
    return pascal(module.removeprefix("api."))


def tables() -> dict[str, Table]:
    declared = json.loads((ROOT / "oms/adapters/dynamodb/tables.json").read_text())
    return {name: Table(**table) for name, table in declared.items()}


def definitions() -> tuple[Definition, ...]:
    paths = sorted((ROOT / "workflows/definitions").glob("*.asl.json"))
    return tuple(Definition(pascal(path.name.removesuffix(".asl.json")), path.read_text()) for path in paths)


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
