"""The state machines that the server knows, with revisions, versions, aliases and tags: in memory, kept by the store.

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
from asl.server.store import Store

INITIAL = "INITIAL"
KEPT = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
DEFAULTS: dict[str, Any] = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}


@dataclass(slots=True)
class Revision:
    """What a state machine was from one update to the next; never changed, and kept when the machine is deleted.

    Attributes:
        arn: its key, the machine's ARN and a random part.
        id: its name in the API.
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
        revision: the key of its latest revision, which is what runs.
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
    """What a state machine ARN means at this moment: the machine, the revision to run, and what it was reached by."""

    machine: MachineRecord
    revision: Revision
    version: str | None = None
    alias: str | None = None


class Registry:
    """Everything that has an ARN but executions, by it, in the order it was made."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.by_arn: dict[str, Record] = {arn: KINDS[kind](**body) for kind, arn, body in store.resources()}
        self.routing = Random(0)

    def put(self, record: Record) -> None:
        """Keep a new or a changed record."""
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
        found = [each for each in self.by_arn.values() if isinstance(each, Version) and each.machine == machine]
        return found[::-1]

    def aliases(self, machine: str) -> list[Alias]:
        return [each for each in self.by_arn.values() if isinstance(each, Alias) and each.machine == machine]

    def machine(self, arn: str) -> MachineRecord:
        """The machine of that very ARN. Raises StateMachineDoesNotExist."""
        found = self.by_arn.get(arn)
        if not isinstance(found, MachineRecord):
            raise no_machine(arn)
        return found

    def revision(self, key: str) -> Revision:
        found = self.by_arn[key]
        assert isinstance(found, Revision)
        return found

    def revise(self, machine: str, **about: Any) -> Revision:
        """A new revision of a machine, `about` being Revision's other attributes; the first is called INITIAL."""
        number = str(uuid.uuid4())
        revision = Revision(f"{machine}#{number}", machine, number if machine in self.by_arn else INITIAL, **about)
        self.put(revision)
        return revision

    def target(self, arn: Arn) -> Target:
        """The revision behind an ARN, through its version, or through an alias by its weights."""
        machine = self.machine(arn.base)
        if arn.qualifier is None:
            return Target(machine, self.revision(machine.revision))
        found = self.by_arn.get(arn.text)
        if isinstance(found, Alias):
            version = self.by_arn[self._pick(found)]
            assert isinstance(version, Version)
            return Target(machine, self.revision(version.revision), version.arn, found.arn)
        if isinstance(found, Version):
            return Target(machine, self.revision(found.revision), found.arn)
        raise no_machine(arn.text)

    def _pick(self, alias: Alias) -> str:
        arns: list[str] = [route["stateMachineVersionArn"] for route in alias.routes]
        return self.routing.choices(arns, [route["weight"] for route in alias.routes])[0]
