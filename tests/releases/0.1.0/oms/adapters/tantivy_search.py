"""Search on one machine: tantivy indexes in a folder, for one shop's processes.

The folder holds an index a build, and ``current``, a link to the one that is searched: a rebuild moves the link.
While ``building`` links to another, writes go to both. A file's lock keeps writers apart; readers wait for nobody.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import tantivy
from tantivy import Occur, Order, Query

from oms.adapters import listings
from oms.domain import search
from oms.domain.search import FACETS, Found, How, Listing, Sort, Term, Way

STEMMED = ("in_name", "in_category", "in_shelf")
KEYWORDS = ("sku", "live", *FACETS, "title", "by_price", "by_name")
SORTS = {
    Sort.RELEVANCE: ("by_name", Order.Asc),
    Sort.CHEAPEST: ("by_price", Order.Asc),
    Sort.DEAREST: ("by_price", Order.Desc),
    Sort.NAME: ("by_name", Order.Asc),
}
HEAP_BYTES = 400_000_000
WRITTEN_AT_ONCE = 100_000
"""In one piece, as far as the heap goes: what an order by name costs grows with the pieces of an index."""
BROWSED = 256
"""So many answers to queries without words are kept: what shoppers leaf through is the same few pages."""
NUDGE = 0.01
"""What the best rank adds to a score, at most: less than any difference between two scores."""


@dataclass(frozen=True)
class _Standing:
    """An index as of its last commit. ``stamp`` tells one commit from another."""

    stamp: tuple[object, ...]
    index: tantivy.Index
    searcher: tantivy.Searcher
    browse: Callable[[search.Query], Found]


class TantivySearch:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._standing: _Standing | None = None

    # --- Looking ----------------------------------------------------------------------------------

    def find(self, query: search.Query) -> Found:
        looking = self._looking()
        if looking is None:
            return Found((), 0, dict.fromkeys(FACETS, ()))
        return _found(looking.searcher, query) if query.text else looking.browse(query)

    def suggest(self, prefix: str, limit: int) -> Sequence[str]:
        looking, typed = self._looking(), search.words(prefix)
        if looking is None or not typed:
            return ()
        whole = [Query.term_query(_schema(), "as_typed", word) for word in typed[:-1]]
        wanted = _all_of([_live(), *whole, _beginning("as_typed", typed[-1])])
        titles = _buckets(looking.searcher.aggregate(wanted, {"title": _values_of("title", limit * 5)})["title"])
        return [each.value for each in search.counted(titles)[:limit]]

    # --- Writing ----------------------------------------------------------------------------------

    def index(self, products: Iterable[Listing]) -> None:
        self._write((each.product.sku, each.version, partial(_document, each)) for each in products)

    def delete(self, versions: Mapping[str, int]) -> None:
        """A stone is left in each one's place: an older write, which may come later, finds it."""
        self._write((sku, version, partial(_stone, sku, version)) for sku, version in versions.items())

    def rebuild(self, products: Iterable[Listing]) -> None:
        name = f"index-{uuid4().hex[:12]}"
        with self._lock():
            _make(self._folder / name)
            _link(self._folder / "building", name)
        rest = iter(products)
        while some := list(islice(rest, WRITTEN_AT_ONCE)):
            self._write(((each.product.sku, each.version, partial(_document, each)) for each in some), [name])
        with self._lock():
            before = self._current()
            os.replace(self._folder / "building", self._folder / "current")
            for old in self._folder.glob("index-*"):
                if old.name not in (name, before):  # who has just read the link may be about to open the one before
                    shutil.rmtree(old)

    def _write(self, writes: Iterable[tuple[str, int, Any]], names: Sequence[str] = ()) -> None:
        newest: dict[str, tuple[int, Any]] = {}
        for sku, version, made in writes:
            if sku not in newest or newest[sku][0] <= version:
                newest[sku] = version, made
        with self._lock():
            for name in names or self._written():
                _put(_open(self._folder / name), newest)

    def _written(self) -> list[str]:
        """The indexes that a write goes to; a first one is made where there is none."""
        links = [link for name in ("current", "building") if (link := self._folder / name).is_symlink()]
        if links:
            return [os.readlink(link) for link in links]
        name = f"index-{uuid4().hex[:12]}"
        _make(self._folder / name)
        _link(self._folder / "current", name)
        return [name]

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _looking(self) -> _Standing | None:
        """What is searched now, None before the first write. An index that was replaced lives on in who has it open."""
        name = self._current()
        if name is None:
            return None
        written = (self._folder / name / "meta.json").stat()  # another file after each commit
        stamp, known = (name, written.st_ino, written.st_mtime_ns), self._standing
        if known is None or known.stamp != stamp:
            index = known.index if known and known.stamp[0] == name else _open(self._folder / name)
            index.reload()
            known = self._standing = _standing(stamp, index)
        return known

    def _current(self) -> str | None:
        try:
            return os.readlink(self._folder / "current")
        except FileNotFoundError:
            return None


