"""``python -m asl replay HISTORY --definition NEW``: replay old executions under a new definition."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asl.cli._shared import CommandError, text_of
from asl.replay import InvalidHistory, ReplayResult, read_recordings, replay
from asl.validation import Diagnostic, InvalidDefinition, parse_definition


def main(argv: list[str]) -> int:
    """Returns 0 if all replays are the same, 1 if one differs or is affected, 2 if a file can't be read."""
    args = parser().parse_args(argv)
    try:
        definition = read_definition(args.definition)
        deployed = read_definition(args.deployed) if args.deployed else None
        recordings = [each for path in args.histories for each in read_recordings(path)]
        results = [replay(each, definition, deployed=deployed) for each in recordings]
    except (InvalidHistory, CommandError, InvalidDefinition, OSError) as error:
        print(f"asl replay: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([result.as_json() for result in results], indent=2))
    else:
        print("\n".join(output_lines(results)))
    return 0 if all(result.same and not result.affected for result in results) else 1


def parser() -> argparse.ArgumentParser:
    parsed = argparse.ArgumentParser(prog="python -m asl replay", description=(__doc__ or "").splitlines()[0])
    parsed.add_argument("histories", nargs="+", type=Path, metavar="HISTORY", help="a file, or a folder of *.json")
    parsed.add_argument("--definition", required=True, type=Path, metavar="FILE", help="the new definition")
    parsed.add_argument(
        "--deployed",
        type=Path,
        metavar="FILE",
        help="the old definition: lists changed states ahead of running executions",
    )
    parsed.add_argument("--json", action="store_true", help="print the results as a JSON array")
    return parsed


def read_definition(path: Path) -> dict[str, Any]:
    """Raises CommandError, which names the file and the location in it, and OSError."""
    try:
        return parse_definition(text_of(path), any_task=True)
    except InvalidDefinition as error:
        diagnostics = "; ".join(map(_format_diagnostic, error.diagnostics))
        raise CommandError(f"{path} is not a valid definition: {diagnostics}") from None


def _format_diagnostic(diagnostic: Diagnostic) -> str:
    """The diagnostic in one line, without the text that isn't JSON."""
    place = (diagnostic.location or "").rpartition('"; ')[2].removesuffix("]")
    return f"{diagnostic.message.partition(chr(10))[0]}{place and ' at ' + place}"


def output_lines(results: list[ReplayResult]) -> Iterator[str]:
    yield from map(str, results)
    different = sum(not result.same for result in results)
    running = [result for result in results if result.status == "RUNNING"]
    affected = sum(result.affected for result in running)
    yield f"{len(results)} replayed, {different} different; {len(running)} still running, {affected} affected"
