"""What shoppers look for in the catalogue, and how near each product is to it: one meaning, whichever engine looks.

An order of hits has to be explainable, and the same on every engine, so nearness isn't a statistic of the index. Each
word that was asked for scores by the best place where it was found, alike for all products; among equals the
plainer name comes first.
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
from oms.domain.synonyms import LONGEST, OTHERS, Phrase

FACETS = ("department", "category", "brand", "price", "in_stock")
BANDS = (0, 100, 250, 500, 1000, 2500)
"""Where each price band begins, in minor units."""
WINDOW = 10_000
"""So far into its hits a query may be paged: whoever wants more should ask for less."""
MOST_VALUES = 300
"""Of one facet, most frequent first."""
MOST_WORDS = 8

SMALL_WORDS = frozenset({"a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
RANKS = 1 << 15
"""Every rank is below this."""
_WORD = re.compile(r"[^\W_]+")
_PARTS = frozenset({0, 7, 8, 9})
"""Classes of what stays: letters, vowels' signs, and marks that make another letter of one (nukta, kana's voicing,
virama). Others, which stand over or under a letter, are left out by who types in a hurry."""
_PLAINLY = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)
"""Accented letters that are no letter and accent."""
_SIZE = re.compile(r", [\d.][^,]*$")


class Sort(StrEnum):
    RELEVANCE = "relevance"
    CHEAPEST = "price"
    DEAREST = "-price"
    NAME = "name"


class How(StrEnum):
    """How a word is looked for: with its inflections, as the beginning of a word, or with typing errors."""

    WHOLE = "whole"
    BEGINNING = "beginning"
    NEARLY = "nearly"


@dataclass(frozen=True, slots=True)
class Listing:
    """A product as shoppers find it. ``version`` comes from outside, and only ever grows."""

    product: Product
    in_stock: bool
    version: int

    def document(self) -> dict[str, Any]:
        """All that an engine needs to find, count and order it. What is searched by words is told as words, apart by
        spaces: then what a word is in any script is decided here, and no engine knows otherwise."""
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
        """Its value of each facet."""
        product = self.product
        stock = "true" if self.in_stock else "false"
        values = (product.department, product.category, product.brand, band(product.price.minor), stock)
        return dict(zip(FACETS, values, strict=True))


@dataclass(frozen=True, slots=True)
class Query:
    """``filters`` maps a facet to the value that is wanted of it."""

    text: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: Sort = Sort.RELEVANCE
    limit: int = 20
    cursor: str | None = None

    @property
    def ranked(self) -> bool:
        """Whether nearness decides; where no word was asked for, all are equally near, and names do."""
        return self.sort is Sort.RELEVANCE and bool(terms(self.text))

    @property
    def mark(self) -> str:
        """Tells the listing that a cursor is of."""
        told = [self.text, *(f"{name}={value}" for name, value in sorted(self.filters.items())), self.sort]
        return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]

    def __hash__(self) -> int:
        return hash((self.mark, self.limit, self.cursor))


@dataclass(frozen=True, slots=True)
class Count:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits. Each facet counts what its values would find, given the other facets' filters."""

    hits: Sequence[Listing]
    total: int
    facets: Mapping[str, Sequence[Count]]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a term may be found, and what that is worth."""

    field: str
    words: Phrase
    how: How
    worth: int


@dataclass(frozen=True, slots=True)
class Term:
    """Words that belong together, and what else they are called."""

    words: Phrase
    others: Sequence[Phrase] = ()

    def ways(self, forgiving: bool) -> list[Way]:
        """Best first. Typing errors are forgiven only where nothing is found as it was typed."""
        found = [
            Way("in_name", self.words, How.WHOLE, 8),
            *(Way("in_name", other, How.WHOLE, 6) for other in self.others),
            Way("in_category", self.words, How.WHOLE, 4),
            *(Way("in_category", other, How.WHOLE, 3) for other in self.others),
            Way("in_shelf", self.words, How.WHOLE, 2),
        ]
        if min(map(len, self.words)) >= 3:
            found.append(Way("as_typed", self.words, How.BEGINNING, 2))
        if forgiving:
            found.append(Way("as_typed", self.words, How.NEARLY, 1))
        return found


TOGETHER = 4
"""What it is worth when the words stand side by side in the name, as they were asked for."""


def terms(text: str) -> list[Term]:
    """What was asked for, all of which has to be found: small words tell nothing, where there are others."""
    asked = words(text)[:MOST_WORDS]
    asked = [word for word in asked if word not in SMALL_WORDS] or asked
    found: list[Term] = []
    while asked:
        length = next((n for n in range(min(LONGEST, len(asked)), 1, -1) if _others(tuple(asked[:n]))), 1)
        phrase = tuple(asked[:length])
        found.append(Term(phrase, _others(phrase)))
        asked = asked[length:]
    return found


def _others(phrase: Phrase) -> Sequence[Phrase]:
    """What else a phrase is called, in the plural too."""
    last = phrase[-1]
    singular = (*phrase[:-1], last.removesuffix("es")), (*phrase[:-1], last.removesuffix("s"))
    return next((OTHERS[each] for each in (phrase, *singular) if each in OTHERS), ())


def words(text: str) -> list[str]:
    """In lower case, and without accents: of whichever script, however its letters are put together."""
    if text.isascii():
        return _WORD.findall(text.lower())
    apart = unicodedata.normalize("NFKD", text)
    letters = (letter for letter in apart if unicodedata.combining(letter) in _PARTS and not _is_unseen(letter))
    plain = unicodedata.normalize("NFC", "".join(letters)).casefold().translate(_PLAINLY)
    found = "".join(letter if letter.isalnum() or _is_mark(letter) else " " for letter in plain).split()
    return [word for word in found if not _is_mark(word[0])]


def _spaced(text: str) -> str:
    return " ".join(words(text))


def _is_mark(letter: str) -> bool:
    """Such as a vowel's sign, which is as much of a word as a letter."""
    return unicodedata.category(letter).startswith("M")


def _is_unseen(letter: str) -> bool:
    """Such as what joins two letters, or keeps them apart."""
    return unicodedata.category(letter) == "Cf"


def errors_forgiven(word: str) -> int:
    """How many letters may be wrong, missing, swapped or too many."""
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2


def rank(product: Product) -> int:
    """The order among the equally near: the fewer words a name has the earlier, then by lot, the same for ever."""
    return min(len(words(product.name)), 63) * 512 + crc32(product.sku.encode()) % 512


def band(minor: int) -> str:
    """The price band: ``250-500`` is from 2.50 up to, not including, 5.00; the last has no end."""
    above = next((start for start in BANDS if start > minor), None)
    below = max(start for start in BANDS if start <= minor)
    return f"{below}-{above or ''}"


def counted(values: Mapping[str, int]) -> tuple[Count, ...]:
    """Most frequent first, then by name."""
    ordered = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Count(value, count) for value, count in ordered if count)
