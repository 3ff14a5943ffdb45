"""The names of a state machine, and the ARNs that are made of them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
"""

from __future__ import annotations

ACCOUNT, REGION = "123456789012", "us-east-1"
STANDARD, EXPRESS = "STANDARD", "EXPRESS"


class MachineIdentity:
    """What a state machine is called, and where it lives.

    Attributes:
        name, arn, role_arn: as the context object shows them.
        type: STANDARD or EXPRESS.
    """

    def __init__(
        self,
        name: str,
        *,
        type: str = STANDARD,
        arn: str | None = None,
        role_arn: str | None = None,
        account: str = ACCOUNT,
        region: str = REGION,
    ) -> None:
        self.name = name
        self.type = type
        self.arn = arn or f"arn:aws:states:{region}:{account}:stateMachine:{name}"
        self.region, self.account = self.arn.split(":")[3:5]
        self.role_arn = role_arn or f"arn:aws:iam::{account}:role/{name}"

    def execution_arn(self, name: str, unique: str) -> str:
        """The ARN of an execution of that name; an Express one ends in an id of its own."""
        if self.type == EXPRESS:
            return self._arn(f"express:{self.name}:{name}:{unique}")
        return self._arn(f"execution:{self.name}:{name}")

    def map_run_arn(self, label: str, unique: str) -> str:
        return self._arn(f"mapRun:{self.name}/{label}:{unique}")

    def child_execution_arn(self, label: str, name: str) -> str:
        """The ARN of a child execution of a distributed Map."""
        return self._arn(f"execution:{self.name}/{label}:{name}")

    def child_machine_context(self, label: str) -> dict[str, str]:
        """The context object's ``StateMachine`` inside a child execution."""
        name = f"{self.name}/{label}"
        return {"Id": self._arn(f"stateMachine:{name}"), "Name": name}

    def _arn(self, resource: str) -> str:
        return f"arn:aws:states:{self.region}:{self.account}:{resource}"
