"""What makes a function a task: its command checked, its deps built, its logs and metrics named.

Lambda calls ``handler(event, context)``, a test calls ``handler.run(event, deps)``. Nothing heavy is imported
until the first call: Powertools, jsonschema and the SDKs together would double a cold start that fails early.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, get_type_hints

from oms.adapters.metrics import NAMESPACE, SERVICE
from oms.application.commit import commit
from oms.domain.change import Change
from oms.domain.errors import InvalidCommand, OmsError, Rejection
from oms.domain.order import Order
from oms.ports import Deps

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics, Tracer
    from jsonschema.protocols import Validator

SCHEMAS = Path(__file__).parent / "commands.schema.json"


class AboutOrder(Protocol):
    """What a state machine asks for about one order."""

    @property
    def order_id(self) -> str: ...


C = TypeVar("C")
"""A command: a dataclass, whose name is the task's."""


class Task(Generic[C]):
    """A callable for Lambda, and ``run`` for whoever has deps of their own."""

    def __init__(self, handle: Callable[[C, Deps], Mapping[str, Any]], command: type[C]) -> None:
        self.handle = handle
        self.command = command
        self._names = _names(command)
        self.__doc__ = handle.__doc__

    def __call__(self, event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
        from oms.adapters.wiring import deps

        return observed(self.command.__name__, event, lambda: self.run(event, deps()))

    def run(self, event: Mapping[str, Any], deps: Deps) -> Mapping[str, Any]:
        """The task's answer, as JSON. Raises a leaf of ``OmsError``."""
        return self.handle(self.parsed(event), deps)

    def load(self) -> None:
        """Load now what the first call would load."""
        logger()
        validator(self.command.__name__)

    def parsed(self, event: Mapping[str, Any]) -> C:
        """The command that an event is. Raises ``InvalidCommand`` for what isn't one."""
        error = next(validator(self.command.__name__).iter_errors(event), None)
        if error is not None:
            raise InvalidCommand(f"{self.command.__name__} at {error.json_path}: {error.message}")
        told = {name: begun_with(event, name) for name in ("request_id", "by")} | dict(event)
        return self.command(**{name: told[name] for name in self._names if name in told})


def task(handle: Callable[[C, Deps], Mapping[str, Any]]) -> Task[C]:
    """Make a Lambda of a function from a command and deps; the command's class names the task."""
    parameter = next(iter(handle.__annotations__))
    return Task(handle, get_type_hints(handle)[parameter])


def act(command: AboutOrder, deps: Deps, decide: Callable[[Order], Change], by: str = "") -> Order:
    """Change the command's order, in the task's name, or in that of who asked for it."""
    return commit(deps, command.order_id, by or type(command).__name__, decide)


def begun_with(event: Mapping[str, Any], name: str) -> str:
    """What the asking execution's input tells of the request that it came of: its ``request_id``, or ``by`` whom it is.
    Empty where it came of none, or of an early one."""
    given = event.get("input")
    return str(given.get(name, "")) if isinstance(given, Mapping) else ""


def observed(name: str, event: Mapping[str, Any], run: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Run ``logged``, with a trace, and a count of every error by name, and of whatever else the answer says is to be
    counted."""
    tracer, metrics = tracer_and_metrics()
    try:
        with tracer.provider.in_subsegment(f"## {name}"):
            answer = logged(name, event, run)
        for counted, count in answer.get("metrics", {}).items():
            metrics.add_metric(name=counted, unit="Count", value=count)
        return answer
    except Exception as error:
        counted = type(error).__name__ if isinstance(error, OmsError) else "Defect"
        metrics.add_metric(name=counted, unit="Count", value=1)
        raise
    finally:
        if metrics.metric_set:
            metrics.flush_metrics()


def logged(name: str, event: Mapping[str, Any], run: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Run with the order, the execution and the request that it came of in every log line of this thread."""
    log = logger()
    about = {"task": name, "request_id": begun_with(event, "request_id")}
    about |= {key: event[key] for key in ("order_id", "execution", "report") if key in event}
    log.thread_safe_append_keys(**about)
    try:
        answer = run()
        log.info("done")
        return answer
    except OmsError as error:
        level = log.info if isinstance(error, Rejection) else log.warning
        level("%s: %s", type(error).__name__, error)
        raise
    except Exception:
        log.exception("defect")
        raise
    finally:
        log.thread_safe_remove_keys(about)


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
    """Compiled once. The commands' schemas are in ``commands.schema.json``, by the command's name."""
    from jsonschema import Draft202012Validator

    schemas = json.loads(SCHEMAS.read_text())
    return Draft202012Validator({**schemas["$defs"][name], "$defs": schemas["$defs"]})


def _names(command: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(command))
