"""What an expression can see while a state runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Scope:
    """The values behind ``$``, ``$$``, ``$name`` and ``$states``.

    Attributes:
        input: the JSON value that ``$`` means to this field.
        context: the context object, ``$$``.
        variables: the workflow variables in scope, by name.
        states: JSONata's ``$states``: ``input``, ``context``, ``result``, ``errorOutput``.
    """

    input: Any
    context: dict[str, Any]
    variables: dict[str, Any] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)


Expression = Callable[[Scope], Any]
"""A compiled path, template, JSONata expression or choice rule; raises ``StatesError``."""
