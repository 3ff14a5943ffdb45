"""``python -m asl test-state``: run one state alone, like the TestState API."""

from __future__ import annotations

import argparse
import json
from typing import Any

from asl.cli._shared import CommandError, json_of, run_command, show_json, tasks_of, text_of
from asl.engine.task_functions import function_invoker
from asl.teststate.api import test_state
from asl.validation.requests import Rejected

ROLE = "arn:aws:iam::123456789012:role/TestState"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m asl test-state", description="Run one state of a definition alone."
    )
    parser.add_argument(
        "definition", metavar="DEFINITION", help="a file with a state, or a state machine; - for standard input"
    )
    parser.add_argument("--state", metavar="NAME", help="the state of the machine to run")
    parser.add_argument("--input", default="{}", metavar="JSON", help="the state's input, or @FILE")
    parser.add_argument("--variables", metavar="JSON", help="the workflow variables")
    parser.add_argument("--tasks", metavar="MODULE:MAPPING", help="functions by state name, function name or resource")
    mock = parser.add_mutually_exclusive_group()
    mock.add_argument("--result", metavar="JSON", help="the result of the state's task")
    mock.add_argument("--error", metavar="NAME", help="the error of the state's task")
    parser.add_argument(
        "--inspect", choices=["INFO", "DEBUG", "TRACE"], default="INFO", help="how much of the data is shown"
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    return run_command("test-state", lambda: _test(args))


def _test(args: argparse.Namespace) -> int:
    invoke = function_invoker(tasks_of(args.tasks) or {}) if args.tasks else None
    try:
        response = test_state(_request(args), invoke)
    except Rejected as rejected:
        raise CommandError(f"{rejected.code}: {rejected.message}") from None
    if args.json:
        show_json(response)
    else:
        for name, value in response.items():
            print(f"{name}: {value if isinstance(value, str) else json.dumps(value)}")
    return 0 if response["status"] == "SUCCEEDED" else 1


def _request(args: argparse.Namespace) -> dict[str, Any]:
    request: dict[str, Any] = {
        "definition": text_of(args.definition),
        "roleArn": ROLE,
        "input": json.dumps(json_of(args.input, "--input")),
        "inspectionLevel": args.inspect,
    }
    if args.state:
        request["stateName"] = args.state
    if args.variables:
        request["variables"] = json.dumps(json_of(args.variables, "--variables"))
    if args.result is not None:
        request["mock"] = {"result": json.dumps(json_of(args.result, "--result")), "fieldValidationMode": "NONE"}
    elif args.error:
        request["mock"] = {"errorOutput": {"error": args.error}}
    return request
