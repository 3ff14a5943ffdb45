"""Where a world stood, and putting it back there: what comes before a fault is played once for all faults there.

All that changes is put back in place, each object to the values that it held, so that whoever refers to an object
still does. What never changes is left alone: numbers and texts, frozen dataclasses, functions, compiled machines, and
the engine's JSON, which is replaced and never written to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import cache
from random import Random
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from asl.engine.definition import StateMachine
from asl.engine.execution_thread import State

UNCHANGING = (FunctionType, MethodType, BuiltinFunctionType, ModuleType, type, BaseException, Enum, StateMachine, State)
JSON = frozenset({"value", "variables", "item", "input", "output", "payload", "context", "credentials", "submitted"})
"""The attributes in which the engine's objects hold it; `records` is a list of nothing else."""
UNSET: Any = object()


class Memory:
    """How the objects stood, and all that they refer to, when this was made."""

    def __init__(self, roots: Iterable[object]) -> None:
        self._seen: dict[int, object] = {}
        self._objects: list[tuple[Any, tuple[tuple[str, Any], ...]]] = []
        self._spaces: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._lists: list[tuple[Any, Any]] = []
        self._fillings: list[tuple[Any, Any]] = []
        self._randoms: list[tuple[Random, Any]] = []
        left: list[Any] = list(roots)
        while left:
            each = left.pop()
            if id(each) not in self._seen:
                left.extend(self._keep(each))

    def restore(self) -> None:
        """Put everything back; as often as wanted."""
        for each, slots in self._objects:
            for name, value in slots:
                setattr(each, name, value)
        for space, kept in self._spaces:
            if space.keys() != kept.keys():
                space.clear()
            space.update(kept)
        for each, items in self._lists:
            each[:] = items
        for each, items in self._fillings:
            each.clear()
            each.update(items)
        for random, state in self._randoms:
            random.setstate(state)

    def _keep(self, each: Any) -> Iterable[Any]:
        """Remember one object; what it refers to."""
        kind: Any = type(each)
        if is_unchanging(kind):
            return ()
        self._seen[id(each)] = each
        if kind is Random:
            self._randoms.append((each, each.getstate()))
        elif kind is list:
            self._lists.append((each, each.copy()))
        elif kind is deque:
            self._fillings.append((Queue(each), tuple(each)))
        elif kind is set or issubclass(kind, dict):
            self._fillings.append((each, each.copy()))
        elif kind is not tuple:
            return self._keep_fields(each)
        return referred(each)

    def _keep_fields(self, each: Any) -> Iterator[Any]:
        kind: Any = type(each)
        held = [(name, value) for name in slots_of(kind) if (value := getattr(each, name, UNSET)) is not UNSET]
        if held:
            self._objects.append((each, tuple(held)))
        space = getattr(each, "__dict__", None)
        if space:
            self._spaces.append((space, space.copy()))
            held += space.items()
        for name, value in held:
            if name == "records":
                self._lists.append((value, value.copy()))
            elif name not in JSON:
                yield value


def referred(each: Any) -> Iterable[Any]:
    if isinstance(each, Random):
        return ()
    return tuple(each.values() if isinstance(each, dict) else each)


class Queue:
    """A deque as something that is cleared and filled again."""

    def __init__(self, queue: deque[Any]) -> None:
        self.clear: Callable[[], None] = queue.clear
        self.update: Callable[[Iterable[Any]], None] = queue.extend


@cache
def is_unchanging(kind: Any) -> bool:
    if issubclass(kind, UNCHANGING):
        return True
    dataclass = getattr(kind, "__dataclass_params__", None)
    if dataclass is not None:
        return bool(dataclass.frozen)
    is_container = kind in (tuple, list, set, deque, Random) or issubclass(kind, dict)
    return not is_container and not slots_of(kind) and not kind.__dictoffset__


@cache
def slots_of(kind: Any) -> tuple[str, ...]:
    found = [name for base in kind.__mro__ for name in base.__dict__.get("__slots__", ())]
    return tuple(name for name in found if name not in ("__dict__", "__weakref__"))
