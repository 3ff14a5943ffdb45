"""A client of DynamoDB for the adapters: it classifies errors, reads page by page, and retries transactions safely."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from oms.adapters import cursors
from oms.adapters.aws.json_protocol import TRANSIENT_ERRORS, AwsClient, AwsError, AwsUnavailable
from oms.adapters.dynamodb.items import Item
from oms.domain.errors import InvalidRequest, StoreUnavailable
from oms.ports import Page

T = TypeVar("T")

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.01
BATCH_GET_SIZE, BATCH_WRITE_SIZE = 100, 25

CONDITION_FAILED = "ConditionalCheckFailed"


class DynamoDB:
    """Its methods raise ``StoreUnavailable`` for a transient error, and ``AwsError`` for a defect of ours."""

    def __init__(self, client: AwsClient, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def get(self, table: str, key: Item) -> Item | None:
        """The item, by a consistent read."""
        response = self._call("GetItem", TableName=table, Key=key, ConsistentRead=True)
        return cast("Item | None", response.get("Item"))

    def transact(self, actions: Sequence[Mapping[str, Any]]) -> frozenset[int]:
        """Write all of the actions, or nothing. Returns the positions of those whose condition failed; none on success.

        All attempts have one token, so that a lost response leads to no second write. A failed condition beside a
        conflict with another transaction proves nothing, as that may be an earlier attempt of this one: try again.
        """
        token = str(uuid.uuid4())
        for pause in self._pauses():
            reasons = self._reasons(actions, token)
            if TRANSIENT_ERRORS.isdisjoint(reasons):
                return frozenset(position for position, code in enumerate(reasons) if code == CONDITION_FAILED)
            pause()
        raise StoreUnavailable("other transactions were in the way each time")

    def _reasons(self, actions: Sequence[Mapping[str, Any]], token: str) -> list[str]:
        """Why DynamoDB cancelled the transaction, action by action; empty if it was written."""
        try:
            self._call("TransactWriteItems", TransactItems=actions, ClientRequestToken=token)
        except AwsError as error:
            reasons = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", ())]
            if not reasons or not TRANSIENT_ERRORS.issuperset(set(reasons) - {CONDITION_FAILED, "None"}):
                raise
            return reasons
        return []

    def batch_get(self, table: str, keys: Sequence[Item], consistent: bool) -> Iterator[Item]:
        for batch in _batches(keys, BATCH_GET_SIZE):
            unprocessed: Any = {table: {"Keys": batch, "ConsistentRead": consistent}}
            for pause in self._pauses():
                response = self._call("BatchGetItem", RequestItems=unprocessed)
                yield from response["Responses"].get(table, ())
                unprocessed = response.get("UnprocessedKeys")
                if not unprocessed:
                    break
                pause()
            else:
                raise StoreUnavailable(f"keys of {table} were left unread each time")

    def batch_put(self, table: str, items: Sequence[Item]) -> None:
        for batch in _batches(items, BATCH_WRITE_SIZE):
            unprocessed: Any = {table: [{"PutRequest": {"Item": item}} for item in batch]}
            for pause in self._pauses():
                unprocessed = self._call("BatchWriteItem", RequestItems=unprocessed).get("UnprocessedItems")
                if not unprocessed:
                    break
                pause()
            else:
                raise StoreUnavailable(f"items of {table} were left unwritten each time")

    def with_prefix(self, table: str, pk: str, prefix: str) -> Iterator[Item]:
        """The partition's items whose sort key has the prefix, in order, by a consistent read."""
        request: dict[str, Any] = {
            "TableName": table,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":prefix": {"S": prefix}},
        }
        while True:
            response = self._call("Query", **request)
            yield from response["Items"]
            if "LastEvaluatedKey" not in response:
                return
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    def latest(
        self, table: str, index: str, partition: tuple[str, str], order: tuple[str, str, str], count: int
    ) -> Sequence[Item]:
        """The last ``count`` items of a partition, last first. ``order`` is the sort key's name, lower and upper bound.

        Reads the table itself if ``index`` is empty.
        """
        request: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": "#partition = :partition AND #order BETWEEN :from AND :to",
            "ExpressionAttributeNames": {"#partition": partition[0], "#order": order[0]},
            "ExpressionAttributeValues": {
                ":partition": {"S": partition[1]},
                ":from": {"S": order[1]},
                ":to": {"S": order[2]},
            },
            "ScanIndexForward": False,
            "Limit": count,
            **({"IndexName": index} if index else {}),
        }
        return cast("Sequence[Item]", self._call("Query", **request)["Items"])

    def index_request(self, table: str, index: str, partition: tuple[str, str], **more: Any) -> dict[str, Any]:
        """The request that reads one partition of an index, for ``page``."""
        name, value = partition
        return {
            "TableName": table,
            "IndexName": index,
            "KeyConditionExpression": "#name = :value",
            "ExpressionAttributeNames": {"#name": name},
            "ExpressionAttributeValues": {":value": {"S": value}},
            **more,
        }

    def page(
        self,
        request: Mapping[str, Any],
        key: Sequence[str],
        decode: Callable[[Item], T],
        limit: int,
        cursor: str | None,
        **fixed: str,
    ) -> Page[T]:
        """A page of a query, or of a scan if the request has no key condition.

        ``key`` names the attributes of a position in the listing, ``fixed`` has those with one value in all of it. A
        filter may drop most of what is read, so each further call reads twice as much.
        """
        operation = "Query" if "KeyConditionExpression" in request else "Scan"
        start: dict[str, Any] = {}
        if cursor is not None:
            start = {"ExclusiveStartKey": _start_key(cursors.decode(cursor, frozenset(key), **fixed))}
        items: list[Item] = []
        read_limit = limit
        while True:
            response = self._call(operation, **request, **start, Limit=read_limit)
            items += response["Items"]
            last = response.get("LastEvaluatedKey")
            if not last or len(items) >= limit:
                break
            start, read_limit = {"ExclusiveStartKey": last}, read_limit * 2
        part = items[:limit]
        more = bool(part) and (bool(last) or len(items) > limit)
        next_cursor = cursors.encode({name: part[-1][name]["S"] for name in key}) if more else None
        return Page(tuple(decode(item) for item in part), next_cursor)

    def _call(self, operation: str, **request: Any) -> Any:
        try:
            return self._client.call(operation, **request)
        except AwsUnavailable as error:
            raise StoreUnavailable(str(error)) from error

    def _pauses(self) -> Iterator[Callable[[], None]]:
        """A pause for each attempt, with full jitter: each may last twice as long as the one before."""
        for n in range(ATTEMPTS):
            yield lambda maximum=FIRST_PAUSE_SECONDS * 2**n: self._sleep(random.uniform(0, maximum))  # type: ignore[misc]


def _batches(values: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _start_key(key: Mapping[str, str]) -> Item:
    if not all(key.values()):
        raise InvalidRequest("this cursor is none of ours")
    return {name: {"S": value} for name, value in key.items()}
