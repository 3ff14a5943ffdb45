"""``python -m asl redrive --dry-run HISTORY --definition FILE``: say which effects a redrive would repeat, and why."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from asl.cli._shared import Fault
from asl.cli.replay import read_definition
from asl.lint import Config, InvalidConfig, read_config
from asl.replay import BadHistory, read_recordings
from asl.replay.redrive_forecast import foresee
from asl.validation import InvalidDefinition


def main(argv: list[str]) -> int:
    """0 if every redrive is declared safe, 1 if one isn't or can't be, 2 if something can't be read."""
    args = parser().parse_args(argv)
    try:
        config = read_config(args.config) if args.config else Config()
        definition = read_definition(args.definition)
        recordings = [each for path in args.histories for each in read_recordings(path)]
        seen = [foresee(each, definition, config) for each in recordings]
    except (BadHistory, Fault, InvalidConfig, InvalidDefinition, OSError, UnicodeDecodeError) as error:
        print(f"asl redrive: {error}", file=sys.stderr)
        return 2
    print(json.dumps([each.as_json() for each in seen], indent=2) if args.json else "\n".join(map(str, seen)))
    return 0 if all(each.safe for each in seen) else 1


def parser() -> argparse.ArgumentParser:
    parsed = argparse.ArgumentParser(prog="python -m asl redrive", description=(__doc__ or "").splitlines()[0])
    parsed.add_argument("histories", nargs="+", type=Path, metavar="HISTORY", help="a file, or a folder of *.json")
    parsed.add_argument("--dry-run", action="store_true", required=True, help="only say what would happen")
    parsed.add_argument("--definition", required=True, type=Path, metavar="FILE", help="the one that they ran under")
    parsed.add_argument("--config", type=Path, metavar="FILE", help="the linter's: which tasks are safe to run twice")
    parsed.add_argument("--json", action="store_true", help="what is foreseen, as a JSON array")
    return parsed
