"""Reports in memory, as JSON, so that a report that can't be stored fails here too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from oms.adapters.memory.state import RestorableState


class MemoryReports(RestorableState):
    STATE = ("texts",)

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def get(self, name: str) -> Mapping[str, Any] | None:
        report: Mapping[str, Any] | None = json.loads(self.texts.get(name, "null"))
        return report

    def put(self, name: str, report: Mapping[str, Any]) -> None:
        self.texts[name] = json.dumps(report)
