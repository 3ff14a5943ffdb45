"""``python -m asl bench``: measure the speed of a state machine in process."""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

import asl
from asl.cli._shared import (
    CommandError,
    definition_argument,
    json_of,
    machine_of,
    run_command,
    show_json,
    task_arguments,
    tasks_of,
)
from asl.engine.requests import Complete, TaskRequest
from asl.engine.task_functions import function_invoker

EXECUTIONS_IN_MEMORY = 1000


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m asl bench", description="Run a state machine many times in process."
    )
    definition_argument(parser)
    task_arguments(parser)
    parser.add_argument("--executions", type=int, default=1000, metavar="N")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args(argv)
    return run_command("bench", lambda: _bench(args))


def _bench(args: argparse.Namespace) -> int:
    if args.executions < 1:
        raise CommandError("--executions must be at least 1")
    machine, value, tasks = machine_of(args), json_of(args.input, "--input"), tasks_of(args.tasks)
    invoke = _echo if tasks is None else function_invoker(tasks)
    figures = measure(machine, value, args.executions, invoke, args.seed, _progress(args))
    if args.json:
        show_json(figures)
    else:
        print(f"{figures['executions']} executions of {figures['events']} events, {figures['failed']} failed")
        print(
            f"{figures['executions_per_second']:.0f} a second, p50 {figures['p50_ms']} ms, p95 {figures['p95_ms']} ms"
        )
    return 1 if figures["failed"] else 0


def _echo(request: TaskRequest, complete: Complete) -> None:
    """The default task: it returns its payload."""
    complete(request.payload)


def measure(
    machine: asl.Machine,
    value: Any,
    executions: int,
    invoke: Callable[[TaskRequest, Complete], None] = _echo,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Run executions one after another. The last thousand stay in memory, with their histories."""
    last_executions: deque[asl.Execution] = deque(maxlen=EXECUTIONS_IN_MEMORY)
    times: list[float] = []
    failed = 0
    started = perf_counter()
    for number in range(executions):
        start = perf_counter()
        engine = asl.Engine(seed=seed, invoke=invoke)
        execution = engine.start(machine, value)
        engine.run()
        times.append(perf_counter() - start)
        last_executions.append(execution)
        failed += execution.status != "SUCCEEDED"
        if progress is not None:
            progress(number + 1)
    elapsed = perf_counter() - started
    times.sort()
    return {
        "executions": executions,
        "failed": failed,
        "events": len(last_executions[-1].history),
        "executions_per_second": round(executions / elapsed, 1),
        "p50_ms": _milliseconds(times, 0.5),
        "p95_ms": _milliseconds(times, 0.95),
    }


def _milliseconds(times: list[float], share: float) -> float:
    return round(times[min(len(times) - 1, int(len(times) * share))] * 1000, 4)


def _progress(args: argparse.Namespace) -> Callable[[int], None] | None:
    """Prints progress to standard error, twenty times in all, if that is a terminal."""
    if not sys.stderr.isatty() or args.json:
        return None
    every = max(1, args.executions // 20)

    def print_progress(done: int) -> None:
        if done % every == 0 or done == args.executions:
            end = "\n" if done == args.executions else ""
            print(f"\r{done}/{args.executions}", end=end, file=sys.stderr, flush=True)

    return print_progress
