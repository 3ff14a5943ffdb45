"""Lambda on one machine: every handler in this process, each with an environment of its own.

Functions have their names on AWS: ``ReserveInventory`` is ``tasks.reserve_inventory.handler``, ``Orders`` is
``api.orders.service``, ``OrderIndexer`` is ``analytics.order_indexer.handler``. A handler reads no environment here: it
is called as ``handler.run(event, deps, …)`` with what ``wiring.deps`` makes of its function's own variables. So two
functions in one process may use two stores; functions with the same variables share adapters and connections.

An exception leaves as it is: whoever calls makes of it what Step Functions or API Gateway would.
"""

from __future__ import annotations

import importlib
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from api import contract
from oms.adapters import wiring
from oms.declarations.functions import FunctionDeclaration, consumer_functions, task_functions
from oms.declarations.limits import FUNCTION_TIMEOUT_SECONDS
from oms.ports import Deps
from tasks.runtime import logged

REGION, ACCOUNT = "us-east-1", "000000000000"

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Context:
    """The second argument of a Lambda handler."""

    function_name: str
    deadline: float = field(default_factory=lambda: time.monotonic() + FUNCTION_TIMEOUT_SECONDS)
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
            for port in declared_functions()[name].uses:
                wiring.load(getattr(deps, port, None))

    def handlers(self) -> dict[str, Callable[[Any, Any], Any]]:
        """Each task function as ``handler(event, context)``, by its name: for an engine that calls them."""
        return {name: self._handler(name) for name in tasks()}

    def _handler(self, name: str) -> Callable[[Any, Any], Any]:
        return lambda event, _: self.invoke(name, event)


@cache
def tasks() -> Mapping[str, FunctionDeclaration]:
    """The task functions, by name."""
    return task_functions()


def services() -> Mapping[str, FunctionDeclaration]:
    """The API's functions, by name."""
    return contract.service_functions()


@cache
def consumers() -> Mapping[str, FunctionDeclaration]:
    """The consumers of the tables' streams, by name."""
    return consumer_functions()


@cache
def declared_functions() -> Mapping[str, FunctionDeclaration]:
    """All functions that something on this machine calls, by name."""
    return {**services(), **tasks(), **consumers()}


@cache
def handler(name: str) -> Any:
    """The object whose ``run`` is the function: a task, a service, or the module of a consumer."""
    if name not in declared_functions():
        raise LookupError(f"there is no function {name}")
    declared = declared_functions()[name]
    module = importlib.import_module(declared.module)
    return module if name in consumers() else getattr(module, declared.entry_point)


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
