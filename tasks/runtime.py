"""Makes a task function of a Lambda's event: checks the command, builds the deps, writes logs, traces and metrics.

Lambda calls the function with ``(event, context)``, a test calls its ``run(event, deps)``. Nothing heavy is imported
until the first call: Powertools, jsonschema and the SDKs together would double a cold start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache, update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, get_type_hints

from oms.application.commit import Decision, commit
from oms.declarations.metrics import NAMESPACE, SERVICE
from oms.domain.change import Change
from oms.domain.errors import InvalidCommand, OmsError, Rejection
from oms.domain.order import Order
from oms.ports import Deps

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics, Tracer
    from jsonschema.protocols import Validator

SCHEMAS = Path(__file__).parent / "commands.schema.json"
FROM_INPUT = ("request_id", "by")
"""Fields of a command that come from the execution's input."""


class OrderCommand(Protocol):
    """A command about one order."""

    @property
    def order_id(self) -> str: ...


C = TypeVar("C")
"""A command: a dataclass with the task's name."""


class TaskFunction(Generic[C]):
    """Callable by Lambda; ``run`` is for callers that have deps of their own."""

    def __init__(self, handle: Callable[[C, Deps], Mapping[str, Any]], command: type[C]) -> None:
        self.handle = handle
        self.command = command
        self._fields = tuple(field.name for field in fields(command))  # type: ignore[arg-type]
        update_wrapper(self, handle)

    def __call__(self, event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
        from oms.adapters.wiring import deps

        return run_observed(self.command.__name__, event, lambda: self.run(event, deps()))

    def run(self, event: Mapping[str, Any], deps: Deps) -> Mapping[str, Any]:
        """Returns the task's result, as JSON. Raises a leaf of ``OmsError``."""
        return self.handle(self.parse_command(event), deps)

    def load(self) -> None:
        """Loads now what the first call would load."""
        logger()
        validator(self.command.__name__)

    def parse_command(self, event: Mapping[str, Any]) -> C:
        """Raises ``InvalidCommand`` for an event that is not of the command's schema."""
        error = next(validator(self.command.__name__).iter_errors(event), None)
        if error is not None:
            raise InvalidCommand(f"{self.command.__name__} at {error.json_path}: {error.message}")
        values = {name: input_field(event, name) for name in FROM_INPUT} | dict(event)
        return self.command(**{name: values[name] for name in self._fields if name in values})


def task(handle: Callable[[C, Deps], Mapping[str, Any]]) -> TaskFunction[C]:
    """Makes a task function of a function that takes a command and deps."""
    parameter = next(iter(handle.__annotations__))
    return TaskFunction(handle, get_type_hints(handle)[parameter])


def change_order(
    command: OrderCommand, deps: Deps, decide: Callable[[Order], Change | Decision], by: str = ""
) -> Order:
    """Commits a decision about the command's order, in the task's name or in that of whoever made the request."""
    return commit(deps, command.order_id, by or type(command).__name__, decide)


def input_field(event: Mapping[str, Any], name: str) -> str:
    """A field of the execution's input; empty if the input, or that field, is missing."""
    execution_input = event.get("input")
    return str(execution_input.get(name, "")) if isinstance(execution_input, Mapping) else ""


def run_observed(name: str, event: Mapping[str, Any], run: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Runs ``run_logged`` in a trace, and counts each error by its name, and the metrics of the result."""
    tracer, metrics = tracer_and_metrics()
    try:
        with tracer.provider.in_subsegment(f"## {name}"):
            result = run_logged(name, event, run)
        for metric, count in result.get("metrics", {}).items():
            metrics.add_metric(name=metric, unit="Count", value=count)
        return result
    except Exception as error:
        metric = type(error).__name__ if isinstance(error, OmsError) else "Defect"
        metrics.add_metric(name=metric, unit="Count", value=1)
        raise
    finally:
        if metrics.metric_set:
            metrics.flush_metrics()


def run_logged(name: str, event: Mapping[str, Any], run: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Runs with the order, the execution and its request in every log line of this thread."""
    log = logger()
    keys = {"task": name, "request_id": input_field(event, "request_id")}
    keys |= {key: event[key] for key in ("order_id", "execution", "report") if key in event}
    log.thread_safe_append_keys(**keys)
    try:
        result = run()
        log.info("done")
        return result
    except OmsError as error:
        level = log.info if isinstance(error, Rejection) else log.warning
        level("%s: %s", type(error).__name__, error)
        raise
    except Exception:
        log.exception("defect")
        raise
    finally:
        log.thread_safe_remove_keys(keys)


@cache
def logger() -> Logger:
    from aws_lambda_powertools import Logger

    return Logger(service=SERVICE)


@cache
def tracer_and_metrics() -> tuple[Tracer, Metrics]:
    from aws_lambda_powertools import Metrics, Tracer

    return Tracer(service=SERVICE, auto_patch=False), Metrics(namespace=NAMESPACE, service=SERVICE)


@cache
def validator(name: str) -> Validator:
    """For a command's schema in ``commands.schema.json``, compiled once."""
    from jsonschema import Draft202012Validator

    schemas = json.loads(SCHEMAS.read_text())
    return Draft202012Validator({**schemas["$defs"][name], "$defs": schemas["$defs"]})
