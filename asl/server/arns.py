"""ARNs of Step Functions: building, parsing and validation.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

from dataclasses import dataclass

from asl.server.errors import invalid_arn


@dataclass(frozen=True, slots=True)
class Account:
    """The account and region of the server's resources."""

    region: str = "us-east-1"
    number: str = "000000000000"

    def arn(self, kind: str, *parts: str) -> str:
        return ":".join(("arn:aws:states", self.region, self.number, kind, *parts))


@dataclass(frozen=True, slots=True)
class Arn:
    """A parsed Step Functions ARN: the resource type, and the parts after it."""

    text: str
    kind: str
    parts: tuple[str, ...]

    @property
    def base(self) -> str:
        """The ARN of the state machine, without version or alias."""
        return ":".join(self.text.split(":")[:7])

    @property
    def qualifier(self) -> str | None:
        """The version number or alias name of a state machine ARN."""
        return self.parts[1] if len(self.parts) > 1 else None


def parse(text: str, *kinds: str) -> Arn:
    """Parse an ARN of one of the resource types. Raises InvalidArn."""
    pieces = text.split(":")
    if pieces[0] != "arn":
        raise invalid_arn(f"Invalid ARN prefix: {text}")
    if len(pieces) < 7 or pieces[2] != "states" or not all(pieces[5:]):
        raise invalid_arn(f"Invalid ARN: {text}")
    if pieces[5] not in kinds:
        raise invalid_arn(f"Resource type not valid in this context: {pieces[5]}")
    return Arn(text, pieces[5], tuple(pieces[6:]))
