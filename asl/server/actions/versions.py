"""The actions on versions and aliases.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from asl.server.actions import pagination
from asl.server.arns import Arn, parse
from asl.server.errors import ApiError, invalid, invalid_arn, no_resource
from asl.server.resource_registry import Alias, MachineRecord, ResourceRegistry, Version

Request = dict[str, Any]
Reply = dict[str, Any]
VERSION_NUMBER = re.compile(r"\d+")
MAX_VERSIONS = 1000


class VersionActions:
    """The actions on the versions and aliases of state machines."""

    def __init__(self, registry: ResourceRegistry, now: Callable[[], float]) -> None:
        self.registry = registry
        self.now = now

    def publish_state_machine_version(self, request: Request) -> Reply:
        machine = self.registry.machine(parse(request["stateMachineArn"], "stateMachine").text)
        current = self.registry.revision(machine.revision).id
        requested = request.get("revisionId") or current
        if requested != current:
            message = f"Failed to publish the State Machine version for revision {requested}. "
            raise ApiError("ConflictException", f"{message}The current State Machine revision is {current}.")
        version = self.publish(machine, request.get("description", ""))
        return {"creationDate": version.created, "stateMachineVersionArn": version.arn}

    def publish(self, machine: MachineRecord, description: str) -> Version:
        """Publish the latest revision of a state machine. A revision that is published already keeps its version."""
        latest = next(iter(self.registry.versions(machine.arn)), None)
        if latest is not None and latest.revision == machine.revision:
            if description and description != latest.description:
                message = "This revision has been published already, with a different description."
                raise ApiError("ConflictException", message)
            return latest
        if len(self.registry.versions(machine.arn)) >= MAX_VERSIONS:
            raise ApiError("ServiceQuotaExceededException", f"A state machine has {MAX_VERSIONS} versions at most.")
        machine.versions += 1
        self.registry.put(machine)
        arn = f"{machine.arn}:{machine.versions}"
        version = Version(arn, machine.arn, machine.revision, description, self.now())
        self.registry.put(version)
        return version

    def version(self, arn: str) -> Version:
        version = self.registry.by_arn.get(arn)
        if not isinstance(version, Version):
            raise no_resource(arn)
        return version

    def delete_state_machine_version(self, request: Request) -> Reply:
        arn = _qualified(request["stateMachineVersionArn"])
        alias_names = [alias.name for alias in self.registry.aliases(arn.base) if arn.text in _routed(alias)]
        if alias_names:
            message = "Version to be deleted must not be referenced by an alias. "
            listed = f"Current list of aliases referencing this version: [{', '.join(alias_names)}]"
            raise ApiError("ConflictException", message + listed)
        if isinstance(version := self.registry.by_arn.get(arn.text), Version):
            self.registry.remove([version])
        return {}

    def list_state_machine_versions(self, request: Request) -> Reply:
        arn = parse(request["stateMachineArn"], "stateMachine").text
        items, next_page = pagination.page(request, f"versions {arn}", pagination.slices(self.registry.versions(arn)))
        listed = [{"stateMachineVersionArn": each.arn, "creationDate": each.created} for each in items]
        return {"stateMachineVersions": listed} | next_page

    def create_state_machine_alias(self, request: Request) -> Reply:
        routes = self._checked_routes(request["routingConfiguration"])
        machine = parse(routes[0]["stateMachineVersionArn"], "stateMachine").base
        name, description = request["name"], request.get("description", "")
        if VERSION_NUMBER.fullmatch(name):
            raise invalid(f"Alias name must not be a number: '{name}'")
        arn, at = f"{machine}:{name}", self.now()
        alias = self.registry.by_arn.get(arn)
        if not isinstance(alias, Alias):
            alias = Alias(arn, machine, name, description, routes, at, at)
            self.registry.put(alias)
        elif (alias.description, alias.routes) != (description, routes):
            message = "Failed to create alias because an alias with the same name and a different routing configuration"
            raise ApiError("ConflictException", f"{message} already exists.")
        return {"stateMachineAliasArn": arn, "creationDate": alias.created}

    def update_state_machine_alias(self, request: Request) -> Reply:
        alias = self._alias(request)
        if "routingConfiguration" in request:
            alias.routes = self._checked_routes(request["routingConfiguration"], alias.machine)
        alias.description = request.get("description", alias.description)
        alias.updated = self.now()
        self.registry.put(alias)
        return {"updateDate": alias.updated}

    def describe_state_machine_alias(self, request: Request) -> Reply:
        alias = self._alias(request)
        return {
            "stateMachineAliasArn": alias.arn,
            "name": alias.name,
            "description": alias.description,
            "routingConfiguration": alias.routes,
            "creationDate": alias.created,
            "updateDate": alias.updated,
        }

    def delete_state_machine_alias(self, request: Request) -> Reply:
        self.registry.remove([self._alias(request)])
        return {}

    def list_state_machine_aliases(self, request: Request) -> Reply:
        arn = parse(request["stateMachineArn"], "stateMachine")
        self.registry.target(arn)
        aliases = self.registry.aliases(arn.base)
        if arn.qualifier:
            aliases = [alias for alias in aliases if arn.text in _routed(alias)]
        items, next_page = pagination.page(request, f"aliases {arn.text}", pagination.slices(aliases))
        listed = [{"stateMachineAliasArn": each.arn, "creationDate": each.created} for each in items]
        return {"stateMachineAliases": listed} | next_page

    def _alias(self, request: Request) -> Alias:
        arn = _qualified(request["stateMachineAliasArn"])
        alias = self.registry.by_arn.get(arn.text)
        if not isinstance(alias, Alias):
            raise no_resource(arn.text)
        return alias

    def _checked_routes(self, routes: list[dict[str, Any]], machine: str | None = None) -> list[dict[str, Any]]:
        arns = [_qualified(route["stateMachineVersionArn"]) for route in routes]
        weights = [route["weight"] for route in routes]
        if sum(weights) != 100:
            raise invalid(f"Sum of routing configuration weights must equal 100. Received: {weights}")
        if len({arn.text for arn in arns}) != len(arns):
            raise invalid(
                "Routing configuration must contain distinct state machine version ARNs. Received: " + _texts(arns)
            )
        if {arn.base for arn in arns} != {machine or arns[0].base}:
            raise invalid(f"Routing configuration must contain versions of one state machine. Received: {_texts(arns)}")
        for arn in arns:
            self.version(arn.text)
        return routes


def _qualified(text: str) -> Arn:
    arn = parse(text, "stateMachine")
    if arn.qualifier is None:
        raise invalid_arn(f"Invalid ARN: {text}")
    return arn


def _routed(alias: Alias) -> list[str]:
    return [route["stateMachineVersionArn"] for route in alias.routes]


def _texts(arns: list[Arn]) -> str:
    return f"[{', '.join(arn.text for arn in arns)}]"
