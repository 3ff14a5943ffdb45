"""Shared code of the commands: definitions, inputs and tasks from the command line, and error messages.

Exit codes: 0 success; 1 an error in the definition, the execution or a file; 2 an error in the command line.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import asl
from asl.engine.errors import NoTask
from asl.validation import InvalidDefinition


class CommandError(Exception):
    """An error that is printed in one line, with exit code 1."""


def run_command(command: str, run: Callable[[], int]) -> int:
    """Run a command; returns its exit code. Errors are printed in one line each."""
    try:
        return run()
    except InvalidDefinition as error:
        for each in error.diagnostics:
            _print_error(command, f"{each.code}: {each.message} at {each.location or 'the definition'}")
    except (CommandError, NoTask, OSError) as error:
        _print_error(command, str(error))
    except KeyboardInterrupt:
        return 130
    return 1


def _print_error(command: str, text: str) -> None:
    print(f"asl {command}: {' '.join(text.split())}", file=sys.stderr)


def definition_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "definition", metavar="DEFINITION", help="a file with a state machine in JSON; - for standard input"
    )
    parser.add_argument("--type", choices=["STANDARD", "EXPRESS"], default="STANDARD")


def task_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", default="{}", metavar="JSON", help="the input, or @FILE (default: {})")
    parser.add_argument("--tasks", metavar="MODULE:MAPPING", help="functions by state name, function name or resource")
    parser.add_argument("--seed", type=int, default=0, help="decides names, jitter and random numbers (default: 0)")


def endpoint_argument(parser: argparse.ArgumentParser) -> None:
    """The server of an ARN: the option, AWS's environment variable, or the default of ``serve``."""
    default = os.environ.get("AWS_ENDPOINT_URL_SFN") or "http://127.0.0.1:8083"
    help = "the server's URL (default: AWS_ENDPOINT_URL_SFN, or http://127.0.0.1:8083)"
    parser.add_argument("--endpoint", default=default, metavar="URL", help=help)


def text_of(path: str | Path) -> str:
    """The text of a file, or of standard input for ``-``. Raises CommandError, which names the file, and OSError."""
    try:
        return sys.stdin.read() if str(path) == "-" else Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} isn't UTF-8 text: {error}") from None


def machine_of(args: argparse.Namespace) -> asl.Machine:
    """The state machine of a command line. Any task is allowed, unless AWS is called. Raises InvalidDefinition."""
    name = "StateMachine" if args.definition == "-" else Path(args.definition).name.partition(".")[0]
    return asl.load(text_of(args.definition), name=name, type=args.type, any_task=not getattr(args, "services", False))


def json_of(text: str, option: str) -> Any:
    """The JSON value of an option, or of the file in ``@FILE``. Raises CommandError."""
    try:
        return json.loads(Path(text[1:]).read_text() if text.startswith("@") else text)
    except ValueError as error:
        raise CommandError(f"{option} is not JSON: {error}") from None


def tasks_of(reference: str | None) -> Mapping[str, Callable[..., Any]] | None:
    """The mapping at ``module:name``. Raises CommandError."""
    if reference is None:
        return None
    module, _, name = reference.partition(":")
    sys.path.insert(0, "")
    try:
        tasks: Mapping[str, Callable[..., Any]] = getattr(import_module(module), name or "tasks")
    except (ImportError, AttributeError) as error:
        raise CommandError(f"{reference}: {error}") from None
    return tasks


def show_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))
