"""The scope of an expression: the data that it can read while a state runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

_DEFAULT_RANDOM: Random = Random(0)


@dataclass(slots=True)
class Scope:
    """The values of ``$``, ``$$``, ``$name`` and ``$states``, the random generator and the clock.

    Attributes:
        input: the JSON value of ``$`` for this field.
        context: the context object, ``$$``.
        variables: the workflow variables in scope, by name.
        states: JSONata's ``$states``: ``input``, ``context``, ``result``, ``errorOutput``.
        random: the seeded generator of ``States.UUID``, ``States.MathRandom``, ``$uuid`` and ``$random``.
        now: the engine's clock in seconds since 1970, read by ``$now`` and ``$millis``.
    """

    input: Any
    context: dict[str, Any]
    variables: dict[str, Any] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    random: Random = field(default_factory=lambda: _DEFAULT_RANDOM)
    now: Callable[[], float] = time.time


Expression = Callable[[Scope], Any]
"""A compiled path, template, JSONata expression or choice rule; raises ``StatesError``."""
