"""`make bench`: the median time of an execution in moto, ministack, aws-local-stepfunctions and this engine.

python -m benchmarks BENCH_PYTHON NODE_FOLDER
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

import asl
from asl.cli.bench import measure
from benchmarks.machines import MACHINES

FOLDER = Path(__file__).parent
ENGINE_RUNS = {"7 states": 2000, "200 Pass": 500, "Map over 1000": 50}
NODE_RUNS = {"7 states": 500, "200 Pass": 200, "Map over 1000": 20}
ROUNDS = 3
FAST = ("asl", "aws-local-stepfunctions")
"""These are measured in alternating rounds, and the best round counts, because other processes disturb them."""
Figures = dict[str, float]


def measure_emulator(python: str, emulator: str) -> Figures:
    command = [python, "-m", "benchmarks.moto_and_ministack", emulator]
    completed = subprocess.run(command, cwd=FOLDER.parent, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(completed.stdout))


def measure_node(folder: str) -> Figures:
    runs = {name: [definition, value, NODE_RUNS[name]] for name, (definition, value) in MACHINES.items()}
    command = ["node", str(FOLDER / "in_node.mjs"), str(Path(folder).resolve())]
    completed = subprocess.run(command, input=json.dumps(runs), stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(completed.stdout))


def measure_engine() -> Figures:
    return {
        name: measure(asl.load(definition), value, ENGINE_RUNS[name])["p50_ms"]
        for name, (definition, value) in MACHINES.items()
    }


def main(python: str, node_folder: str) -> None:
    console = Console(stderr=True)
    measurements = {
        "moto's interpreter": lambda: measure_emulator(python, "moto"),
        "ministack": lambda: measure_emulator(python, "ministack"),
        "asl": measure_engine,
    }
    if shutil.which("node"):
        measurements["aws-local-stepfunctions"] = lambda: measure_node(node_folder)
    else:
        console.print("Node.js is missing, so aws-local-stepfunctions is left out.")
    table = Table("p50, ms", *MACHINES, title="One execution, validation on, history kept")
    rounds: dict[str, list[Figures]] = {name: [] for name in measurements}
    for number in range(ROUNDS):
        for name, run_measurement in measurements.items():
            if number == 0 or name in FAST:
                with console.status(f"{name}, round {number + 1} …"):
                    rounds[name].append(run_measurement())
    for name, figures in rounds.items():
        table.add_row(name, *(f"{min(each[machine] for each in figures):,.2f}" for machine in MACHINES))
    Console().print(table)


if __name__ == "__main__":
    main(*sys.argv[1:3])
