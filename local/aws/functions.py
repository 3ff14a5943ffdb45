"""Lambda on one machine: every handler in this process, each with an environment of its own.

Functions are named as on AWS: a task by its state (``ReserveInventory`` is ``tasks.reserve_inventory.handler``), a
service by its module (``api.orders`` is ``api.orders.handler``), a stream's consumer by what it does
(``OrderIndexer`` is ``analytics.order_indexer.handler``). A handler reads no environment here. It is called as
``handler.run(event, deps, …)`` with what ``wiring.deps`` makes of its function's own variables, so two functions in one
process may stand on two stores; functions whose variables agree share adapters and connections.

An exception leaves as it is: whoever calls makes of it what Step Functions or API Gateway would.
"""

from __future__ import annotations

import importlib
import json
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from api import contract
from oms.adapters import wiring
from oms.ports import Deps
from tasks.runtime import logged

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 10
REGION, ACCOUNT = "us-east-1", "000000000000"

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Context:
    """The second argument of a Lambda handler."""

    function_name: str
    deadline: float = field(default_factory=lambda: time.monotonic() + TIMEOUT_SECONDS)
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 256

    @property
    def invoked_function_arn(self) -> str:
        return function_arn(self.function_name)

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self.deadline - time.monotonic()) * 1000))


class Functions:
    """All of the shop's functions. ``environment_of`` gives each its variables, ``deps_of`` makes deps of them."""

    def __init__(
        self, environment_of: Callable[[str], Environment], deps_of: Callable[[Environment], Deps] = wiring.deps
    ) -> None:
        self._environment_of, self._deps_of = environment_of, deps_of
        self._stands_on = cache(self._found)

    def invoke(self, name: str, event: Any) -> Any:
        """Call a function, and answer what it answers or raise what it raises. ``LookupError`` where there is none."""
        found, (environment, deps) = handler(name), self._stands_on(name)
        if name in services():
            return found.run(event, deps, environment, Context(name))
        run = partial(found.run, event, deps)
        return run() if name in consumers() else logged(name, event, run)

    def _found(self, name: str) -> tuple[Environment, Deps]:
        environment = self._environment_of(name)
        return environment, self._deps_of(environment)

    def load(self, names: Iterable[str]) -> None:
        """Load now what the functions' first calls would load, adapters included: on a busy machine that is seconds."""
        for name in names:
            found, (_, deps) = handler(name), self._stands_on(name)
            if hasattr(found, "load"):
                found.load()
            for port in {**services(), **tasks(), **consumers()}[name]["uses"]:
                wiring.load(getattr(deps, port, None))

    def handlers(self) -> dict[str, Callable[[Any, Any], Any]]:
        """Each task function as ``handler(event, context)``, by its name: for an engine that calls them."""
        return {name: self._handler(name) for name in tasks()}

    def _handler(self, name: str) -> Callable[[Any, Any], Any]:
        return lambda event, _: self.invoke(name, event)


@cache
def tasks() -> Mapping[str, Mapping[str, Any]]:
    """What ``tasks/functions.json`` declares, by name."""
    declared: dict[str, Any] = json.loads((ROOT / "tasks" / "functions.json").read_text())
    return declared


@cache
def services() -> Mapping[str, Mapping[str, Any]]:
    """What the contract declares, by name."""
    declared: dict[str, Any] = contract.document()["x-handlers"]
    return declared


@cache
def consumers() -> Mapping[str, Mapping[str, Any]]:
    """What ``analytics/functions.json`` declares, by name."""
    declared: dict[str, Any] = json.loads((ROOT / "analytics" / "functions.json").read_text())
    return declared


@cache
def handler(name: str) -> Any:
    """What a function's ``run`` is called of."""
    if name in consumers():
        return importlib.import_module(f"analytics.{_snake(name)}")
    if name not in services() and name not in tasks():
        raise LookupError(f"there is no function {name}")
    return importlib.import_module(name if name in services() else f"tasks.{_snake(name)}").handler


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
