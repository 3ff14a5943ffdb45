"""The state machines: their committed definitions, and the schedules by which some of them run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from oms.declarations.files import ROOT, read_json
from oms.declarations.names import pascal

MACHINES = ("NewOrder", "FulfillOrder", "CancelOrder", "ReturnOrder", "Reconcile")
"""Their names, for code on Lambda, which has no definitions beside it."""
ABOUT_ORDERS = MACHINES[:4]
"""Those whose executions each belong to one order."""
SUFFIX = ".asl.json"
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class MachineDefinition:
    """A state machine as committed: ``${ReserveInventoryArn}`` stands for the ARN of a function or a machine."""

    name: str
    text: str

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset(PLACEHOLDER.findall(self.text))

    def substituted(self, values: Mapping[str, str]) -> str:
        """The text with a value for each placeholder. Raises ``KeyError`` for one without a value."""
        return PLACEHOLDER.sub(lambda match: values[match[1]], self.text)


def definitions() -> tuple[MachineDefinition, ...]:
    paths = sorted((ROOT / "workflows/definitions").glob(f"*{SUFFIX}"))
    return tuple(MachineDefinition(pascal(path.name.removesuffix(SUFFIX)), path.read_text()) for path in paths)


def machine_schedules() -> dict[str, str]:
    """When EventBridge starts a machine, by the machine's name."""
    return dict(read_json("workflows/schedules.json"))
