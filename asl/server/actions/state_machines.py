"""The actions on state machines: create, update, describe, delete, list, validate.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.server.actions import pagination
from asl.server.actions.versions import VersionActions
from asl.server.arns import Account, parse
from asl.server.errors import ApiError, invalid, no_machine
from asl.server.resource_registry import DEFAULTS, INITIAL, SETTINGS, MachineRecord, ResourceRegistry, Revision
from asl.validation import validate_definition
from asl.validation.requests import check_definition, check_logging, check_name

Request = dict[str, Any]
Reply = dict[str, Any]


class StateMachineActions:
    """The actions on state machines.

    Args:
        any_task: also accept tasks that the engine can't call, because mocks replace them.
    """

    def __init__(
        self,
        registry: ResourceRegistry,
        account: Account,
        now: Callable[[], float],
        versions: VersionActions,
        any_task: bool,
    ) -> None:
        self.registry = registry
        self.account = account
        self.now = now
        self.versions = versions
        self.any_task = any_task

    def create_state_machine(self, request: Request) -> Reply:
        check_name(request["name"])
        arn = self.account.arn("stateMachine", request["name"])
        if "versionDescription" in request and not request.get("publish"):
            raise invalid("Version description can only be set when publish is true")
        check_definition(request["definition"], request.get("type", "STANDARD"), any_task=self.any_task)
        settings = _settings(request)
        existing = self.registry.by_arn.get(arn)
        if isinstance(existing, MachineRecord):
            self._check_same(existing, request, settings)
            record = existing
        else:
            record = self._create(arn, request, settings)
        reply = {"stateMachineArn": arn, "creationDate": record.created}
        if request.get("publish"):
            reply["stateMachineVersionArn"] = self.versions.publish(record, request.get("versionDescription", "")).arn
        return reply

    def _create(self, arn: str, request: Request, settings: dict[str, Any]) -> MachineRecord:
        at = self.now()
        tags = {tag["key"]: tag.get("value", "") for tag in request.get("tags", ())}
        kind = request.get("type", "STANDARD")
        attributes = {"type": kind, "definition": request["definition"], "role": request["roleArn"]}
        revision = self.registry.add_revision(arn, **attributes, updated=at, settings=settings)
        record = MachineRecord(arn, request["name"], kind, at, revision.arn, tags=tags)
        self.registry.put(record)
        return record

    def _check_same(self, record: MachineRecord, request: Request, settings: dict[str, Any]) -> None:
        """Raises StateMachineAlreadyExists if the existing machine differs. AWS ignores the role and the tags here."""
        revision = self.registry.revision(record.revision)
        existing = (revision.definition, record.type, revision.settings)
        if existing != (request["definition"], request.get("type", "STANDARD"), settings):
            raise ApiError("StateMachineAlreadyExists", f"State Machine Already Exists: '{record.arn}'")

    def update_state_machine(self, request: Request) -> Reply:
        arn = parse(request["stateMachineArn"], "stateMachine")
        if arn.qualifier:
            raise no_machine(arn.text)
        record = self.registry.machine(arn.text)
        if not {"definition", "roleArn", *SETTINGS} & request.keys():
            required = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration"
            raise ApiError("MissingRequiredParameter", f"{required} must be specified")
        if "definition" in request:
            check_definition(request["definition"], record.type, any_task=self.any_task)
        revision = self._revise(record, request)
        reply = {"updateDate": revision.updated, "revisionId": revision.id}
        if request.get("publish"):
            version = self.versions.publish(record, request.get("versionDescription", ""))
            reply["stateMachineVersionArn"] = version.arn
        return reply

    def _revise(self, record: MachineRecord, request: Request) -> Revision:
        before = self.registry.revision(record.revision)
        settings = _settings({**before.settings, **{name: request[name] for name in SETTINGS if name in request}})
        definition, role = request.get("definition", before.definition), request.get("roleArn", before.role)
        attributes = {"type": record.type, "definition": definition, "role": role, "updated": self.now()}
        revision = self.registry.add_revision(record.arn, **attributes, settings=settings)
        record.revision = revision.arn
        self.registry.put(record)
        return revision

    def describe_state_machine(self, request: Request) -> Reply:
        arn = parse(request["stateMachineArn"], "stateMachine")
        target = self.registry.target(arn)
        reply = describe_revision(target.machine.name, target.revision, request.get("includedData"))
        reply |= {"type": target.machine.type, "status": "ACTIVE", "stateMachineArn": arn.text}
        if target.version:
            version = self.versions.version(target.version)
            return reply | {"creationDate": version.created, "description": version.description}
        return reply | {"creationDate": target.machine.created}

    def delete_state_machine(self, request: Request) -> Reply:
        arn = parse(request["stateMachineArn"], "stateMachine")
        if isinstance(record := self.registry.by_arn.get(arn.text), MachineRecord):
            self.registry.remove(self.registry.aliases(record.arn))
            self.registry.remove(self.registry.versions(record.arn))
            self.registry.remove([record])  # revisions stay: executions are computed from them
        return {}

    def list_state_machines(self, request: Request) -> Reply:
        records = sorted(self.registry.machines(), key=lambda record: record.name)
        items, next_page = pagination.page(request, "machines", pagination.slices(records))
        listed = [{"stateMachineArn": m.arn, "name": m.name, "type": m.type, "creationDate": m.created} for m in items]
        return {"stateMachines": listed} | next_page

    def validate_state_machine_definition(self, request: Request) -> Reply:
        return validate_definition(request)


def describe_revision(name: str, revision: Revision, included: str | None) -> Reply:
    """The common part of DescribeStateMachine and DescribeStateMachineForExecution."""
    description = {
        "name": name,
        "roleArn": revision.role,
        "definition": "" if included == "METADATA_ONLY" else revision.definition,
        **revision.settings,
    }
    return description if revision.id == INITIAL else description | {"revisionId": revision.id}


def _settings(request: Request) -> dict[str, Any]:
    check_logging(request.get("loggingConfiguration"))
    return {name: request.get(name) or DEFAULTS[name] for name in SETTINGS}
