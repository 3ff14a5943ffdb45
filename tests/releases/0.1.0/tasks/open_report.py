"""Begin the report of a reconciliation, or go on with one that another execution began.

Compensated by nothing: a report holds nothing. Safe to run twice: a report that is there stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.reconciliation.report import open_report
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class OpenReport:
    run: dict[str, Any]
    """The execution as the context object has it. Its name names the report, unless its input does."""


@task
def handler(command: OpenReport, deps: Deps) -> Mapping[str, Any]:
    return open_report(deps, command.run["Input"].get("report") or command.run["Name"])
