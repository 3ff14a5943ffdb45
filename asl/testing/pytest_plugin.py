"""The pytest plugin: machines, trials, golden histories, and transition coverage with a threshold.

Load it by ``-p asl.testing.pytest_plugin`` or ``pytest_plugins = ["asl.testing.pytest_plugin"]``. asl/README.md shows
it at work.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.engine.execution import Execution
from asl.engine.history_table import plain
from asl.testing.coverage import Coverage
from asl.testing.harness import Trial

COVERAGE = pytest.StashKey[Coverage]()
MACHINES = pytest.StashKey[dict[Any, asl.Machine]]()
WIDEST = 10_000


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("asl", "state machines")
    group.addoption("--asl-coverage", action="store_true", help="list the transitions that no test took")
    group.addoption("--asl-fail-under", type=float, metavar="PERCENT", help="fail where fewer transitions were taken")
    group.addoption("--asl-update-golden", action="store_true", help="write golden histories instead of comparing")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COVERAGE] = Coverage()
    config.stash[MACHINES] = {}


@pytest.fixture(scope="session")
def asl_coverage(pytestconfig: pytest.Config) -> Coverage:
    """The transitions taken so far; `asl_coverage.watch(machine)` adds a machine that `load_machine` didn't load."""
    return pytestconfig.stash[COVERAGE]


@pytest.fixture(scope="session")
def load_machine(pytestconfig: pytest.Config, asl_coverage: Coverage) -> Callable[..., asl.Machine]:
    """Load a definition (a path or a JSON object) as asl.load does, once a session, its transitions counted."""
    loaded = pytestconfig.stash[MACHINES]

    def load(definition: Any, **options: Any) -> asl.Machine:
        if not isinstance(definition, str | Path):
            return asl_coverage.watch(asl.load(definition, any_task=True, **options))
        key = (str(definition), *sorted(options.items()))
        if key not in loaded:
            path = pytestconfig.rootpath / definition
            loaded[key] = asl_coverage.watch(asl.load(path, any_task=True, **options))
        return loaded[key]

    return load


@pytest.fixture
def trial() -> Callable[..., Trial]:
    """Begin a trial: ``trial(machine, input, tasks={...})``."""
    return Trial


@pytest.fixture
def golden_history(request: pytest.FixtureRequest) -> Callable[[Trial | Execution], None]:
    """Compare an execution's history with the file that is kept beside the test, in ``golden/``.

    With ``--asl-update-golden`` the file is written instead.
    """
    name = re.sub(r"[^\w.-]+", "-", request.node.name).strip("-")
    path = request.path.parent / "golden" / f"{request.path.stem}-{name}.txt"
    update = request.config.getoption("--asl-update-golden")

    def compare(which: Trial | Execution) -> None:
        execution = which.execution if isinstance(which, Trial) else which
        found = plain(execution.history, WIDEST) + "\n"
        if update:
            path.parent.mkdir(exist_ok=True)
            path.write_text(found)
        elif not path.exists():
            pytest.fail(f"there is no golden history {path.name} yet; --asl-update-golden writes it", pytrace=False)
        else:
            assert found.splitlines() == path.read_text().splitlines(), f"the history is no longer that of {path.name}"

    return compare


# Coverage: the report, the threshold, and the workers of pytest-xdist.


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    coverage = config.stash[COVERAGE]
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["asl_coverage"] = {"possible": list(coverage.possible), "taken": list(coverage.taken)}
    elif _too_little(config) and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    seen = getattr(node, "workeroutput", {}).get("asl_coverage")
    if seen:
        node.config.stash[COVERAGE].merge(**seen)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    coverage = config.stash[COVERAGE]
    if not (config.getoption("--asl-coverage") or _too_little(config)) or not coverage.possible:
        return
    terminalreporter.section("transitions")
    for machine, state, transition in coverage.missed:
        terminalreporter.write_line(f"not taken  {machine}: {state}  {transition}")
    total = len(coverage.possible)
    taken = total - len(coverage.missed)
    terminalreporter.write_line(f"{taken} of {total} transitions taken, {coverage.percent:.1f} %")
    if _too_little(config):
        terminalreporter.write_line(f"fewer than the {config.getoption('--asl-fail-under'):g} % asked for", red=True)


def _too_little(config: pytest.Config) -> bool:
    least = config.getoption("--asl-fail-under")
    return least is not None and config.stash[COVERAGE].percent < least
