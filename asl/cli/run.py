"""``python -m asl run``: one execution in virtual time, with Python functions as its tasks."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import asl
from asl.cli._shared import definition_argument, guarded, json_of, machine_of, show_json, task_arguments, tasks_of
from asl.engine.history_table import plain
from asl.engine.requests import Invoke
from asl.engine.task_functions import function_invoker

STEPS_A_SIGN = 5000


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m asl run", description="Run a state machine in virtual time.")
    definition_argument(parser)
    task_arguments(parser)
    parser.add_argument("--name", help="the execution's name")
    parser.add_argument("--services", action="store_true", help="call AWS for tasks, with your own credentials")
    parser.add_argument("--history", action="store_true", help="print the history too")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    return guarded("run", lambda: _run(args))


def _run(args: argparse.Namespace) -> int:
    machine, value = machine_of(args), json_of(args.input, "--input")
    engine = asl.Engine(seed=args.seed, invoke=_invoke(args))
    execution = engine.start(machine, value, name=args.name)
    _follow(engine)
    if args.json:
        show_json(summary(execution) | ({"events": execution.history} if args.history else {}))
    else:
        _print(execution, args.history)
    return 0 if execution.status == "SUCCEEDED" else 1


def _invoke(args: argparse.Namespace) -> Invoke:
    if not args.services:
        return function_invoker(tasks_of(args.tasks) or {})
    from asl.services.integrations import Services

    services = Services()
    return lambda request, complete: complete(services.call(request))


def _follow(engine: asl.Engine) -> None:
    """To the end; a long run gives a sign of life where a person looks on."""
    steps = 0
    while engine.step() is not None:
        steps += 1
        if steps % STEPS_A_SIGN == 0 and sys.stderr.isatty():
            print(f"\r{steps} steps", end="", file=sys.stderr, flush=True)
    if steps >= STEPS_A_SIGN and sys.stderr.isatty():
        print(file=sys.stderr)


def summary(execution: asl.Execution) -> dict[str, Any]:
    """An execution's result, as DescribeExecution words it, and its path."""
    shown = {"status": execution.status, "error": execution.error, "cause": execution.cause}
    if execution.status == "SUCCEEDED":
        shown = {"status": execution.status, "output": execution.output}
    return {name: value for name, value in shown.items() if value is not None or name == "output"} | {
        "path": execution.path
    }


def _print(execution: asl.Execution, history: bool) -> None:
    if history:
        print(plain(execution.history))
        print()
    print(execution.status)
    if execution.status == "SUCCEEDED":
        print(execution.output_text)
    elif execution.running:
        print(f"waits in {execution.path[-1]} for what nobody is going to send")
    else:
        print(": ".join(filter(None, (execution.error, execution.cause))))
