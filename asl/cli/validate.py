"""``python -m asl validate``: print AWS's diagnostics of definitions, one on each line."""

from __future__ import annotations

import argparse
import json

from asl.cli._shared import run_command, show_json, text_of
from asl.validation import diagnose_definition, unsupported_features
from asl.validation.diagnostics import Diagnostic


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m asl validate", description="Validate definitions as AWS does.")
    parser.add_argument("definitions", nargs="+", metavar="DEFINITION", help="a file; - for standard input")
    parser.add_argument("--type", choices=["STANDARD", "EXPRESS"], default="STANDARD")
    parser.add_argument("--warnings", action="store_true", help="also print warnings")
    parser.add_argument("--engine", action="store_true", help="also report what AWS can run and this engine can't")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    return run_command("validate", lambda: _validate(args))


def _validate(args: argparse.Namespace) -> int:
    results = {path: _diagnose(text_of(path), args) for path in args.definitions}
    failed = any(each.severity == "ERROR" for diagnostics in results.values() for each in diagnostics)
    if args.json:
        show_json({path: [each.as_json() for each in diagnostics] for path, diagnostics in results.items()})
        return int(failed)
    for path, diagnostics in results.items():
        for each in diagnostics:
            text = " ".join(each.message.split())
            print(f"{path}: {each.severity} {each.code} {each.location or '/'}: {text}")
        if not diagnostics:
            print(f"{path}: OK")
    return int(failed)


def _diagnose(text: str, args: argparse.Namespace) -> list[Diagnostic]:
    diagnostics = diagnose_definition(text, args.type, warnings=args.warnings)
    if args.engine and not any(each.severity == "ERROR" for each in diagnostics):
        diagnostics += unsupported_features(json.loads(text), any_task=False)
    return diagnostics