# --- Indexes ----------------------------------------------------------------------------------------


@cache
def _schema() -> tantivy.Schema:
    made = tantivy.SchemaBuilder()
    for name in KEYWORDS:
        made.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in STEMMED:
        made.add_text_field(name, tokenizer_name="stemmed")
    made.add_text_field("as_typed", tokenizer_name="plain")
    made.add_text_field("stored", stored=True, tokenizer_name="raw", index_option="basic")
    made.add_integer_field("version", fast=True)
    made.add_float_field("nudge", fast=True)
    return made.build()


@cache
def _analyzer(stemming: bool) -> tantivy.TextAnalyzer:
    made = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    return (made.filter(tantivy.Filter.stemmer("english")) if stemming else made).build()


def _make(folder: Path) -> None:
    folder.mkdir()
    tantivy.Index(_schema(), str(folder))


def _link(link: Path, name: str) -> None:
    fresh = link.with_name(f"{link.name}-{name}")
    fresh.symlink_to(name)
    os.replace(fresh, link)


def _open(folder: Path) -> tantivy.Index:
    index = tantivy.Index.open(str(folder))
    index.config_reader("manual")
    index.register_tokenizer("stemmed", _analyzer(True))
    index.register_tokenizer("plain", _analyzer(False))
    return index


def _standing(stamp: tuple[object, ...], index: tantivy.Index) -> _Standing:
    searcher = index.searcher()
    return _Standing(stamp, index, searcher, lru_cache(BROWSED)(partial(_found, searcher)))


def _put(index: tantivy.Index, newest: Mapping[str, tuple[int, Any]]) -> None:
    known = _versions(index, list(newest))
    writer = index.writer(HEAP_BYTES, 1)
    for sku, (version, made) in newest.items():
        if sku not in known or known[sku] <= version:
            writer.delete_documents_by_term("sku", sku)
            writer.add_document(made())
    writer.commit()
    writer.wait_merging_threads()


def _versions(index: tantivy.Index, skus: list[str]) -> dict[str, int]:
    index.reload()
    looking = index.searcher()
    wanted = Query.term_set_query(_schema(), "sku", skus)
    if not looking.num_docs or not skus:
        return {}
    found = [(sku, address) for sku, address in looking.search(wanted, len(skus), order_by_field="sku").hits]
    versions = looking.fast_field_values("version", [address for _, address in found])
    return {str(sku): int(version or 0) for (sku, _), version in zip(found, versions, strict=True)}


def _document(listing: Listing) -> tantivy.Document:
    told = listing.document()
    nudge = 2 ** (1 + NUDGE * (1 - told.pop("rank") / search.RANKS)) - 2  # the engine weighs by log2(2 + nudge)
    stored = json.dumps(listings.stored(listing))
    return tantivy.Document(**told, live="true", stored=stored, version=listing.version, nudge=nudge)


