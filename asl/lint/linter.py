"""Runs every rule on definitions, and applies the suppressions of the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from asl.lint.config import Config
from asl.lint.findings import LintFinding
from asl.lint.flow import Flow
from asl.lint.rules import RULES
from asl.validation import Definition, Diagnostic, diagnose_definition
from asl.validation.diagnostics import DiagnosticsCollector
from asl.validation.source import read_definition

COVERED_BY_RULES = ("is not reachable", "States.ALL must appear alone", "HeartbeatSeconds must be smaller")
"""Messages of AWS's diagnostics that a rule explains better."""


def lint_definition(
    definition: Definition, config: Config | None = None, *, name: str = "definition"
) -> list[LintFinding]:
    """Every finding in one definition that the configuration doesn't suppress. Never raises.

    Rules follow https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html and the needs of sagas.
    """
    return lint_definitions({name: definition}, config)


def lint_definitions(definitions: dict[str, Definition], config: Config | None = None) -> list[LintFinding]:
    """Every finding in definitions with one configuration, including suppressions that suppress nothing."""
    config = config or Config()
    findings = [finding for name, definition in definitions.items() for finding in _find_all(name, definition, config)]
    reported = [
        finding for finding in findings if not any(suppression.covers(finding) for suppression in config.suppressions)
    ]
    return [*reported, *_stale_suppressions(definitions, findings, config)]


def _find_all(name: str, definition: Definition, config: Config) -> list[LintFinding]:
    diagnostics = [
        diagnostic
        for diagnostic in diagnose_definition(definition)
        if not any(message in diagnostic.message for message in COVERED_BY_RULES)
    ]
    machine = read_definition(definition, DiagnosticsCollector())
    if diagnostics or machine is None:
        return [_invalid_definition(name, diagnostic) for diagnostic in diagnostics]
    flow = Flow(name, machine)
    return list(dict.fromkeys(finding for rule in RULES for finding in rule(flow, config)))


def _invalid_definition(name: str, diagnostic: Diagnostic) -> LintFinding:
    location = (diagnostic.location or "").removeprefix("/States/")
    state, _, field = location.partition("/")
    return LintFinding(
        "invalid-definition", name, state, field, diagnostic.message, "AWS would refuse to create it: correct it"
    )


def _stale_suppressions(names: Iterable[str], findings: Sequence[LintFinding], config: Config) -> Iterator[LintFinding]:
    """Suppressions for these definitions that suppress nothing."""
    for suppression in config.suppressions:
        applies = any(fnmatchcase(name, suppression.definition) for name in names)
        if applies and not any(suppression.covers(finding) for finding in findings):
            yield LintFinding(
                "stale-suppression", suppression.definition, suppression.state, "",
                f"nothing is left of {suppression.rule} that it would suppress", "delete the suppression",
            )  # fmt: skip
