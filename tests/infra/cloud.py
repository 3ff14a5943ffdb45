"""Synthesized templates for tests: references are followed across stacks, ids have no hash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HASH = re.compile(r"[0-9A-F]{8}$")
Resource = Mapping[str, Any]


def machine_arn(name: str) -> str:
    """A machine's ARN, in the form that ``Cloud.read`` returns."""
    return f"arn:AWS::Partition:states:AWS::Region:AWS::AccountId:stateMachine:Shop-{name}"


def plain_id(logical_id: str) -> str:
    """A logical id without the CDK's hash, which is the path of its construct."""
    return HASH.sub("", logical_id)


@dataclass(frozen=True)
class Cloud:
    """The templates of all stacks, by name."""

    templates: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, assembly: Path) -> Cloud:
        return cls({path.name.split(".")[0]: json.loads(path.read_text()) for path in assembly.glob("*.template.json")})

    def of_type(self, type_name: str) -> dict[str, Resource]:
        """The properties of all resources of a type, by plain id."""
        return {
            plain_id(logical_id): resource.get("Properties", {})
            for _, logical_id, resource in self.resources()
            if resource["Type"] == type_name
        }

    def resources(self) -> Iterator[tuple[str, str, Resource]]:
        for stack, template in self.templates.items():
            for logical_id, resource in template["Resources"].items():
                yield stack, logical_id, resource

    def read(self, value: Any) -> Any:
        """The value with each reference replaced by the plain id of its target, whichever attribute it names."""
        match value:
            case {"Ref": str(name)}:
                return plain_id(name)
            case {"Fn::GetAtt": [str(name), _]}:
                return plain_id(name)
            case {"Fn::ImportValue": str(name)}:
                stack, _, export = name.partition(":")
                return self.read(self.templates[stack]["Outputs"][export]["Value"])
            case {"Fn::Join": [str(glue), list(parts)]}:
                return glue.join(self.read(part) for part in parts)
            case Mapping():
                return {key: self.read(each) for key, each in value.items()}
            case list():
                return [self.read(each) for each in value]
        return value

    def permissions(self, role: str) -> frozenset[str]:
        """What the role's policies allow, as ``action resource``. No role has managed policies."""
        policies = [
            policy for policy in self.of_type("AWS::IAM::Policy").values() if role in self.read(policy["Roles"])
        ]
        assert not self.of_type("AWS::IAM::Role")[role].get("ManagedPolicyArns")
        statements = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
        assert all(statement["Effect"] == "Allow" for statement in statements)
        return frozenset(
            f"{action} {resource}"
            for statement in statements
            for action in listed(statement["Action"])
            for resource in listed(self.read(statement["Resource"]))
        )


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
