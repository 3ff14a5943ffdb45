"""``python -m asl replay HISTORY --definition NEW``: does an old execution go the same way under a new one?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asl.cli._shared import Fault, text_of
from asl.replay import BadHistory, Verdict, read_recordings, replay
from asl.validation import Diagnostic, InvalidDefinition, parse_definition


def main(argv: list[str]) -> int:
    """0 if all go the same way, 1 if one doesn't or will not, 2 if something can't be read."""
    args = parser().parse_args(argv)
    try:
        definition = read_definition(args.definition)
        deployed = read_definition(args.deployed) if args.deployed else None
        recordings = [each for path in args.histories for each in read_recordings(path)]
        verdicts = [replay(each, definition, deployed=deployed) for each in recordings]
    except (BadHistory, Fault, InvalidDefinition, OSError) as error:
        print(f"asl replay: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([verdict.as_json() for verdict in verdicts], indent=2))
    else:
        print("\n".join(told(verdicts)))
    return 0 if all(verdict.same and not verdict.affected for verdict in verdicts) else 1


def parser() -> argparse.ArgumentParser:
    parsed = argparse.ArgumentParser(prog="python -m asl replay", description=(__doc__ or "").splitlines()[0])
    parsed.add_argument("histories", nargs="+", type=Path, metavar="HISTORY", help="a file, or a folder of *.json")
    parsed.add_argument("--definition", required=True, type=Path, metavar="FILE", help="the new definition")
    parsed.add_argument("--deployed", type=Path, metavar="FILE", help="the old one: shows what changed for the running")
    parsed.add_argument("--json", action="store_true", help="the verdicts as a JSON array")
    return parsed


def read_definition(path: Path) -> dict[str, Any]:
    """Raises Fault, which names the file and the place in it, and OSError."""
    try:
        return parse_definition(text_of(path), any_task=True)
    except InvalidDefinition as error:
        raise Fault(
            f"{path} is no definition that AWS would create: {'; '.join(map(_said, error.diagnostics))}"
        ) from None


def _said(fault: Diagnostic) -> str:
    """The fault in one line; of a text that isn't JSON not the text itself."""
    place = (fault.location or "").rpartition('"; ')[2].removesuffix("]")
    return f"{fault.message.partition(chr(10))[0]}{place and ' at ' + place}"


def told(verdicts: list[Verdict]) -> Iterator[str]:
    yield from map(str, verdicts)
    different = sum(not verdict.same for verdict in verdicts)
    running = [verdict for verdict in verdicts if verdict.status == "RUNNING"]
    affected = sum(verdict.affected for verdict in running)
    yield f"{len(verdicts)} replayed, {different} different; {len(running)} still running, {affected} affected"
