"""``python -m asl history``: print an execution's events as a table, from a server or from a file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from asl.cli._shared import CommandError, endpoint_argument, run_command, show_json, text_of
from asl.engine.history_table import rows

COLOURS = {"Failed": "red", "TimedOut": "red", "Aborted": "red", "Succeeded": "green", "Redriven": "yellow"}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m asl history", description="Show an execution's history as a table."
    )
    parser.add_argument("execution", metavar="ARN|FILE", help="an execution's ARN, or a file with its history as JSON")
    endpoint_argument(parser)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    return run_command("history", lambda: _history(args))


def _history(args: argparse.Namespace) -> int:
    events = read_events(args.execution, args.endpoint)
    if args.json:
        show_json([row._asdict() for row in rows(events, width=10_000)])
    else:
        _print(events)
    return 0


def read_events(source: str, endpoint: str) -> list[dict[str, Any]]:
    """The events of an ARN, or in a file: a list, or a response of GetExecutionHistory. Raises CommandError."""
    if source.startswith("arn:"):
        return _fetch_events(source, endpoint)
    try:
        value = json.loads(text_of(source))
        events: list[dict[str, Any]] = value["events"] if isinstance(value, dict) else value
        rows(events)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"{Path(source).name} holds no history: {error!r}") from None
    return events


def _fetch_events(arn: str, endpoint: str) -> list[dict[str, Any]]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    keys = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}
    client = boto3.client("stepfunctions", endpoint_url=endpoint, **keys)  # type: ignore[call-overload]
    try:
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [dict(event) for page in pages for event in page["events"]]
    except (BotoCoreError, ClientError) as error:
        raise CommandError(str(error)) from None


def _print(events: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name, justify in (
        ("#", "right"),
        ("seconds", "right"),
        ("event", "left"),
        ("state", "left"),
        ("details", "left"),
    ):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows(events, width=160):
        colour = next((colour for ending, colour in COLOURS.items() if row.type.endswith(ending)), "")
        table.add_row(
            str(row.id), f"{row.seconds:.3f}", Text(row.type, colour), Text(row.state, "bold"), Text(row.details)
        )
    Console().print(table)
