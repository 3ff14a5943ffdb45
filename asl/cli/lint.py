"""``python -m asl lint DEFINITION...``: say what in a definition will go wrong one day, and how to mend it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from asl.cli._shared import Fault, text_of
from asl.lint import Config, InvalidConfig, LintFinding, lint_definitions, read_config
from asl.validation import Definition


def main(argv: list[str]) -> int:
    """0 if there is nothing to say, 1 if there is, 2 if a file can't be read."""
    args = parser().parse_args(argv)
    try:
        config = read_config(args.config) if args.config else Config()
        definitions = named(args.definitions)
    except (Fault, InvalidConfig, OSError) as error:
        print(f"asl lint: {error}", file=sys.stderr)
        return 2
    findings = lint_definitions(definitions, config)
    show(findings, len(definitions), as_json=args.json)
    return 1 if findings else 0


def parser() -> argparse.ArgumentParser:
    parsed = argparse.ArgumentParser(prog="python -m asl lint", description=(__doc__ or "").splitlines()[0])
    parsed.add_argument("definitions", nargs="+", type=Path, metavar="DEFINITION", help="a definition's JSON file")
    parsed.add_argument("--config", type=Path, metavar="FILE", help="timeouts, effects, compensations, suppressions")
    parsed.add_argument("--json", action="store_true", help="the findings as a JSON array")
    return parsed


def named(paths: list[Path]) -> dict[str, Definition]:
    """The definitions by name, ``new_order`` for ``new_order.asl.json``; by path where a name comes twice."""
    names = [path.name.partition(".")[0] for path in paths]
    return {
        name if names.count(name) == 1 else str(path): text_of(path) for name, path in zip(names, paths, strict=True)
    }


def show(findings: list[LintFinding], count: int, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
        return
    for finding in findings:
        print(finding, end="\n\n")
    print(f"{counted(len(findings), 'finding')} in {counted(count, 'definition')}")


def counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
