"""The search of the catalogue: queries, documents, and the ranking of hits, the same for every search engine.

The order of hits has to be explainable and the same on every engine, so the score isn't a statistic of the index. Each
term of the query scores by the best field that matches it, alike for all products. Among equal scores the product with
the shorter name comes first.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from zlib import crc32

from oms.domain.catalogue import Product
from oms.domain.synonyms import LONGEST, SYNONYMS, Phrase

FACETS = ("department", "category", "brand", "price", "in_stock")
BANDS = (0, 100, 250, 500, 1000, 2500)
"""The start of each price band, in minor units."""
WINDOW = 10_000
"""The number of hits that can be paged through."""
MAX_VALUES = 300
"""Of one facet, most frequent first."""
MAX_WORDS = 8

SMALL_WORDS = frozenset({"a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
RANKS = 1 << 15
"""The upper bound of all ranks."""
_WORD = re.compile(r"[^\W_]+")
_PARTS = frozenset({0, 7, 8, 9})
"""Combining classes that are kept: letters, vowel signs, and marks that make a different letter (nukta, kana voicing,
virama). Accents are removed, since many people don't type them."""
_PLAINLY = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)
"""Letters that Unicode doesn't decompose into a letter and an accent."""
_SIZE = re.compile(r", [\d.][^,]*$")


class Sort(StrEnum):
    RELEVANCE = "relevance"
    CHEAPEST = "price"
    DEAREST = "-price"
    NAME = "name"


class MatchKind(StrEnum):
    """How a word is matched: with its inflections, as the beginning of a word, or with typing errors."""

    WHOLE = "whole"
    BEGINNING = "beginning"
    NEARLY = "nearly"


@dataclass(frozen=True, slots=True)
class Listing:
    """A product in the search index. ``version`` is given by the writer, and only grows."""

    product: Product
    in_stock: bool
    version: int

    def document(self) -> dict[str, Any]:
        """The indexed fields. Text is split into words here, separated by spaces, so that every engine sees the same
        words in every script."""
        product = self.product
        name, category, shelf = map(_spaced, (product.name, product.category, f"{product.brand} {product.department}"))
        return {
            "sku": product.sku,
            **self.facets(),
            "in_name": name,
            "in_category": category,
            "in_shelf": shelf,
            "as_typed": f"{name} {category}",
            "title": _SIZE.sub("", product.name),
            "rank": rank(product),
            "by_price": f"{product.price.minor:012}{rank(product):05}{product.sku}",
            "by_name": f"{name} {product.sku}",
        }

    def facets(self) -> dict[str, str]:
        """The product's value of each facet."""
        product = self.product
        stock = "true" if self.in_stock else "false"
        values = (product.department, product.category, product.brand, band(product.price.minor), stock)
        return dict(zip(FACETS, values, strict=True))


@dataclass(frozen=True, slots=True)
class Query:
    """``filters`` maps a facet to the value that a hit must have."""

    text: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: Sort = Sort.RELEVANCE
    limit: int = 20
    cursor: str | None = None

    @property
    def is_ranked(self) -> bool:
        """True if hits are sorted by score. Without a term all scores are equal, and hits are sorted by name."""
        return self.sort is Sort.RELEVANCE and bool(terms(self.text))

    @property
    def fingerprint(self) -> str:
        """Identifies the query in its cursors."""
        fields = [self.text, *(f"{name}={value}" for name, value in sorted(self.filters.items())), self.sort]
        return hashlib.sha256("\0".join(fields).encode()).hexdigest()[:16]

    def __hash__(self) -> int:
        return hash((self.fingerprint, self.limit, self.cursor))


@dataclass(frozen=True, slots=True)
class FacetCount:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A page of hits. Each facet counts the hits of its values, given the filters of the other facets."""

    hits: Sequence[Listing]
    total: int
    facets: Mapping[str, Sequence[FacetCount]]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A way to match a term, and its score."""

    field: str
    words: Phrase
    kind: MatchKind
    score: int


