"""Compiled state machines, by the ARN of a state machine, a version or an alias. Each revision is compiled once."""

from __future__ import annotations

from typing import Any

from asl.engine.definition import StateMachine
from asl.server.arns import parse
from asl.server.errors import ApiError
from asl.server.resource_registry import ResourceRegistry


class CompiledMachine(StateMachine):
    """A compiled revision of a state machine.

    Attributes:
        revision: the revision's key.
    """

    def __init__(self, revision: str, definition: str, **options: Any) -> None:
        super().__init__(definition, any_task=True, **options)  # CreateStateMachine has validated it
        self.revision = revision


class CompiledMachines(dict[str, StateMachine]):
    """The engine's view of the registry: a mapping from ARNs to machines, computed on demand."""

    def __init__(self, registry: ResourceRegistry) -> None:
        super().__init__()
        self.registry = registry
        self.by_revision: dict[str, CompiledMachine] = {}

    def revision(self, key: str) -> CompiledMachine:
        """The machine of a revision."""
        machine = self.by_revision.get(key)
        if machine is None:
            revision = self.registry.revision(key)
            options: dict[str, Any] = {
                "name": revision.machine.rpartition(":")[2],
                "type": revision.type,
                "arn": revision.machine,
                "role_arn": revision.role,
            }
            machine = self.by_revision[key] = CompiledMachine(key, revision.definition, **options)
        return machine

    def __contains__(self, arn: object) -> bool:
        try:
            self.registry.target(parse(str(arn), "stateMachine"))
        except ApiError:
            return False
        return True

    def __getitem__(self, arn: str) -> StateMachine:
        return self.revision(self.registry.target(parse(arn, "stateMachine")).revision.arn)

    def setdefault(self, arn: str, default: Any = None) -> Any:
        """Does nothing: machines come only from the registry."""
        return default
