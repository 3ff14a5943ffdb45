"""``python -m asl run``: run an execution in virtual time, with Python functions as its tasks."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import asl
from asl.cli._shared import definition_argument, json_of, machine_of, run_command, show_json, task_arguments, tasks_of
from asl.engine.history_table import plain
from asl.engine.requests import Invoke
from asl.engine.task_functions import function_invoker

PROGRESS_STEPS = 5000


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m asl run", description="Run a state machine in virtual time.")
    definition_argument(parser)
    task_arguments(parser)
    parser.add_argument("--name", help="the execution's name")
    parser.add_argument("--services", action="store_true", help="call AWS for tasks, with your credentials")
    parser.add_argument("--history", action="store_true", help="also print the history")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    return run_command("run", lambda: _run(args))


def _run(args: argparse.Namespace) -> int:
    machine, value = machine_of(args), json_of(args.input, "--input")
    engine = asl.Engine(seed=args.seed, invoke=_invoke(args))
    execution = engine.start(machine, value, name=args.name)
    _run_engine(engine)
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


def _run_engine(engine: asl.Engine) -> None:
    """Run to the end. A long run prints its progress if standard error is a terminal."""
    steps = 0
    while engine.step() is not None:
        steps += 1
        if steps % PROGRESS_STEPS == 0 and sys.stderr.isatty():
            print(f"\r{steps} steps", end="", file=sys.stderr, flush=True)
    if steps >= PROGRESS_STEPS and sys.stderr.isatty():
        print(file=sys.stderr)


def summary(execution: asl.Execution) -> dict[str, Any]:
    """An execution's result with the names of DescribeExecution, and its path."""
    result = {"status": execution.status, "error": execution.error, "cause": execution.cause}
    if execution.status == "SUCCEEDED":
        result = {"status": execution.status, "output": execution.output}
    result = {name: value for name, value in result.items() if value is not None or name == "output"}
    return result | {"path": execution.path}


def _print(execution: asl.Execution, history: bool) -> None:
    if history:
        print(plain(execution.history))
        print()
    print(execution.status)
    if execution.status == "SUCCEEDED":
        print(execution.output_text)
    elif execution.running:
        print(f"waits in {execution.path[-1]} for a callback that will not come")
    else:
        print(": ".join(filter(None, (execution.error, execution.cause))))
