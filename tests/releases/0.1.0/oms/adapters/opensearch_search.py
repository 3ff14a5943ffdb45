"""Search in Amazon OpenSearch. Versions are external, so a late write is the cluster's to refuse.

Two aliases: ``<name>`` is what is searched, ``<name>-written`` is every index that a write goes to, two of them during
a rebuild. Moving the first is one call, so there is no moment without an index; the one before stays, nameless, until
the next rebuild.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from oms.adapters import listings
from oms.adapters.clients import Aws
from oms.domain import search
from oms.domain.errors import StoreUnavailable
from oms.domain.search import FACETS, Count, Found, How, Listing, Query, Sort, Term, Way

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

STEMMED, KEYWORD = {"type": "text", "analyzer": "stemmed"}, {"type": "keyword"}
INDEX = {
    "settings": {
        "number_of_shards": 1,
        "analysis": {
            "filter": {"stems": {"type": "stemmer", "language": "porter2"}},
            "analyzer": {
                "stemmed": {"type": "custom", "tokenizer": "whitespace", "filter": ["stems"]},
                "plain": {"type": "custom", "tokenizer": "whitespace"},
            },
        },
    },
    "mappings": {
        "dynamic": False,
        "properties": {
            **dict.fromkeys(("sku", "live", *FACETS, "title", "by_price", "by_name"), KEYWORD),
            **dict.fromkeys(("in_name", "in_category", "in_shelf"), STEMMED),
            "as_typed": {"type": "text", "analyzer": "plain"},
            "rank": {"type": "integer"},
        },
    },
}
SORTS: Mapping[Sort, Sequence[Mapping[str, str]]] = {
    Sort.RELEVANCE: [{"_score": "desc"}, {"rank": "asc"}, {"sku": "asc"}],
    Sort.CHEAPEST: [{"by_price": "asc"}],
    Sort.DEAREST: [{"by_price": "desc"}],
    Sort.NAME: [{"by_name": "asc"}],
}
LIVE = {"term": {"live": "true"}}
SECONDS = 4
CONFLICT = 409
BEHIND = (429, 502, 503, 504)
WRITTEN_AT_ONCE = 1000


def signed_client(url: str, aws: Aws) -> OpenSearch:
    """A client whose calls are signed as AWS wants them; on one machine, without TLS, nobody asks who calls."""
    import boto3
    from opensearchpy import OpenSearch, RequestsHttpConnection, Urllib3AWSV4SignerAuth, Urllib3HttpConnection

    if url.startswith("http://"):
        return OpenSearch([url], connection_class=RequestsHttpConnection, timeout=SECONDS, max_retries=1)
    session = boto3.Session(aws.access_key, aws.secret_key, aws.session_token, aws.region)
    signer = Urllib3AWSV4SignerAuth(session.get_credentials(), session.region_name, "es")
    return OpenSearch(
        [url], http_auth=signer, connection_class=Urllib3HttpConnection, timeout=SECONDS, max_retries=1, pool_maxsize=16
    )


class OpenSearchSearch:
    """``seen_at_once`` makes each write wait until it is found: for tests."""

    def __init__(self, client: OpenSearch, name: str = "products", seen_at_once: bool = False) -> None:
        self._client = client
        self._name, self._written = name, f"{name}-written"
        self._refresh = "true" if seen_at_once else "false"

    # --- Looking ----------------------------------------------------------------------------------

    def find(self, query: Query) -> Found:
        start = listings.start_of(query)
        answer = self._found(query, start, forgiving=False)
        if answer and query.text and not answer["aggregations"]["asked"]["doc_count"]:
            answer = self._found(query, start, forgiving=True)
        if not answer:
            return Found((), 0, dict.fromkeys(FACETS, ()))
        hits = [listings.listing_of(hit["_source"]["stored"]) for hit in answer["hits"]["hits"]]
        total = answer["hits"]["total"]["value"]
        counts = {name: _counts(answer["aggregations"][name]["values"]) for name in FACETS}
        return Found(hits, total, counts, listings.cursor_after(query, start + len(hits), total))

    def suggest(self, prefix: str, limit: int) -> Sequence[str]:
        typed = search.words(prefix)
        if not typed:
            return ()
        whole = [{"term": {"as_typed": word}} for word in typed[:-1]]
        body = {
            "size": 0,
            "query": {"bool": {"filter": [LIVE, *whole, {"prefix": {"as_typed": typed[-1]}}]}},
            "aggs": {"titles": _values_of("title", limit * 5)},
        }
        answer = self._searched(body)
        return [each.value for each in _counts(answer["aggregations"]["titles"])[:limit]] if answer else ()

    def _found(self, query: Query, start: int, forgiving: bool) -> Any:
        """Filters come after the counting, for each facet is counted without its own."""
        body = {
            "from": start,
            "size": query.limit,
            "track_total_hits": True,
            "_source": ["stored"],
            "query": _asked(search.terms(query.text), forgiving),
            "post_filter": {"bool": {"filter": _filters(query.filters)}},
            "sort": SORTS[query.sort if query.ranked or query.sort is not Sort.RELEVANCE else Sort.NAME],
            "aggs": {"asked": {"filter": LIVE}, **{name: _facet(name, query.filters) for name in FACETS}},
        }
        return self._searched(body)

    def _searched(self, body: Mapping[str, Any]) -> Any:
        """The answer; None before the first write, when there is no index: whoever only reads may make none."""
        from opensearchpy.exceptions import NotFoundError

        with _called():
            try:
                return self._client.search(body=body, index=self._name)
            except NotFoundError:
                return None

    # --- Writing ----------------------------------------------------------------------------------

    def index(self, products: Iterable[Listing]) -> None:
        self._write((each.product.sku, each.version, _document(each)) for each in products)

    def delete(self, versions: Mapping[str, int]) -> None:
        """A stone is left in each one's place, for the cluster forgets a deletion's version after a minute."""
        self._write((sku, version, {"live": "false"}) for sku, version in versions.items())

    def rebuild(self, products: Iterable[Listing]) -> None:
        with _called():
            name = self._made([self._written])
            self._write(((each.product.sku, each.version, _document(each)) for each in products), [name])
            self._client.indices.refresh(index=name)
            known = self._client.indices.get_alias(index=f"{self._name}-*")
            retired = [action for old, had in known.items() if old != name for action in _retired(old, had["aliases"])]
            moved = [{"add": {"index": name, "alias": self._name}}, *retired]
            self._client.indices.update_aliases(body={"actions": moved})

    def _write(self, writes: Iterable[tuple[str, int, dict[str, Any]]], names: Sequence[str] = ()) -> None:
        from opensearchpy.helpers import streaming_bulk

        with _called():
            targets = names or self._targets()
            actions = (
                {"_index": name, "_id": sku, "version": version, "version_type": "external_gte", "_source": source}
                for sku, version, source in writes
                for name in targets
            )
            options: dict[str, Any] = {"chunk_size": WRITTEN_AT_ONCE, "refresh": self._refresh}
            for ok, said in streaming_bulk(self._client, actions, raise_on_error=False, **options):
                if not ok and said["index"]["status"] != CONFLICT:
                    _refuse(said["index"])

    def _targets(self) -> list[str]:
        if not self._client.indices.exists_alias(name=self._written):
            self._first()
        return list(self._client.indices.get_alias(name=self._written))

    def _first(self) -> None:
        self._made([self._name, self._written])

    def _made(self, aliases: Sequence[str]) -> str:
        name = f"{self._name}-{uuid4().hex[:12]}"
        self._client.indices.create(index=name, body={**INDEX, "aliases": {alias: {} for alias in aliases}})
        return name


def _retired(index: str, aliases: Iterable[str]) -> list[dict[str, Any]]:
    """It loses its names; it goes itself a rebuild later, for a search that is under way may still be reading it."""
    return [{"remove": {"index": index, "alias": alias}} for alias in aliases] or [{"remove_index": {"index": index}}]


@contextmanager
def _called() -> Iterator[None]:
    """What passes by itself is ``StoreUnavailable``; the rest are our defects."""
    from opensearchpy.exceptions import ConnectionError, TransportError

    try:
        yield
    except ConnectionError as error:
        raise StoreUnavailable(f"the search can't be reached: {error.error}") from error
    except TransportError as error:
        if error.status_code in BEHIND:
            raise StoreUnavailable(f"the search answers {error.status_code}") from error
        raise


def _refuse(said: Mapping[str, Any]) -> None:
    if said["status"] in BEHIND:
        raise StoreUnavailable(f"the search answers {said['status']}")
    raise ValueError(f"the search took no {said['_id']}: {said['error']}")


def _document(listing: Listing) -> dict[str, Any]:
    return {**listing.document(), "live": "true", "stored": listings.stored(listing)}


# --- Queries ----------------------------------------------------------------------------------------


def _asked(terms: Sequence[Term], forgiving: bool) -> dict[str, Any]:
    must = [{"dis_max": {"queries": [_way(way) for way in term.ways(forgiving)]}} for term in terms]
    asked = " ".join(word for term in terms for word in term.words)
    together = {"match_phrase": {"in_name": asked}}
    should = [{"constant_score": {"filter": together, "boost": search.TOGETHER}}] if " " in asked else []
    return {"bool": {"filter": [LIVE], "must": must, "should": should}}


def _way(way: Way) -> dict[str, Any]:
    found = {"bool": {"filter": [_word(way.field, word, way.how) for word in way.words]}}
    return {"constant_score": {"filter": found, "boost": way.worth}}


def _word(name: str, word: str, how: How) -> dict[str, Any]:
    match how:
        case How.WHOLE:
            return {"match": {name: {"query": word, "operator": "and"}}}
        case How.BEGINNING:
            return {"prefix": {name: word}}
        case How.NEARLY:
            return {"fuzzy": {name: {"value": word, "fuzziness": search.errors_forgiven(word)}}}


def _filters(filters: Mapping[str, str], but: str = "") -> list[dict[str, Any]]:
    return [{"term": {name: value}} for name, value in filters.items() if name != but]


def _facet(name: str, filters: Mapping[str, str]) -> dict[str, Any]:
    others = {"bool": {"filter": [LIVE, *_filters(filters, but=name)]}}
    return {"filter": others, "aggs": {"values": _values_of(name, search.MOST_VALUES)}}


def _values_of(name: str, size: int) -> dict[str, Any]:
    return {"terms": {"field": name, "size": size}}


def _counts(answer: Mapping[str, Any]) -> tuple[Count, ...]:
    return search.counted({bucket["key"]: bucket["doc_count"] for bucket in answer["buckets"]})
