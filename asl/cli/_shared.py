"""What the commands share: definitions, inputs and tasks from the command line, and how failure is said.

Exit codes: 0 done; 1 the definition, the execution or the file is at fault; 2 the command line is.
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


class Fault(Exception):
    """Something to say in one line before leaving with exit code 1."""


def guarded(command: str, work: Callable[[], int]) -> int:
    """Run a command; what it can't do is one line on standard error."""
    try:
        return work()
    except InvalidDefinition as error:
        for fault in error.diagnostics:
            _say(command, f"{fault.code}: {fault.message} at {fault.location or 'the definition'}")
    except (Fault, NoTask, OSError) as error:
        _say(command, str(error))
    except KeyboardInterrupt:
        return 130
    return 1


def _say(command: str, text: str) -> None:
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
    """Where an ARN's server is: as said, as AWS's own variable says, or where ``serve`` is by default."""
    known = os.environ.get("AWS_ENDPOINT_URL_SFN") or "http://127.0.0.1:8083"
    help = "where the ARN's server is (default: AWS_ENDPOINT_URL_SFN, or http://127.0.0.1:8083)"
    parser.add_argument("--endpoint", default=known, metavar="URL", help=help)


def text_of(path: str | Path) -> str:
    """What a file holds, or with ``-`` the standard input. Raises Fault, which names the file, and OSError."""
    try:
        return sys.stdin.read() if str(path) == "-" else Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Fault(f"{path} isn't text in UTF-8: {error}") from None


def machine_of(args: argparse.Namespace) -> asl.Machine:
    """The state machine of a command line, checked. Functions stand in for any service. Raises InvalidDefinition."""
    name = "StateMachine" if args.definition == "-" else Path(args.definition).name.partition(".")[0]
    return asl.load(text_of(args.definition), name=name, type=args.type, any_task=not getattr(args, "services", False))


def json_of(text: str, what: str) -> Any:
    """The JSON value of an option, or of the file that it names with @. Raises Fault."""
    try:
        return json.loads(Path(text[1:]).read_text() if text.startswith("@") else text)
    except ValueError as error:
        raise Fault(f"{what} is not JSON: {error}") from None


def tasks_of(place: str | None) -> Mapping[str, Callable[..., Any]] | None:
    """The mapping at ``module:name``. Raises Fault."""
    if place is None:
        return None
    module, _, name = place.partition(":")
    sys.path.insert(0, "")
    try:
        found: Mapping[str, Callable[..., Any]] = getattr(import_module(module), name or "tasks")
    except (ImportError, AttributeError) as error:
        raise Fault(f"{place}: {error}") from None
    return found


def show_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))
