"""Measures the CPU time of importing each handler and task, with compiled bytecode.

    python -m benchmarks.importing

It is part of every cold start in Lambda. On a busy machine it is up to 50 % longer.
"""

# ruff: noqa: T201

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from api import contract

ROOT = Path(__file__).parents[1]
ROUNDS = 10


def children_cpu_seconds() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure_process(code: str, environment: Mapping[str, str]) -> float:
    """The CPU time of a Python process in milliseconds."""
    before = children_cpu_seconds()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    return (children_cpu_seconds() - before) * 1000


def main() -> None:
    modules = [declared.module for declared in contract.service_functions().values()]
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        tasks = sorted(f"tasks.{path.stem}" for path in (ROOT / "tasks").glob("*.py") if path.stem != "__init__")
        for module in ("sys", "boto3", *modules, *tasks):
            measure_process(f"import {module}", environment)  # compiles it
            times = [measure_process(f"import {module}", environment) for _ in range(ROUNDS)]
            print(f"{module:<26} {statistics.median(times):5.0f} ms", flush=True)


if __name__ == "__main__":
    main()
