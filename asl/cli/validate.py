"""``python -m asl validate``: AWS's diagnostics of definitions, one a line."""

from __future__ import annotations

import argparse
import json

from asl.cli._shared import guarded, show_json, text_of
from asl.validation import diagnose_definition, unsupported_features
from asl.validation.diagnostics import Diagnostic


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m asl validate", description="Say what AWS would say of definitions."
    )
    parser.add_argument("definitions", nargs="+", metavar="DEFINITION", help="a file; - for standard input")
    parser.add_argument("--type", choices=["STANDARD", "EXPRESS"], default="STANDARD")
    parser.add_argument("--warnings", action="store_true", help="warnings too")
    parser.add_argument("--engine", action="store_true", help="also what AWS runs and this engine can't")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    return guarded("validate", lambda: _validate(args))


def _validate(args: argparse.Namespace) -> int:
    found = {path: _diagnosed(text_of(path), args) for path in args.definitions}
    failed = any(each.severity == "ERROR" for faults in found.values() for each in faults)
    if args.json:
        show_json({path: [each.as_json() for each in faults] for path, faults in found.items()})
        return int(failed)
    for path, faults in found.items():
        for each in faults:
            text = " ".join(each.message.split())
            print(f"{path}: {each.severity} {each.code} {each.location or '/'}: {text}")
        if not faults:
            print(f"{path}: OK")
    return int(failed)


def _diagnosed(text: str, args: argparse.Namespace) -> list[Diagnostic]:
    faults = diagnose_definition(text, args.type, warnings=args.warnings)
    if args.engine and not any(each.severity == "ERROR" for each in faults):
        faults += unsupported_features(json.loads(text), any_task=False)
    return faults
