"""State machines compiled on demand, by every ARN that reaches them."""

from __future__ import annotations

from typing import Any

from asl.engine.definition import StateMachine
from asl.server.arns import parse
from asl.server.errors import ApiError
from asl.server.registry import Registry


class Compiled(StateMachine):
    """A revision of a state machine, compiled.

    Attributes:
        revision: the revision's key.
    """

    def __init__(self, revision: str, definition: str, **about: Any) -> None:
        super().__init__(definition, any_task=True, **about)  # its creation was judged already
        self.revision = revision


class Catalogue(dict[str, StateMachine]):
    """What the engine sees of the registry: a machine for the ARN of a state machine, a version or an alias."""

    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self.registry = registry
        self.compiled: dict[str, Compiled] = {}

    def revision(self, key: str) -> Compiled:
        """The machine of a revision; compiled once."""
        found = self.compiled.get(key)
        if found is None:
            revision = self.registry.revision(key)
            name = revision.machine.rpartition(":")[2]
            about: dict[str, Any] = {
                "name": name,
                "type": revision.type,
                "arn": revision.machine,
                "role_arn": revision.role,
            }
            found = self.compiled[key] = Compiled(key, revision.definition, **about)
        return found

    def __contains__(self, arn: object) -> bool:
        try:
            self.registry.target(parse(str(arn), "stateMachine"))
        except ApiError:
            return False
        return True

    def __getitem__(self, arn: str) -> StateMachine:
        return self.revision(self.registry.target(parse(arn, "stateMachine")).revision.arn)

    def setdefault(self, arn: str, default: Any = None) -> Any:
        """The registry alone says what there is."""
        return default
