"""What a valid definition can still get wrong: deadlines, retries, compensations, data that grows.

asl/lint/README.md says what each rule is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from asl.lint.config import Config, InvalidConfig, parse_config, read_config
from asl.lint.findings import Finding
from asl.lint.flow import Flow
from asl.lint.rules import RULES
from asl.validation import Definition, Diagnostic, diagnose_definition
from asl.validation.diagnostics import DiagnosticsCollector
from asl.validation.source import read_definition

__all__ = ["Config", "Finding", "InvalidConfig", "lint", "lint_all", "parse_config", "read_config"]

COVERED = ("is not reachable", "States.ALL must appear alone", "HeartbeatSeconds must be smaller")
"""Faults that AWS refuses too, and that a rule explains better."""


def lint(definition: Definition, config: Config | None = None, *, name: str = "definition") -> list[Finding]:
    """Every finding in one definition, those that the configuration suppresses left out. Never raises.

    Rules follow https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html and what sagas need.
    """
    return lint_all({name: definition}, config)


def lint_all(definitions: dict[str, Definition], config: Config | None = None) -> list[Finding]:
    """Every finding in definitions that share a configuration; a suppression that suppresses nothing is one too."""
    config = config or Config()
    found = [finding for name, each in definitions.items() for finding in _findings(name, each, config)]
    kept = [each for each in found if not any(suppression.covers(each) for suppression in config.suppressions)]
    return [*kept, *_stale(definitions, found, config)]


def _findings(name: str, definition: Definition, config: Config) -> list[Finding]:
    faults = [each for each in diagnose_definition(definition) if not any(text in each.message for text in COVERED)]
    machine = read_definition(definition, DiagnosticsCollector())
    if faults or machine is None:
        return [_invalid(name, fault) for fault in faults]
    flow = Flow(name, machine)
    return list(dict.fromkeys(finding for rule in RULES for finding in rule(flow, config)))


def _invalid(name: str, fault: Diagnostic) -> Finding:
    where = (fault.location or "").removeprefix("/States/")
    state, _, field = where.partition("/")
    return Finding("invalid-definition", name, state, field, fault.message, "AWS would refuse to create it: correct it")


def _stale(names: Iterable[str], found: Sequence[Finding], config: Config) -> Iterator[Finding]:
    """Suppressions for these definitions that nothing needs any more."""
    for each in config.suppressions:
        concerned = any(fnmatchcase(name, each.definition) for name in names)
        if concerned and not any(each.covers(finding) for finding in found):
            yield Finding(
                "stale-suppression", each.definition, each.state, "",
                f"nothing is left of {each.rule} that it would suppress", "delete the suppression",
            )  # fmt: skip
