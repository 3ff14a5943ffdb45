"""`make bench`: the p50 of an execution on the same machines, moto, ministack, aws-local-stepfunctions and this engine.

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

HERE = Path(__file__).parent
OURS = {"7 states": 2000, "200 Pass": 500, "Map over 1000": 50}
NODES = {"7 states": 500, "200 Pass": 200, "Map over 1000": 20}
ROUNDS = 3
FAST = ("asl", "aws-local-stepfunctions")  # measured in turns, the best round shown: a busy machine disturbs them
Figures = dict[str, float]


def over_boto3(python: str, which: str) -> Figures:
    done = subprocess.run([python, str(HERE / "over_boto3.py"), which], stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout))


def in_node(folder: str) -> Figures:
    asked = {name: [definition, value, NODES[name]] for name, (definition, value) in MACHINES.items()}
    command = ["node", str(HERE / "in_node.mjs"), str(Path(folder).resolve())]
    done = subprocess.run(command, input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout))


def ours() -> Figures:
    return {
        name: measure(asl.load(definition), value, OURS[name])["p50_ms"]
        for name, (definition, value) in MACHINES.items()
    }


def main(python: str, node_folder: str) -> None:
    console = Console(stderr=True)
    everyone = {
        "moto's interpreter": lambda: over_boto3(python, "moto"),
        "ministack": lambda: over_boto3(python, "ministack"),
        "asl": ours,
    }
    if shutil.which("node"):
        everyone["aws-local-stepfunctions"] = lambda: in_node(node_folder)
    else:
        console.print("Without Node.js, aws-local-stepfunctions is left out.")
    table = Table("p50, ms", *MACHINES, title="One execution, validation on, history kept")
    rounds: dict[str, list[Figures]] = {who: [] for who in everyone}
    for number in range(ROUNDS):
        for who, figures in everyone.items():
            if number == 0 or who in FAST:
                with console.status(f"{who}, round {number + 1} …"):
                    rounds[who].append(figures())
    for who, found in rounds.items():
        table.add_row(who, *(f"{min(each[name] for each in found):,.2f}" for name in MACHINES))
    Console().print(table)


if __name__ == "__main__":
    main(*sys.argv[1:3])
