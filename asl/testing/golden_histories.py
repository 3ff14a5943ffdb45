"""Golden histories: the expected history of an execution, kept in a file beside its test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asl.engine.execution import Execution
from asl.engine.history_table import plain

TABLE_WIDTH = 10_000
"""Wide enough that no cell of the table is cut."""


def golden_path(test_file: Path, test_name: str) -> Path:
    """The file of a test's golden history, in the folder ``golden`` beside the test file."""
    name = re.sub(r"[^\w.-]+", "-", test_name).strip("-")
    return test_file.parent / "golden" / f"{test_file.stem}-{name}.txt"


def write_golden_history(path: Path, execution: Execution) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(_history_text(execution))


def compare_with_golden_history(path: Path, execution: Execution) -> None:
    """Fail the test if the execution's history differs from the file."""
    if not path.exists():
        pytest.fail(f"there is no golden history {path.name} yet; --asl-update-golden writes it", pytrace=False)
    actual, expected = _history_text(execution).splitlines(), path.read_text().splitlines()
    assert actual == expected, f"the history differs from {path.name}"


def _history_text(execution: Execution) -> str:
    return plain(execution.history, TABLE_WIDTH) + "\n"
