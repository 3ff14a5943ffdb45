"""The pytest plugin: fixtures for machines, harnesses and golden histories, and a report of transition coverage.

Load it with ``-p asl.testing.pytest_plugin`` or ``pytest_plugins = ["asl.testing.pytest_plugin"]``. asl/README.md has
an example.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.engine.execution import Execution
from asl.testing.coverage import TransitionCoverage
from asl.testing.golden_histories import compare_with_golden_history, golden_path, write_golden_history
from asl.testing.harness import Harness

COVERAGE = pytest.StashKey[TransitionCoverage]()
MACHINES = pytest.StashKey[dict[Any, asl.Machine]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("asl", "state machines")
    group.addoption("--asl-coverage", action="store_true", help="list the transitions that no test took")
    group.addoption("--asl-fail-under", type=float, metavar="PERCENT", help="fail if fewer transitions were taken")
    group.addoption("--asl-update-golden", action="store_true", help="write golden histories instead of comparing")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COVERAGE] = TransitionCoverage()
    config.stash[MACHINES] = {}


@pytest.fixture(scope="session")
def asl_coverage(pytestconfig: pytest.Config) -> TransitionCoverage:
    """The session's coverage; `asl_coverage.watch(machine)` adds a machine that `load_machine` didn't load."""
    return pytestconfig.stash[COVERAGE]


@pytest.fixture(scope="session")
def load_machine(pytestconfig: pytest.Config, asl_coverage: TransitionCoverage) -> Callable[..., asl.Machine]:
    """Load a definition (a path or a JSON object) as asl.load does, once a session, and record its transitions."""
    machines = pytestconfig.stash[MACHINES]

    def load(definition: Any, **options: Any) -> asl.Machine:
        if not isinstance(definition, str | Path):
            return asl_coverage.watch(asl.load(definition, any_task=True, **options))
        key = (str(definition), *sorted(options.items()))
        if key not in machines:
            path = pytestconfig.rootpath / definition
            machines[key] = asl_coverage.watch(asl.load(path, any_task=True, **options))
        return machines[key]

    return load


@pytest.fixture
def harness() -> Callable[..., Harness]:
    """Start an execution: ``harness(machine, input, tasks={...})``."""
    return Harness


@pytest.fixture
def golden_history(request: pytest.FixtureRequest) -> Callable[[Harness | Execution], None]:
    """Compare an execution's history with the test's file in ``golden/``; ``--asl-update-golden`` writes the file."""
    path = golden_path(request.path, request.node.name)
    update = request.config.getoption("--asl-update-golden")

    def compare_or_write(subject: Harness | Execution) -> None:
        execution = subject.execution if isinstance(subject, Harness) else subject
        if update:
            write_golden_history(path, execution)
        else:
            compare_with_golden_history(path, execution)

    return compare_or_write


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Send a pytest-xdist worker's coverage to the controller; fail the session if the coverage is too low."""
    config = session.config
    worker_output = getattr(config, "workeroutput", None)
    if worker_output is not None:
        worker_output["asl_coverage"] = config.stash[COVERAGE].as_json()
    elif _is_below_minimum(config) and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """Merge the coverage of a pytest-xdist worker."""
    worker_coverage = getattr(node, "workeroutput", {}).get("asl_coverage")
    if worker_coverage:
        node.config.stash[COVERAGE].merge(**worker_coverage)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    coverage = config.stash[COVERAGE]
    if not (config.getoption("--asl-coverage") or _is_below_minimum(config)) or not coverage.possible:
        return
    terminalreporter.section("transitions")
    for machine, state, transition in coverage.missed:
        terminalreporter.write_line(f"not taken  {machine}: {state}  {transition}")
    total = len(coverage.possible)
    taken = total - len(coverage.missed)
    terminalreporter.write_line(f"{taken} of {total} transitions taken, {coverage.percent:.1f} %")
    if _is_below_minimum(config):
        minimum = config.getoption("--asl-fail-under")
        terminalreporter.write_line(f"fewer than the required {minimum:g} %", red=True)


def _is_below_minimum(config: pytest.Config) -> bool:
    minimum = config.getoption("--asl-fail-under")
    return minimum is not None and config.stash[COVERAGE].percent < minimum
