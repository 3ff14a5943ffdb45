"""Snapshots of a world: the common beginning of many runs is played once, and restored for each of them.

A restore writes the old values into the same objects, so that references to them stay valid. A snapshot skips what
never changes: numbers and strings, frozen dataclasses, functions, compiled machines, and the engine's JSON values,
which the engine replaces and never modifies.
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

IMMUTABLE = (FunctionType, MethodType, BuiltinFunctionType, ModuleType, type, BaseException, Enum, StateMachine, State)
JSON = frozenset({"value", "variables", "item", "input", "output", "payload", "context", "credentials", "submitted"})
"""The attributes of the engine's objects that hold JSON values. `records` is a list of JSON values."""
UNSET: Any = object()


class WorldSnapshot:
    """The values of some objects, and of all objects that they refer to, at one time."""

    def __init__(self, roots: Iterable[object]) -> None:
        self._by_id: dict[int, object] = {}
        self._slots: list[tuple[Any, tuple[tuple[str, Any], ...]]] = []
        self._attributes: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._lists: list[tuple[Any, Any]] = []
        self._collections: list[tuple[Any, Any]] = []
        self._randoms: list[tuple[Random, Any]] = []
        remaining: list[Any] = list(roots)
        while remaining:
            each = remaining.pop()
            if id(each) not in self._by_id:
                remaining.extend(self._add(each))

    def restore(self) -> None:
        """Write all values back. It can be called any number of times."""
        for each, slots in self._slots:
            for name, value in slots:
                setattr(each, name, value)
        for attributes, values in self._attributes:
            if attributes.keys() != values.keys():
                attributes.clear()
            attributes.update(values)
        for each, items in self._lists:
            each[:] = items
        for each, items in self._collections:
            each.clear()
            each.update(items)
        for random, state in self._randoms:
            random.setstate(state)

    def _add(self, each: Any) -> Iterable[Any]:
        """Add one object; returns the objects that it refers to."""
        kind: Any = type(each)
        if is_immutable(kind):
            return ()
        self._by_id[id(each)] = each
        if kind is Random:
            self._randoms.append((each, each.getstate()))
        elif kind is list:
            self._lists.append((each, each.copy()))
        elif kind is deque:
            self._collections.append((ClearableDeque(each), tuple(each)))
        elif kind is set or issubclass(kind, dict):
            self._collections.append((each, each.copy()))
        elif kind is not tuple:
            return self._add_fields(each)
        return references_of(each)

    def _add_fields(self, each: Any) -> Iterator[Any]:
        kind: Any = type(each)
        fields = [(name, value) for name in slots_of(kind) if (value := getattr(each, name, UNSET)) is not UNSET]
        if fields:
            self._slots.append((each, tuple(fields)))
        attributes = getattr(each, "__dict__", None)
        if attributes:
            self._attributes.append((attributes, attributes.copy()))
            fields += attributes.items()
        for name, value in fields:
            if name == "records":
                self._lists.append((value, value.copy()))
            elif name not in JSON:
                yield value


def references_of(each: Any) -> Iterable[Any]:
    if isinstance(each, Random):
        return ()
    return tuple(each.values() if isinstance(each, dict) else each)


class ClearableDeque:
    """A deque with the interface of a set: clear and update."""

    def __init__(self, queue: deque[Any]) -> None:
        self.clear: Callable[[], None] = queue.clear
        self.update: Callable[[Iterable[Any]], None] = queue.extend


@cache
def is_immutable(kind: Any) -> bool:
    if issubclass(kind, IMMUTABLE):
        return True
    dataclass = getattr(kind, "__dataclass_params__", None)
    if dataclass is not None:
        return bool(dataclass.frozen)
    is_container = kind in (tuple, list, set, deque, Random) or issubclass(kind, dict)
    return not is_container and not slots_of(kind) and not kind.__dictoffset__


@cache
def slots_of(kind: Any) -> tuple[str, ...]:
    names = [name for base in kind.__mro__ for name in base.__dict__.get("__slots__", ())]
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))
