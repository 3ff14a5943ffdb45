"""``python -m asl redrive --dry-run HISTORY --definition FILE``: forecast which effects a redrive would repeat."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from asl.cli._shared import CommandError
from asl.cli.replay import read_definition
from asl.lint import Config, InvalidConfig, read_config
from asl.replay import InvalidHistory, read_recordings
from asl.replay.redrive_forecast import forecast_redrive
from asl.validation import InvalidDefinition


def main(argv: list[str]) -> int:
    """Returns 0 if every redrive is safe, 1 if one isn't or is impossible, 2 if a file can't be read."""
    args = parser().parse_args(argv)
    try:
        config = read_config(args.config) if args.config else Config()
        definition = read_definition(args.definition)
        recordings = [each for path in args.histories for each in read_recordings(path)]
        forecasts = [forecast_redrive(each, definition, config) for each in recordings]
    except (InvalidHistory, CommandError, InvalidConfig, InvalidDefinition, OSError, UnicodeDecodeError) as error:
        print(f"asl redrive: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([forecast.as_json() for forecast in forecasts], indent=2))
    else:
        print("\n".join(map(str, forecasts)))
    return 0 if all(forecast.safe for forecast in forecasts) else 1


def parser() -> argparse.ArgumentParser:
    parsed = argparse.ArgumentParser(prog="python -m asl redrive", description=(__doc__ or "").splitlines()[0])
    parsed.add_argument("histories", nargs="+", type=Path, metavar="HISTORY", help="a file, or a folder of *.json")
    parsed.add_argument("--dry-run", action="store_true", required=True, help="print what would happen; the only mode")
    parsed.add_argument(
        "--definition", required=True, type=Path, metavar="FILE", help="the definition that they ran under"
    )
    parsed.add_argument("--config", type=Path, metavar="FILE", help="the linter's, which declares tasks idempotent")
    parsed.add_argument("--json", action="store_true", help="print the forecasts as a JSON array")
    return parsed
