"""The rules: each is a function from a definition and the configuration to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from asl.lint.config import Config
from asl.lint.findings import LintFinding
from asl.lint.flow import Flow
from asl.lint.rules import compensations, errors, growth, timeouts

Rule = Callable[[Flow, Config], Iterator[LintFinding]]

RULES: tuple[Rule, ...] = (
    errors.unreachable,
    errors.catch_all,
    errors.all_ahead_of_a_leaf,
    errors.retry_without_jitter,
    errors.retry_of_what_repeats,
    timeouts.timeout_order,
    timeouts.token_without_deadline,
    compensations.effect_without_compensation,
    compensations.compensation_key,
    growth.growing_state,
    growth.lost_input,
    growth.payload_size,
)
