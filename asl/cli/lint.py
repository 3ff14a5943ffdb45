"""``python -m asl lint DEFINITION...``: report likely failures of a definition, and how to fix them."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from asl.cli._shared import CommandError, text_of
from asl.lint import Config, InvalidConfig, LintFinding, lint_definitions, read_config
from asl.validation import Definition


def main(argv: list[str]) -> int:
    """Returns 0 without findings, 1 with findings, 2 if a file can't be read."""
    args = parser().parse_args(argv)
    try:
        config = read_config(args.config) if args.config else Config()
        definitions = read_definitions(args.definitions)
    except (CommandError, InvalidConfig, OSError) as error:
        print(f"asl lint: {error}", file=sys.stderr)
        return 2
    findings = lint_definitions(definitions, config)
    print_findings(findings, len(definitions), as_json=args.json)
    return 1 if findings else 0


def parser() -> argparse.ArgumentParser:
    parsed = argparse.ArgumentParser(prog="python -m asl lint", description=(__doc__ or "").splitlines()[0])
    parsed.add_argument("definitions", nargs="+", type=Path, metavar="DEFINITION", help="a definition's JSON file")
    parsed.add_argument("--config", type=Path, metavar="FILE", help="timeouts, effects, compensations, suppressions")
    parsed.add_argument("--json", action="store_true", help="print the findings as a JSON array")
    return parsed


def read_definitions(paths: list[Path]) -> dict[str, Definition]:
    """The definitions by name, ``new_order`` for ``new_order.asl.json``; by path if a name occurs twice."""
    names = [path.name.partition(".")[0] for path in paths]
    return {
        name if names.count(name) == 1 else str(path): text_of(path) for name, path in zip(names, paths, strict=True)
    }


def print_findings(findings: list[LintFinding], count: int, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
        return
    for finding in findings:
        print(finding, end="\n\n")
    print(f"{count_text(len(findings), 'finding')} in {count_text(count, 'definition')}")


def count_text(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
