"""ARNs: how they are made, taken apart, and refused.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

from dataclasses import dataclass

from asl.server.errors import invalid_arn


@dataclass(frozen=True, slots=True)
class Account:
    """Whose ARNs the server gives out."""

    region: str = "us-east-1"
    number: str = "000000000000"

    def arn(self, kind: str, *parts: str) -> str:
        return ":".join(("arn:aws:states", self.region, self.number, kind, *parts))


@dataclass(frozen=True, slots=True)
class Arn:
    """A Step Functions ARN: what kind of thing, and the names after it."""

    text: str
    kind: str
    parts: tuple[str, ...]

    @property
    def base(self) -> str:
        """The state machine's own ARN, without version or alias."""
        return ":".join(self.text.split(":")[:7])

    @property
    def qualifier(self) -> str | None:
        """A state machine ARN's version number or alias name."""
        return self.parts[1] if len(self.parts) > 1 else None


def parse(text: str, *kinds: str) -> Arn:
    """An ARN of one of the kinds. Raises InvalidArn."""
    pieces = text.split(":")
    if pieces[0] != "arn":
        raise invalid_arn(f"Invalid ARN prefix: {text}")
    if len(pieces) < 7 or pieces[2] != "states" or not all(pieces[5:]):
        raise invalid_arn(f"Invalid ARN: {text}")
    if pieces[5] not in kinds:
        raise invalid_arn(f"Resource type not valid in this context: {pieces[5]}")
    return Arn(text, pieces[5], tuple(pieces[6:]))
