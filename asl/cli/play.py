"""``python -m asl play``: run conformance scenarios, one JSON object on each line of standard input and output."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from asl.conformance.runner import run_scenario


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m asl play", description="Run conformance scenarios from standard input."
    )
    parser.parse_args(argv)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(_play(json.loads(line))), flush=True)
    return 0


def _play(scenario: dict[str, Any]) -> dict[str, Any]:
    """Run a scenario. If that fails, the others still run."""
    try:
        return run_scenario(scenario)
    except Exception as error:
        print(f"{scenario['id']}: {type(error).__name__}: {error}", file=sys.stderr)
        return {"id": scenario["id"]}
