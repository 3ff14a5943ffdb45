"""Defects planted in a copy of the shop, each of which the explorer has to find with at most one injected fault.

Run by ``make mutants``: each one explores a story in a process of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asl.explorer.report import ScheduleResult
from asl.explorer.search import run_exhaustively
from tests.explore import mutants_of_rules, mutants_of_tasks, reconciliations
from tests.explore.mutant import Mutant
from tests.explore.stories import scenarios

ROOT = Path(__file__).parents[2]
COPIED = ("asl", "oms", "tasks", "workflows", "tests")


MUTANTS = [*mutants_of_rules.MUTANTS, *mutants_of_tasks.MUTANTS]


def planted(mutant: Mutant, folder: Path) -> None:
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "golden"))
    for path, whole, broken in mutant.edits:
        text = (folder / path).read_text()
        assert whole in text, f"{path} no longer says {whole!r}"
        (folder / path).write_text(text.replace(whole, broken))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.wrong.replace(" ", "-"))
def test_the_explorer_finds_a_shop_that(mutant: Mutant, tmp_path: Path) -> None:
    planted(mutant, tmp_path)
    command = [sys.executable, "-m", "tests.explore.mutants", mutant.story]
    explored = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert explored.returncode == 0, explored.stderr
    assert explored.stdout.strip(), f"every single fault of {mutant.story!r} leaves it whole"


def first_finding(story: str) -> ScheduleResult | None:
    """The first schedule of a story, with one fault or none, that breaks an invariant."""
    (scenario,) = [each for each in [*scenarios(), *reconciliations.scenarios()] if each.name == story]
    return next((run for run in run_exhaustively(scenario, 1) if run.problems), None)


if __name__ == "__main__":
    found = first_finding(sys.argv[1])
    print(f"{dict(found.plan)} {found.problems}" if found else "")  # noqa: T201
