"""The permissions and the environment variables of a function, from the ports that it uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from infra.components.permissions import PERMISSIONS, function_kind
from oms.declarations.environment import ONE_MACHINE_ONLY, variables_of_ports
from oms.declarations.functions import FunctionDeclaration


@dataclass(frozen=True)
class Grants:
    """``arns`` are by the keys in the table of permissions, ``variables`` are the environment variables' values."""

    arns: Mapping[str, str]
    variables: Mapping[str, str]

    def statements(self, function: FunctionDeclaration) -> list[iam.PolicyStatement]:
        """Raises ``KeyError`` for a port that functions of its kind may not use."""
        by_port = PERMISSIONS[function_kind(function)] if function.uses else {}
        return [
            iam.PolicyStatement(actions=each.full_actions, resources=[self.arns[name] for name in each.resources])
            for port in function.uses
            for each in by_port[port]
        ]

    def environment(self, function: FunctionDeclaration) -> dict[str, str]:
        """Raises ``KeyError`` for a variable without a value."""
        names = variables_of_ports(function.uses)
        return {name: self.variables[name] for name in names if name not in ONE_MACHINE_ONLY}
