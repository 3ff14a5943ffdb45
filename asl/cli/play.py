"""``python -m asl play``: play scenarios, one JSON object a line on standard input, and answer each on standard output."""

from __future__ import annotations

import argparse
import json
import sys

from asl.play import play


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m asl play", description="Play scenarios from standard input.")
    parser.parse_args(argv)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(play(json.loads(line))), flush=True)
    return 0
