"""A fast ``dataclasses.replace``, for an order and its parts: folding a history calls it for every event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import replace  # the type checker knows it by name, and checks the type of every field
else:
    R = TypeVar("R")

    def replace(record: R, /, **changes: Any) -> R:
        """About ten times as fast as ``dataclasses.replace``, for classes without slots and ``__post_init__``."""
        copy = object.__new__(type(record))
        values = copy.__dict__
        values.update(record.__dict__)
        count = len(values)
        values.update(changes)
        if len(values) != count:
            raise TypeError(f"{type(record).__name__} has no {', '.join(sorted(changes.keys() - record.__dict__))}")
        return copy


__all__ = ["replace"]
