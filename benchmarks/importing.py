"""How much of the processor's time it takes to import each of the API's handlers, once their bytecode is there.

    python -m benchmarks.importing

Lambda pays it for every instance that it begins. A machine that does other things at once makes it up to half longer.
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


def spent() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def milliseconds(code: str, environment: Mapping[str, str]) -> float:
    before = spent()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    return (spent() - before) * 1000


def main() -> None:
    modules = [declared.module for declared in contract.service_functions().values()]
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        tasks = sorted(f"tasks.{path.stem}" for path in (ROOT / "tasks").glob("*.py") if path.stem != "__init__")
        for module in ("sys", "boto3", *modules, *tasks):
            milliseconds(f"import {module}", environment)  # compiles it
            taken = [milliseconds(f"import {module}", environment) for _ in range(ROUNDS)]
            print(f"{module:<26} {statistics.median(taken):5.0f} ms", flush=True)


if __name__ == "__main__":
    main()
