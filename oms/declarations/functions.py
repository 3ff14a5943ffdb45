"""The Lambda functions: tasks, the API's services, and the consumers of the tables' streams.

``tasks/functions.json``, ``analytics/functions.json`` and the contract's ``x-handlers`` declare them. ``uses`` names
the ports that a function may call. Its variables (``environment``) and its permissions on AWS follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oms.declarations.files import read_json
from oms.declarations.names import snake
from oms.declarations.routes import function_name, routes

CARRIER_SIGNATURE, PAYMENTS_SIGNATURE = "carrier_signature", "payments_signature"
"""The ports that hold the secrets by which webhooks are verified."""
GUESTS = "guests"
"""The port that holds the secret of guests' tokens. A service uses it if one of its routes takes such a token."""


@dataclass(frozen=True)
class FunctionDeclaration:
    """A Lambda function, under its name on AWS."""

    name: str
    module: str
    entry_point: str
    """The attribute of the module that Lambda calls."""
    uses: Sequence[str]
    schedule: str = ""
    """When EventBridge calls it, as in ``rate(1 minute)``; empty: never."""
    streams: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """The tables whose streams call it, each with the filter patterns of the records; without a pattern, all do."""
    audits: bool = False
    """It reads every order or all stock, for a reconciliation."""
    repairs: bool = False
    """It may do for an order what the order's own state machines would."""
    redrives: bool = False
    """It may redrive executions."""

    @property
    def handler(self) -> str:
        return f"{self.module}.{self.entry_point}"


SIGN_UP = FunctionDeclaration("SignUp", "api.sign_up", "handler", ())
"""Cognito calls it after a sign-up is confirmed."""


def task_functions() -> dict[str, FunctionDeclaration]:
    """By name, which is the name of the state that calls the task."""
    return {name: _task(name, entry) for name, entry in read_json("tasks/functions.json").items()}


def _task(name: str, entry: Mapping[str, Any]) -> FunctionDeclaration:
    return FunctionDeclaration(name, f"tasks.{snake(name)}", snake(name), **entry)


def consumer_functions() -> dict[str, FunctionDeclaration]:
    """The functions that consume the tables' streams, by name."""
    declared = read_json("analytics/functions.json").items()
    return {name: FunctionDeclaration(name, f"analytics.{snake(name)}", "handler", **entry) for name, entry in declared}


def service_functions(contract: Mapping[str, Any]) -> dict[str, FunctionDeclaration]:
    """The API's functions, by name: one for each module in ``x-handlers`` of the OpenAPI document."""
    takes_guests = {route.function for route in routes(contract) if route.guest}
    services = (_service(module, entry, takes_guests) for module, entry in contract["x-handlers"].items())
    return {service.name: service for service in services}


def _service(module: str, entry: Mapping[str, Any], takes_guests: set[str]) -> FunctionDeclaration:
    name = function_name(module)
    guests = (GUESTS,) if name in takes_guests else ()
    return FunctionDeclaration(name, module, "service", **{**entry, "uses": (*entry["uses"], *guests)})
