"""``python -m asl play``: play scenarios, one JSON object a line on standard input; an answer a line comes out."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from asl.conformance.runner import run_scenario


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m asl play", description="Play scenarios from standard input.")
    parser.parse_args(argv)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(_answer(json.loads(line))), flush=True)
    return 0


def _answer(scenario: dict[str, Any]) -> dict[str, Any]:
    """One scenario that can't be played leaves the others be."""
    try:
        return run_scenario(scenario)
    except Exception as error:
        print(f"{scenario['id']}: {type(error).__name__}: {error}", file=sys.stderr)
        return {"id": scenario["id"]}
