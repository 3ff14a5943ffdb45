"""Condition and update expressions: parsed once per text. ministack parses them again for every item.

The shop has a few dozen expressions, and what is cached depends on an expression's text alone.

Replaces, and gains:
- ``_tokenize`` and ``_condition_syntax_error``: cached by text;
- ``_evaluate_condition``: skips the checks of a condition whose text has passed them, and compares one attribute with
  one value without the expression evaluator. Any other condition, and every error, goes to ministack's own function.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

from ministack.services import dynamodb

CACHED_EXPRESSIONS = 1000
COMPARISONS = set(product(("IDENT", "NAME_REF"), ("EQ", "NE", "LT", "GT", "LE", "GE"), ("VALUE_REF",), ("EOF",)))
"""The token kinds of a comparison of one attribute with one value."""

original_evaluate = dynamodb._evaluate_condition


@lru_cache(CACHED_EXPRESSIONS)
def is_valid(expression: str, slot: str) -> bool:
    """True if the text has no error, and no value of the condition can make it invalid."""
    tokens = dynamodb._tokenize(expression)
    error = dynamodb._check_redundant_parens(tokens, slot) or dynamodb._check_reserved_keyword_usage(tokens)
    error = error or dynamodb._condition_syntax_error(expression, slot)
    return bool(tokens) and not error and "BETWEEN" not in expression.upper()


@lru_cache(CACHED_EXPRESSIONS)
def comparison(expression: str, slot: str) -> tuple[str, str, str] | None:
    """The attribute, operator and value of a valid comparison of one attribute with one value, else None."""
    kinds, texts = zip(*dynamodb._tokenize(expression), strict=True)
    return texts[:3] if kinds in COMPARISONS and is_valid(expression, slot) else None


def evaluate(expression: Any, item: Any, values: Any, names: Any, slot: str = "ConditionExpression") -> Any:
    """Whether an item meets a condition. ministack's own function reports errors."""
    try:
        if compared := comparison(expression, slot):
            name, operator, value = compared
            attribute = dynamodb._get_at_path(item, [names.get(name, name)])
            return dynamodb._compare_ddb(attribute, operator, values.get(value))
        if is_valid(expression, slot):
            return dynamodb._ExprEval(dynamodb._tokenize(expression), item, values, names).evaluate()
    except Exception:
        pass
    return original_evaluate(expression, item, values, names, slot)


def apply() -> None:
    dynamodb._tokenize = lru_cache(CACHED_EXPRESSIONS)(dynamodb._tokenize)
    dynamodb._condition_syntax_error = lru_cache(CACHED_EXPRESSIONS)(dynamodb._condition_syntax_error)
    dynamodb._evaluate_condition = evaluate
