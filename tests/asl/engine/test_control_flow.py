"""The handling of a state stays in one place: a run changes the file at most half as often as when it was spread out.

Counts of calls, and no times: they are the same in every run. `python -m benchmarks.control_flow` prints them.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

import asl
from benchmarks.control_flow import inline_map, measure, new_order

SPREAD = {new_order: 332, inline_map: 245}
"""The changes of file while the engine was spread over more modules."""


@pytest.mark.parametrize("run", [new_order, inline_map])
def test_a_run_changes_the_file_at_most_half_as_often(run: Callable[[], asl.Execution]) -> None:
    assert measure(run).changes <= SPREAD[run] // 2
