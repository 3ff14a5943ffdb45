"""``python -m asl graph``: draw a state machine as SVG, with an execution's path in colour."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from asl.cli._shared import (
    definition_argument,
    endpoint_argument,
    json_of,
    machine_of,
    run_command,
    show_json,
    task_arguments,
    tasks_of,
)
from asl.cli.history import read_events
from asl.drawing import draw
from asl.drawing.layout import lay_out
from asl.drawing.model import picture_of


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m asl graph", description="Draw a state machine as SVG.")
    definition_argument(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="the output file (default: standard output)")
    path = parser.add_mutually_exclusive_group()
    path.add_argument(
        "--execution", metavar="ARN|FILE", help="colour this execution's path, given its ARN or its history as JSON"
    )
    path.add_argument("--run", action="store_true", help="colour the path of a run with --input and --tasks")
    endpoint_argument(parser)
    task_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the positions of states and arrows instead")
    args = parser.parse_args(argv)
    return run_command("graph", lambda: _graph(args))


def _graph(args: argparse.Namespace) -> int:
    machine = machine_of(args)
    if args.json:
        show_json(layout_of(machine.definition))
        return 0
    svg = draw(machine.definition, _events(args, machine))
    if args.output:
        Path(args.output).write_text(svg)
    else:
        sys.stdout.write(svg)
    return 0


def _events(args: argparse.Namespace, machine: Any) -> list[dict[str, Any]] | None:
    if args.execution:
        return read_events(args.execution, args.endpoint)
    if args.run:
        tasks = tasks_of(args.tasks) or {}
        history: list[dict[str, Any]] = machine.run(json_of(args.input, "--input"), tasks=tasks, seed=args.seed).history
        return history
    return None


def layout_of(definition: dict[str, Any]) -> dict[str, Any]:
    """The layout as JSON: boxes with their centres and sizes, arrows with their points."""
    picture = picture_of(definition)
    lay_out(picture)
    return asdict(picture)