@dataclass(frozen=True, slots=True)
class Term:
    """Words that belong together, and their synonyms."""

    words: Phrase
    synonyms: Sequence[Phrase] = ()

    def matches(self, fuzzy: bool) -> list[Match]:
        """Best first. Fuzzy matches are for a second query, if the first has no hits."""
        matches = [
            Match("in_name", self.words, MatchKind.WHOLE, 8),
            *(Match("in_name", other, MatchKind.WHOLE, 6) for other in self.synonyms),
            Match("in_category", self.words, MatchKind.WHOLE, 4),
            *(Match("in_category", other, MatchKind.WHOLE, 3) for other in self.synonyms),
            Match("in_shelf", self.words, MatchKind.WHOLE, 2),
        ]
        if min(map(len, self.words)) >= 3:
            matches.append(Match("as_typed", self.words, MatchKind.BEGINNING, 2))
        if fuzzy:
            matches.append(Match("as_typed", self.words, MatchKind.NEARLY, 1))
        return matches


PHRASE_SCORE = 4
"""Added if the name contains all words of the query, in their order."""


def terms(text: str) -> list[Term]:
    """The terms of a query, all of which a hit must match. Small words are ignored if there are others."""
    left = words(text)[:MAX_WORDS]
    left = [word for word in left if word not in SMALL_WORDS] or left
    query_terms: list[Term] = []
    while left:
        length = next((n for n in range(min(LONGEST, len(left)), 1, -1) if _synonyms(tuple(left[:n]))), 1)
        phrase = tuple(left[:length])
        query_terms.append(Term(phrase, _synonyms(phrase)))
        left = left[length:]
    return query_terms


def _synonyms(phrase: Phrase) -> Sequence[Phrase]:
    """Of a phrase in the singular or the plural."""
    last = phrase[-1]
    singular = (*phrase[:-1], last.removesuffix("es")), (*phrase[:-1], last.removesuffix("s"))
    return next((SYNONYMS[each] for each in (phrase, *singular) if each in SYNONYMS), ())


def words(text: str) -> list[str]:
    """The words of a text in any script, in lower case and without accents."""
    if text.isascii():
        return _WORD.findall(text.lower())
    apart = unicodedata.normalize("NFKD", text)
    letters = (letter for letter in apart if unicodedata.combining(letter) in _PARTS and not _is_format(letter))
    plain = unicodedata.normalize("NFC", "".join(letters)).casefold().translate(_PLAINLY)
    split = "".join(letter if letter.isalnum() or _is_mark(letter) else " " for letter in plain).split()
    return [word for word in split if not _is_mark(word[0])]


def _spaced(text: str) -> str:
    return " ".join(words(text))


def _is_mark(letter: str) -> bool:
    """True of a mark such as a vowel sign, which is part of a word like a letter."""
    return unicodedata.category(letter).startswith("M")


def _is_format(letter: str) -> bool:
    """True of an invisible character such as a joiner of two letters."""
    return unicodedata.category(letter) == "Cf"


def max_edits(word: str) -> int:
    """How many letters of a fuzzy match may be wrong, missing, swapped or extra."""
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2


def rank(product: Product) -> int:
    """The order among equal scores: names with fewer words first, then by a hash of the SKU."""
    return min(len(words(product.name)), 63) * 512 + crc32(product.sku.encode()) % 512


def band(minor: int) -> str:
    """The price band: ``250-500`` is from 2.50 to below 5.00; the last band has no end."""
    above = next((start for start in BANDS if start > minor), None)
    below = max(start for start in BANDS if start <= minor)
    return f"{below}-{above or ''}"


def sorted_counts(values: Mapping[str, int]) -> tuple[FacetCount, ...]:
    """Most frequent first, then by name."""
    ordered = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(FacetCount(value, count) for value, count in ordered if count)
