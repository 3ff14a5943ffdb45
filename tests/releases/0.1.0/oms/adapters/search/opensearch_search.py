"""Search in Amazon OpenSearch. Versions are external, so the cluster refuses a late write.

The alias ``<name>`` is the index that is searched, ``<name>-written`` every index that a write goes to: two of them
during a rebuild. One call moves the first alias, so there is always an index. The previous one stays, without an alias,
until the next rebuild.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from oms.adapters.aws.clients import Aws
from oms.adapters.search import stored_listings as listings
from oms.domain import search
from oms.domain.errors import StoreUnavailable
from oms.domain.search import FACETS, FacetCount, Listing, Match, MatchKind, Query, SearchResult, Sort, Term

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
TIMEOUT_SECONDS = 4
CONFLICT = 409
OVERLOADED = (429, 502, 503, 504)
BULK_SIZE = 1000


def signed_client(url: str, aws: Aws) -> OpenSearch:
    """A client that signs its calls for AWS. On one machine, without TLS, nobody checks signatures."""
    import boto3
    from opensearchpy import OpenSearch, RequestsHttpConnection, Urllib3AWSV4SignerAuth, Urllib3HttpConnection

    if url.startswith("http://"):
        return OpenSearch([url], connection_class=RequestsHttpConnection, timeout=TIMEOUT_SECONDS, max_retries=1)
    session = boto3.Session(aws.access_key, aws.secret_key, aws.session_token, aws.region)
    signer = Urllib3AWSV4SignerAuth(session.get_credentials(), session.region_name, "es")
    return OpenSearch(
        [url],
        http_auth=signer,
        connection_class=Urllib3HttpConnection,
        timeout=TIMEOUT_SECONDS,
        max_retries=1,
        pool_maxsize=16,
    )


class OpenSearchSearch:
    """``wait_for_writes`` lets each write wait until searches find it: for tests."""

    def __init__(self, client: OpenSearch, name: str = "products", wait_for_writes: bool = False) -> None:
        self._client = client
        self._name, self._written = name, f"{name}-written"
        self._refresh = "true" if wait_for_writes else "false"

    # --- Reading ----------------------------------------------------------------------------------

    def find(self, query: Query) -> SearchResult:
        start = listings.start_of(query)
        response = self._search(query, start, forgiving=False)
        if response and query.text and not response["aggregations"]["matches"]["doc_count"]:
            response = self._search(query, start, forgiving=True)
        if not response:
            return SearchResult((), 0, dict.fromkeys(FACETS, ()))
        hits = [listings.listing_of(hit["_source"]["stored"]) for hit in response["hits"]["hits"]]
        total = response["hits"]["total"]["value"]
        counts = {name: _counts(response["aggregations"][name]["values"]) for name in FACETS}
        return SearchResult(hits, total, counts, listings.cursor_after(query, start + len(hits), total))

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
        response = self._response(body)
        return [each.value for each in _counts(response["aggregations"]["titles"])[:limit]] if response else ()

    def _search(self, query: Query, start: int, forgiving: bool) -> Any:
        """Filters are post filters, because each facet is counted without its own filter."""
        body = {
            "from": start,
            "size": query.limit,
            "track_total_hits": True,
            "_source": ["stored"],
            "query": _text_query(search.terms(query.text), forgiving),
            "post_filter": {"bool": {"filter": _filters(query.filters)}},
            "sort": SORTS[query.sort if query.is_ranked or query.sort is not Sort.RELEVANCE else Sort.NAME],
            "aggs": {"matches": {"filter": LIVE}, **{name: _facet(name, query.filters) for name in FACETS}},
        }
        return self._response(body)

    def _response(self, body: Mapping[str, Any]) -> Any:
        """The response. None before the first write: there is no index yet, and a reader may not create one."""
        from opensearchpy.exceptions import NotFoundError

        with _transient_errors():
            try:
                return self._client.search(body=body, index=self._name)
            except NotFoundError:
                return None

    # --- Writing ----------------------------------------------------------------------------------

    def index(self, products: Iterable[Listing]) -> None:
        self._write((each.product.sku, each.version, _document(each)) for each in products)

    def delete(self, versions: Mapping[str, int]) -> None:
        """Writes a tombstone for each, because the cluster forgets the version of a deletion after a minute."""
        self._write((sku, version, {"live": "false"}) for sku, version in versions.items())

    def rebuild(self, products: Iterable[Listing]) -> None:
        with _transient_errors():
            name = self._create_index([self._written])
            self._write(((each.product.sku, each.version, _document(each)) for each in products), [name])
            self._client.indices.refresh(index=name)
            aliases_by_index = self._client.indices.get_alias(index=f"{self._name}-*")
            others = [(index, each["aliases"]) for index, each in aliases_by_index.items() if index != name]
            retirements = [action for index, aliases in others for action in _retirement(index, aliases)]
            actions = [{"add": {"index": name, "alias": self._name}}, *retirements]
            self._client.indices.update_aliases(body={"actions": actions})

    def _write(self, writes: Iterable[tuple[str, int, dict[str, Any]]], names: Sequence[str] = ()) -> None:
        from opensearchpy.helpers import streaming_bulk

        with _transient_errors():
            targets = names or self._targets()
            actions = (
                {"_index": name, "_id": sku, "version": version, "version_type": "external_gte", "_source": source}
                for sku, version, source in writes
                for name in targets
            )
            options: dict[str, Any] = {"chunk_size": BULK_SIZE, "refresh": self._refresh}
            for ok, result in streaming_bulk(self._client, actions, raise_on_error=False, **options):
                if not ok and result["index"]["status"] != CONFLICT:
                    _raise_failure(result["index"])

    def _targets(self) -> list[str]:
        if not self._client.indices.exists_alias(name=self._written):
            self._create_index([self._name, self._written])
        return list(self._client.indices.get_alias(name=self._written))

    def _create_index(self, aliases: Sequence[str]) -> str:
        name = f"{self._name}-{uuid4().hex[:12]}"
        self._client.indices.create(index=name, body={**INDEX, "aliases": {alias: {} for alias in aliases}})
        return name


def _retirement(index: str, aliases: Iterable[str]) -> list[dict[str, Any]]:
    """Remove an index's aliases, or an index that has none. A running search may still read the former."""
    return [{"remove": {"index": index, "alias": alias}} for alias in aliases] or [{"remove_index": {"index": index}}]


