"""Search on one machine: tantivy indexes in a folder, shared by the processes of one shop.

The folder holds an index for each build. The link ``current`` names the one that is searched; a rebuild moves it. While
there is a link ``building``, writes go to both indexes. A file lock serializes writers; readers never wait.
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

from oms.adapters.search import stored_listings as listings
from oms.domain import search
from oms.domain.search import FACETS, Listing, Match, MatchKind, SearchResult, Sort, Term

STEMMED = ("in_name", "in_category", "in_shelf")
KEYWORDS = ("sku", "live", *FACETS, "title", "by_price", "by_name")
SORTS = {
    Sort.RELEVANCE: ("by_name", Order.Asc),
    Sort.CHEAPEST: ("by_price", Order.Asc),
    Sort.DEAREST: ("by_price", Order.Desc),
    Sort.NAME: ("by_name", Order.Asc),
}
HEAP_BYTES = 400_000_000
WRITE_BATCH_SIZE = 100_000
"""As large as the heap allows: sorting by name takes longer with each segment of an index."""
CACHED_PAGES = 256
"""How many results of queries without words are cached: shoppers browse the same few pages."""
MAX_BOOST = 0.01
"""What the best rank adds to a score: less than any difference between two scores."""


@dataclass(frozen=True)
class _Snapshot:
    """An index at its last commit. ``stamp`` identifies the commit."""

    stamp: tuple[object, ...]
    index: tantivy.Index
    searcher: tantivy.Searcher
    browse: Callable[[search.Query], SearchResult]


class TantivySearch:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._snapshot: _Snapshot | None = None

    # --- Reading ----------------------------------------------------------------------------------

    def find(self, query: search.Query) -> SearchResult:
        snapshot = self._latest()
        if snapshot is None:
            return SearchResult((), 0, dict.fromkeys(FACETS, ()))
        return _search(snapshot.searcher, query) if query.text else snapshot.browse(query)

    def suggest(self, prefix: str, limit: int) -> Sequence[str]:
        snapshot, typed = self._latest(), search.words(prefix)
        if snapshot is None or not typed:
            return ()
        whole = [Query.term_query(_schema(), "as_typed", word) for word in typed[:-1]]
        matching = _all_of([_live(), *whole, _beginning("as_typed", typed[-1])])
        titles = _buckets(snapshot.searcher.aggregate(matching, {"title": _values_of("title", limit * 5)})["title"])
        return [each.value for each in search.sorted_counts(titles)[:limit]]

    # --- Writing ----------------------------------------------------------------------------------

    def index(self, products: Iterable[Listing]) -> None:
        self._write((each.product.sku, each.version, partial(_document, each)) for each in products)

    def delete(self, versions: Mapping[str, int]) -> None:
        """Writes a tombstone for each, which an older write that comes later finds."""
        self._write((sku, version, partial(_tombstone, sku, version)) for sku, version in versions.items())

    def rebuild(self, products: Iterable[Listing]) -> None:
        name = f"index-{uuid4().hex[:12]}"
        with self._lock():
            _make(self._folder / name)
            _link(self._folder / "building", name)
        rest = iter(products)
        while batch := list(islice(rest, WRITE_BATCH_SIZE)):
            self._write(((each.product.sku, each.version, partial(_document, each)) for each in batch), [name])
        with self._lock():
            before = self._current()
            os.replace(self._folder / "building", self._folder / "current")
            for old in self._folder.glob("index-*"):
                if old.name not in (name, before):  # a reader may have just read the link to the previous one
                    shutil.rmtree(old)

    def _write(self, writes: Iterable[tuple[str, int, Any]], names: Sequence[str] = ()) -> None:
        newest: dict[str, tuple[int, Any]] = {}
        for sku, version, make_document in writes:
            if sku not in newest or newest[sku][0] <= version:
                newest[sku] = version, make_document
        with self._lock():
            for name in names or self._written():
                _put(_open(self._folder / name), newest)

    def _written(self) -> list[str]:
        """The indexes that a write goes to. If there is none, creates the first."""
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

    def _latest(self) -> _Snapshot | None:
        """The current index; None before the first write. A replaced index stays readable while it is open."""
        name = self._current()
        if name is None:
            return None
        written = (self._folder / name / "meta.json").stat()  # another file after each commit
        stamp, snapshot = (name, written.st_ino, written.st_mtime_ns), self._snapshot
        if snapshot is None or snapshot.stamp != stamp:
            index = snapshot.index if snapshot and snapshot.stamp[0] == name else _open(self._folder / name)
            index.reload()
            snapshot = self._snapshot = _snapshot(stamp, index)
        return snapshot

    def _current(self) -> str | None:
        try:
            return os.readlink(self._folder / "current")
        except FileNotFoundError:
            return None


# --- Indexes ----------------------------------------------------------------------------------------


@cache
def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in KEYWORDS:
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in STEMMED:
        builder.add_text_field(name, tokenizer_name="stemmed")
    builder.add_text_field("as_typed", tokenizer_name="plain")
    builder.add_text_field("stored", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("version", fast=True)
    builder.add_float_field("nudge", fast=True)
    return builder.build()


@cache
def _analyzer(stemming: bool) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    return (builder.filter(tantivy.Filter.stemmer("english")) if stemming else builder).build()


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


def _snapshot(stamp: tuple[object, ...], index: tantivy.Index) -> _Snapshot:
    searcher = index.searcher()
    return _Snapshot(stamp, index, searcher, lru_cache(CACHED_PAGES)(partial(_search, searcher)))


def _put(index: tantivy.Index, newest: Mapping[str, tuple[int, Any]]) -> None:
    stored_versions = _versions(index, list(newest))
    writer = index.writer(HEAP_BYTES, 1)
    for sku, (version, make_document) in newest.items():
        if sku not in stored_versions or stored_versions[sku] <= version:
            writer.delete_documents_by_term("sku", sku)
            writer.add_document(make_document())
    writer.commit()
    writer.wait_merging_threads()


def _versions(index: tantivy.Index, skus: list[str]) -> dict[str, int]:
    index.reload()
    searcher = index.searcher()
    matching = Query.term_set_query(_schema(), "sku", skus)
    if not searcher.num_docs or not skus:
        return {}
    hits = searcher.search(matching, len(skus), order_by_field="sku").hits
    versions = searcher.fast_field_values("version", [address for _, address in hits])
    return {str(sku): int(version or 0) for (sku, _), version in zip(hits, versions, strict=True)}


def _document(listing: Listing) -> tantivy.Document:
    fields = listing.document()
    boost = 2 ** (1 + MAX_BOOST * (1 - fields.pop("rank") / search.RANKS)) - 2  # tantivy weights by log2(2 + boost)
    stored = json.dumps(listings.stored(listing))
    return tantivy.Document(**fields, live="true", stored=stored, version=listing.version, nudge=boost)


def _tombstone(sku: str, version: int) -> tantivy.Document:
    return tantivy.Document(sku=sku, version=version)


def _listing(document: tantivy.Document) -> Listing:
    return listings.listing_of(json.loads(document["stored"][0]))


# --- Queries ----------------------------------------------------------------------------------------


def _search(searcher: tantivy.Searcher, query: search.Query) -> SearchResult:
    start, terms = listings.start_of(query), search.terms(query.text)
    by = {"weight_by_field": "nudge"} if query.is_ranked else _sorted_by(query.sort)
    for forgiving in (False, True):
        text_query = _text_query(terms, forgiving)
        page = searcher.search(_all_of([text_query, *_filters(query.filters)]), query.limit, offset=start, **by)
        if _total(page) or not terms or (query.filters and _total(searcher.search(text_query, 1))):
            break
    hits = [_listing(searcher.doc(address)) for _, address in page.hits]
    total, facets = _total(page), _counts(searcher, text_query, query.filters)
    return SearchResult(hits, total, facets, listings.cursor_after(query, start + len(hits), total))


def _text_query(terms: Sequence[Term], forgiving: bool) -> Query:
    parts = [(Occur.Must, _live())]
    parts += [
        (Occur.Must, Query.disjunction_max_query([_match_query(each) for each in term.matches(forgiving)]))
        for term in terms
    ]
    together = [stem for term in terms for word in term.words for stem in _stems(word)]
    if len(together) > 1:
        phrase = Query.phrase_query(_schema(), "in_name", list(together))
        parts.append((Occur.Should, Query.const_score_query(phrase, search.PHRASE_SCORE)))
    return Query.boolean_query(parts)


def _match_query(match: Match) -> Query:
    match match.kind:
        case MatchKind.WHOLE:
            queries = [Query.term_query(_schema(), match.field, stem) for word in match.words for stem in _stems(word)]
        case MatchKind.BEGINNING:
            queries = [_beginning(match.field, word) for word in match.words]
        case MatchKind.NEARLY:
            queries = [
                Query.fuzzy_term_query(_schema(), match.field, word, search.max_edits(word)) for word in match.words
            ]
    return Query.const_score_query(_all_of(queries), match.score)


def _beginning(name: str, word: str) -> Query:
    return Query.regex_query(_schema(), name, f"{word}.*")  # a word holds no special characters of patterns


def _stems(word: str) -> list[str]:
    return _analyzer(True).analyze(word)


def _live() -> Query:
    return Query.const_score_query(Query.term_query(_schema(), "live", "true"), 0.0)


def _filters(filters: Mapping[str, str], but: str = "") -> list[Query]:
    queries = [Query.term_query(_schema(), name, value) for name, value in filters.items() if name != but]
    return [Query.const_score_query(each, 0.0) for each in queries]


def _all_of(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, each) for each in queries])


def _total(result: tantivy.SearchResult) -> int:
    total: int = result.count  # type: ignore[attr-defined]  # its stubs lack it
    return total


def _sorted_by(sort: Sort) -> dict[str, Any]:
    name, order = SORTS[sort]
    return {"order_by_field": name, "order": order}


def _counts(
    searcher: tantivy.Searcher, text_query: Query, filters: Mapping[str, str]
) -> dict[str, tuple[search.FacetCount, ...]]:
    """Counts all facets without a filter together, and each of the others without its own filter."""
    together = [name for name in FACETS if name not in filters]
    counts: dict[str, tuple[search.FacetCount, ...]] = {}
    for names in [together, *([name] for name in filters)]:
        matching = _all_of([text_query, *_filters(filters, but=names[0] if names is not together else "")])
        aggregations = searcher.aggregate(matching, {name: _values_of(name, search.MAX_VALUES) for name in names})
        counts |= {name: search.sorted_counts(_buckets(aggregations[name])) for name in names}
    return {name: counts[name] for name in FACETS}


def _values_of(name: str, size: int) -> dict[str, Any]:
    return {"terms": {"field": name, "size": size}}


def _buckets(aggregation: Mapping[str, Any]) -> dict[str, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in aggregation["buckets"]}
