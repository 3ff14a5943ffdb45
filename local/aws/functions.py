"""Lambda on one machine: every handler in this process, each with an environment of its own.

Functions have their names on AWS: ``ReserveInventory`` is ``tasks.reserve_inventory.reserve_inventory``, ``Orders`` is
``api.orders.service``, ``OrderIndexer`` is ``analytics.order_indexer.handler``. A handler reads no environment here. It
is called as ``handler.run(event, deps, …)``, with the ``deps`` that ``wiring.deps`` makes of the function's own
variables. Two functions in one process can use two stores; functions with the same variables share adapters and
connections.

Exceptions pass unchanged: the caller turns them into what Step Functions or API Gateway would answer.
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
from local.aws.names import function_arn
from oms.adapters import wiring
from oms.declarations.functions import FunctionDeclaration, consumer_functions, task_functions
from oms.declarations.limits import FUNCTION_TIMEOUT_SECONDS
from oms.ports import Deps
from tasks.runtime import run_logged

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


class LocalFunctions:
    """All of the shop's functions.

    Args:
        environment_of: a function's variables, by its name.
        deps_of: makes ``Deps`` from a function's variables.
    """

    def __init__(
        self, environment_of: Callable[[str], Environment], deps_of: Callable[[Environment], Deps] = wiring.deps
    ) -> None:
        self._environment_of, self._deps_of = environment_of, deps_of
        self._resources = cache(self._make_resources)

    def invoke(self, name: str, event: Any) -> Any:
        """Call a function. Returns what it returns, raises what it raises; ``LookupError`` if there is none."""
        target, (environment, deps) = handler(name), self._resources(name)
        if name in services():
            return target.run(event, deps, environment, Context(name))
        run = partial(target.run, event, deps)
        return run() if name in consumers() else run_logged(name, event, run)

    def _make_resources(self, name: str) -> tuple[Environment, Deps]:
        environment = self._environment_of(name)
        return environment, self._deps_of(environment)

    def load(self, names: Iterable[str]) -> None:
        """Load modules and adapters before the first calls, which would wait seconds for them on a busy machine."""
        for name in names:
            target, (_, deps) = handler(name), self._resources(name)
            if hasattr(target, "load"):
                target.load()
            for port in declared_functions()[name].uses:
                wiring.load(getattr(deps, port, None))

    def handlers(self) -> dict[str, Callable[[Any, Any], Any]]:
        """The task functions for the engine: ``handler(event, context)`` by name."""
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
    """All functions that run on this machine, by name."""
    return {**services(), **tasks(), **consumers()}


@cache
def handler(name: str) -> Any:
    """The object whose ``run`` is the function: a task, a service, or the module of a consumer."""
    if name not in declared_functions():
        raise LookupError(f"there is no function {name}")
    declared = declared_functions()[name]
    module = importlib.import_module(declared.module)
    return module if name in consumers() else getattr(module, declared.entry_point)