@contextmanager
def _transient_errors() -> Iterator[None]:
    """Raises ``StoreUnavailable`` for transient errors. Others are defects of ours."""
    from opensearchpy.exceptions import ConnectionError, TransportError

    try:
        yield
    except ConnectionError as error:
        raise StoreUnavailable(f"the search can't be reached: {error.error}") from error
    except TransportError as error:
        if error.status_code in OVERLOADED:
            raise StoreUnavailable(f"the search answers {error.status_code}") from error
        raise


def _raise_failure(result: Mapping[str, Any]) -> None:
    if result["status"] in OVERLOADED:
        raise StoreUnavailable(f"the search answers {result['status']}")
    raise ValueError(f"the search took no {result['_id']}: {result['error']}")


def _document(listing: Listing) -> dict[str, Any]:
    return {**listing.document(), "live": "true", "stored": listings.stored(listing)}


# --- Queries ----------------------------------------------------------------------------------------


def _text_query(terms: Sequence[Term], forgiving: bool) -> dict[str, Any]:
    must = [{"dis_max": {"queries": [_match_query(each) for each in term.matches(forgiving)]}} for term in terms]
    phrase = " ".join(word for term in terms for word in term.words)
    together = {"match_phrase": {"in_name": phrase}}
    should = [{"constant_score": {"filter": together, "boost": search.PHRASE_SCORE}}] if " " in phrase else []
    return {"bool": {"filter": [LIVE], "must": must, "should": should}}


def _match_query(match: Match) -> dict[str, Any]:
    words = {"bool": {"filter": [_word(match.field, word, match.kind) for word in match.words]}}
    return {"constant_score": {"filter": words, "boost": match.score}}


def _word(name: str, word: str, kind: MatchKind) -> dict[str, Any]:
    match kind:
        case MatchKind.WHOLE:
            return {"match": {name: {"query": word, "operator": "and"}}}
        case MatchKind.BEGINNING:
            return {"prefix": {name: word}}
        case MatchKind.NEARLY:
            return {"fuzzy": {name: {"value": word, "fuzziness": search.max_edits(word)}}}


def _filters(filters: Mapping[str, str], but: str = "") -> list[dict[str, Any]]:
    return [{"term": {name: value}} for name, value in filters.items() if name != but]


def _facet(name: str, filters: Mapping[str, str]) -> dict[str, Any]:
    others = {"bool": {"filter": [LIVE, *_filters(filters, but=name)]}}
    return {"filter": others, "aggs": {"values": _values_of(name, search.MAX_VALUES)}}


def _values_of(name: str, size: int) -> dict[str, Any]:
    return {"terms": {"field": name, "size": size}}


def _counts(aggregation: Mapping[str, Any]) -> tuple[FacetCount, ...]:
    return search.sorted_counts({bucket["key"]: bucket["doc_count"] for bucket in aggregation["buckets"]})
