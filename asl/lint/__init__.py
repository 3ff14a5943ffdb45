"""The linter: defects of a valid definition in its timeouts, retries, compensations and data.

README.md describes the rules and the configuration.
"""

from asl.lint.config import Config, InvalidConfig, parse_config, read_config
from asl.lint.findings import LintFinding
from asl.lint.linter import lint_definition, lint_definitions

__all__ = [
    "Config",
    "InvalidConfig",
    "LintFinding",
    "lint_definition",
    "lint_definitions",
    "parse_config",
    "read_config",
]
