"""``python -m asl graph``: a state machine as an SVG, with an execution's path in colour."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from asl.cli._shared import (
    definition_argument,
    endpoint_argument,
    guarded,
    json_of,
    machine_of,
    show_json,
    task_arguments,
    tasks_of,
)
from asl.cli.history import events_at
from asl.drawing import draw


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m asl graph", description="Draw a state machine as SVG.")
    definition_argument(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write (default: standard output)")
    path = parser.add_mutually_exclusive_group()
    path.add_argument(
        "--execution", metavar="ARN|FILE", help="colour this execution's path: its ARN, or its history in JSON"
    )
    path.add_argument("--run", action="store_true", help="colour the path of a run with --input and --tasks")
    endpoint_argument(parser)
    task_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the places of states and arrows instead")
    args = parser.parse_args(argv)
    return guarded("graph", lambda: _graph(args))


def _graph(args: argparse.Namespace) -> int:
    machine = machine_of(args)
    if args.json:
        show_json(places(machine.definition))
        return 0
    drawn = draw(machine.definition, _events(args, machine))
    if args.output:
        Path(args.output).write_text(drawn)
    else:
        sys.stdout.write(drawn)
    return 0


def _events(args: argparse.Namespace, machine: Any) -> list[dict[str, Any]] | None:
    if args.execution:
        return events_at(args.execution, args.endpoint)
    if args.run:
        tasks = tasks_of(args.tasks) or {}
        history: list[dict[str, Any]] = machine.run(json_of(args.input, "--input"), tasks=tasks, seed=args.seed).history
        return history
    return None


def places(definition: dict[str, Any]) -> dict[str, Any]:
    """The laid-out picture as JSON: boxes with their middles and sizes, arrows with their points."""
    from dataclasses import asdict

    from asl.drawing.layout import lay_out
    from asl.drawing.model import picture

    drawn = picture(definition)
    lay_out(drawn)
    return asdict(drawn)