def _stone(sku: str, version: int) -> tantivy.Document:
    return tantivy.Document(sku=sku, version=version)


def _listing(document: tantivy.Document) -> Listing:
    return listings.listing_of(json.loads(document["stored"][0]))


# --- Queries ----------------------------------------------------------------------------------------


def _found(looking: tantivy.Searcher, query: search.Query) -> Found:
    start, terms = listings.start_of(query), search.terms(query.text)
    by = {"weight_by_field": "nudge"} if query.ranked else _sorted_by(query.sort)
    for forgiving in (False, True):
        asked = _asked(terms, forgiving)
        page = looking.search(_all_of([asked, *_filters(query.filters)]), query.limit, offset=start, **by)
        if _total(page) or not terms or (query.filters and _total(looking.search(asked, 1))):
            break
    hits = [_listing(looking.doc(address)) for _, address in page.hits]
    total, facets = _total(page), _counts(looking, asked, query.filters)
    return Found(hits, total, facets, listings.cursor_after(query, start + len(hits), total))


def _asked(terms: Sequence[Term], forgiving: bool) -> Query:
    parts = [(Occur.Must, _live())]
    parts += [(Occur.Must, Query.disjunction_max_query([_way(way) for way in term.ways(forgiving)])) for term in terms]
    together = [stem for term in terms for word in term.words for stem in _stems(word)]
    if len(together) > 1:
        phrase = Query.phrase_query(_schema(), "in_name", list(together))
        parts.append((Occur.Should, Query.const_score_query(phrase, search.TOGETHER)))
    return Query.boolean_query(parts)


def _way(way: Way) -> Query:
    match way.how:
        case How.WHOLE:
            found = [Query.term_query(_schema(), way.field, stem) for word in way.words for stem in _stems(word)]
        case How.BEGINNING:
            found = [_beginning(way.field, word) for word in way.words]
        case How.NEARLY:
            found = [
                Query.fuzzy_term_query(_schema(), way.field, word, search.errors_forgiven(word)) for word in way.words
            ]
    return Query.const_score_query(_all_of(found), way.worth)


def _beginning(name: str, word: str) -> Query:
    return Query.regex_query(_schema(), name, f"{word}.*")  # a word has nothing in it that a pattern reads otherwise


def _stems(word: str) -> list[str]:
    return _analyzer(True).analyze(word)


def _live() -> Query:
    return Query.const_score_query(Query.term_query(_schema(), "live", "true"), 0.0)


def _filters(filters: Mapping[str, str], but: str = "") -> list[Query]:
    kept = [Query.term_query(_schema(), name, value) for name, value in filters.items() if name != but]
    return [Query.const_score_query(each, 0.0) for each in kept]


def _all_of(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, each) for each in queries])


def _total(result: tantivy.SearchResult) -> int:
    total: int = result.count  # type: ignore[attr-defined]  # its stubs lack it
    return total


def _sorted_by(sort: Sort) -> dict[str, Any]:
    name, order = SORTS[sort]
    return {"order_by_field": name, "order": order}


def _counts(looking: tantivy.Searcher, asked: Query, filters: Mapping[str, str]) -> dict[str, tuple[search.Count, ...]]:
    """One count for all facets that nothing is wanted of, and one for each of the others."""
    together = [name for name in FACETS if name not in filters]
    found: dict[str, tuple[search.Count, ...]] = {}
    for names in [together, *([name] for name in filters)]:
        wanted = _all_of([asked, *_filters(filters, but=names[0] if names is not together else "")])
        answer = looking.aggregate(wanted, {name: _values_of(name, search.MOST_VALUES) for name in names})
        found |= {name: search.counted(_buckets(answer[name])) for name in names}
    return {name: found[name] for name in FACETS}


def _values_of(name: str, size: int) -> dict[str, Any]:
    return {"terms": {"field": name, "size": size}}


def _buckets(answer: Mapping[str, Any]) -> dict[str, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in answer["buckets"]}
