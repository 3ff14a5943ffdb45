"""Opens the report of a reconciliation, or continues one that another execution has opened.

Not compensated: a report holds nothing. Idempotent: an existing report stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.application.reconciliation import report as reports
from oms.ports import Deps
from tasks.runtime import task


@dataclass(frozen=True)
class OpenReport:
    run: dict[str, Any]
    """The execution, from the context object. The report has its name, unless its input names a report."""


@task
def open_report(command: OpenReport, deps: Deps) -> Mapping[str, Any]:
    return reports.open_report(deps, command.run["Input"].get("report") or command.run["Name"])
