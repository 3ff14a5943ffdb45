"""The registry of state machines, revisions, versions, aliases and activities: in memory, and stored in SQLite.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from asl.server.arns import Arn
from asl.server.errors import no_machine
from asl.server.execution_store import ExecutionStore

INITIAL = "INITIAL"
SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
DEFAULTS: dict[str, Any] = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}


@dataclass(slots=True)
class Revision:
    """An immutable revision of a state machine. It stays when the state machine is deleted.

    Attributes:
        arn: its key: the state machine's ARN and a random part.
        id: its ``revisionId`` in the API.
    """

    arn: str
    machine: str
    id: str
    type: str
    definition: str
    role: str
    updated: float
    settings: dict[str, Any]


@dataclass(slots=True)
class MachineRecord:
    """A state machine.

    Attributes:
        revision: the key of its latest revision, which new executions run.
        versions: the number of its latest version.
    """

    arn: str
    name: str
    type: str
    created: float
    revision: str
    versions: int = 0
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Version:
    arn: str
    machine: str
    revision: str
    description: str
    created: float


@dataclass(slots=True)
class Alias:
    arn: str
    machine: str
    name: str
    description: str
    routes: list[dict[str, Any]]
    created: float
    updated: float


@dataclass(slots=True)
class Activity:
    arn: str
    name: str
    created: float
    tags: dict[str, str] = field(default_factory=dict)
    encryption: dict[str, Any] = field(default_factory=lambda: dict(DEFAULTS["encryptionConfiguration"]))


Record = Revision | MachineRecord | Version | Alias | Activity
KINDS: dict[str, type[Record]] = {
    "revision": Revision,
    "machine": MachineRecord,
    "version": Version,
    "alias": Alias,
    "activity": Activity,
}
NAMES = {record: kind for kind, record in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Target:
    """What a state machine ARN refers to now: the machine, the revision to run, and the version or alias in the ARN."""

    machine: MachineRecord
    revision: Revision
    version: str | None = None
    alias: str | None = None


class ResourceRegistry:
    """All resources except executions, by ARN, in order of creation."""

    def __init__(self, store: ExecutionStore) -> None:
        self.store = store
        self.by_arn: dict[str, Record] = {arn: KINDS[kind](**body) for kind, arn, body in store.resources()}
        self.routing = Random(0)

    def put(self, record: Record) -> None:
        """Store a new or changed record."""
        self.by_arn[record.arn] = record
        self.store.put_resource(NAMES[type(record)], record.arn, asdict(record))

    def remove(self, records: Iterable[Record]) -> None:
        for record in list(records):
            del self.by_arn[record.arn]
            self.store.delete_resource(record.arn)

    def machines(self) -> list[MachineRecord]:
        return [record for record in self.by_arn.values() if isinstance(record, MachineRecord)]

    def activities(self) -> list[Activity]:
        return [record for record in self.by_arn.values() if isinstance(record, Activity)]

    def versions(self, machine: str) -> list[Version]:
        """A machine's versions, newest first."""
        versions = [each for each in self.by_arn.values() if isinstance(each, Version) and each.machine == machine]
        return versions[::-1]

    def aliases(self, machine: str) -> list[Alias]:
        return [each for each in self.by_arn.values() if isinstance(each, Alias) and each.machine == machine]

    def machine(self, arn: str) -> MachineRecord:
        """The state machine with exactly this ARN. Raises StateMachineDoesNotExist."""
        record = self.by_arn.get(arn)
        if not isinstance(record, MachineRecord):
            raise no_machine(arn)
        return record

    def revision(self, key: str) -> Revision:
        revision = self.by_arn[key]
        assert isinstance(revision, Revision)
        return revision

    def add_revision(self, machine: str, **attributes: Any) -> Revision:
        """Add a revision with these attributes of `Revision`. The id of the first one is INITIAL."""
        number = str(uuid.uuid4())
        revision = Revision(f"{machine}#{number}", machine, number if machine in self.by_arn else INITIAL, **attributes)
        self.put(revision)
        return revision

    def target(self, arn: Arn) -> Target:
        """Resolve a state machine ARN. An alias picks one of its versions by weight."""
        machine = self.machine(arn.base)
        if arn.qualifier is None:
            return Target(machine, self.revision(machine.revision))
        record = self.by_arn.get(arn.text)
        if isinstance(record, Alias):
            version = self.by_arn[self._pick_version(record)]
            assert isinstance(version, Version)
            return Target(machine, self.revision(version.revision), version.arn, record.arn)
        if isinstance(record, Version):
            return Target(machine, self.revision(record.revision), record.arn)
        raise no_machine(arn.text)

    def _pick_version(self, alias: Alias) -> str:
        arns: list[str] = [route["stateMachineVersionArn"] for route in alias.routes]
        return self.routing.choices(arns, [route["weight"] for route in alias.routes])[0]
