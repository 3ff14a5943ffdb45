"""A frozen record with some of its fields changed, for those that are changed all the time: an order and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import replace  # which the type checker knows by name, and holds every field's type
else:
    R = TypeVar("R")

    def replace(record: R, /, **changes: Any) -> R:
        """As ``dataclasses.replace``, some ten times as fast, for those that have no slots and check nothing."""
        made = object.__new__(type(record))
        known = made.__dict__
        known.update(record.__dict__)
        count = len(known)
        known.update(changes)
        if len(known) != count:
            raise TypeError(f"{type(record).__name__} has no {', '.join(sorted(changes.keys() - record.__dict__))}")
        return made


__all__ = ["replace"]
