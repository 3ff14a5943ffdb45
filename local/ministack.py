"""ministack, as this machine runs it: what it works out of an expression, it works out once.

It takes each condition and update apart anew, for every item of a transaction or a page, and a shop has a few dozen of
them. What is remembered depends on the expression's text alone, and nobody changes it.
"""

from __future__ import annotations

from functools import lru_cache

from ministack.app import app
from ministack.services import dynamodb

EXPRESSIONS = 1000

__all__ = ["app"]

dynamodb._tokenize = lru_cache(EXPRESSIONS)(dynamodb._tokenize)
dynamodb._condition_syntax_error = lru_cache(EXPRESSIONS)(dynamodb._condition_syntax_error)
