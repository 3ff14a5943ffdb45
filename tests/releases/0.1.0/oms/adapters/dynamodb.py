"""DynamoDB as the adapters use it: its errors told apart, its pages walked, its transactions written at most once."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from oms.adapters import cursors
from oms.adapters.aws_json import PASSING, Api, Refused, Unanswered
from oms.adapters.items import Item
from oms.domain.errors import InvalidRequest, StoreUnavailable
from oms.ports import Page

T = TypeVar("T")

TRIES = 5
FIRST_PAUSE_SECONDS = 0.01
READ_AT_ONCE = 100
WRITTEN_AT_ONCE = 25

REFUSED = "ConditionalCheckFailed"


class DynamoDB:
    """Calls that raise ``StoreUnavailable`` for what passes, and ``Refused`` for what is our defect."""

    def __init__(self, api: Api, sleep: Callable[[float], None] = time.sleep) -> None:
        self._api = api
        self._sleep = sleep

    def get(self, table: str, key: Item) -> Item | None:
        """The item as last written."""
        answer = self._called("GetItem", TableName=table, Key=key, ConsistentRead=True)
        return cast("Item | None", answer.get("Item"))

    def transact(self, actions: Sequence[Mapping[str, Any]]) -> frozenset[int]:
        """Write all of the actions, or nothing: the places of those whose condition failed; none if it was written.

        One token for all tries: an answer that got lost makes no second write. While another transaction is in the
        way, a condition that failed proves nothing (it may be this very write, sent before), so ask again.
        """
        token = str(uuid.uuid4())
        for pause in self._pauses():
            reasons = self._reasons(actions, token)
            if PASSING.isdisjoint(reasons):
                return frozenset(place for place, code in enumerate(reasons) if code == REFUSED)
            pause()
        raise StoreUnavailable("other transactions were in the way each time")

    def _reasons(self, actions: Sequence[Mapping[str, Any]], token: str) -> list[str]:
        """Why DynamoDB cancelled the transaction, action by action; empty if it was written."""
        try:
            self._called("TransactWriteItems", TransactItems=actions, ClientRequestToken=token)
        except Refused as refused:
            reasons = [reason.get("Code", "None") for reason in refused.told.get("CancellationReasons", ())]
            if not reasons or not PASSING.issuperset(set(reasons) - {REFUSED, "None"}):
                raise
            return reasons
        return []

    def batch_get(self, table: str, keys: Sequence[Item], consistent: bool) -> Iterator[Item]:
        for some in _parts(keys, READ_AT_ONCE):
            left: Any = {table: {"Keys": some, "ConsistentRead": consistent}}
            for pause in self._pauses():
                answer = self._called("BatchGetItem", RequestItems=left)
                yield from answer["Responses"].get(table, ())
                left = answer.get("UnprocessedKeys")
                if not left:
                    break
                pause()
            else:
                raise StoreUnavailable(f"keys of {table} were left unread each time")

    def batch_put(self, table: str, items: Sequence[Item]) -> None:
        for some in _parts(items, WRITTEN_AT_ONCE):
            left: Any = {table: [{"PutRequest": {"Item": item}} for item in some]}
            for pause in self._pauses():
                left = self._called("BatchWriteItem", RequestItems=left).get("UnprocessedItems")
                if not left:
                    break
                pause()
            else:
                raise StoreUnavailable(f"items of {table} were left unwritten each time")

    def below(self, table: str, pk: str, prefix: str) -> Iterator[Item]:
        """The partition's items whose sort key has the prefix, in its order, as last written."""
        request: dict[str, Any] = {
            "TableName": table,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":prefix": {"S": prefix}},
        }
        while True:
            answer = self._called("Query", **request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def latest(
        self, table: str, index: str, partition: tuple[str, str], order: tuple[str, str, str], count: int
    ) -> Sequence[Item]:
        """The last ``count`` items of a partition, last first: ``order`` is its sort key, from and up to what.

        Of the table itself where ``index`` is empty.
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
        return cast("Sequence[Item]", self._called("Query", **request)["Items"])

    def indexed(self, table: str, index: str, partition: tuple[str, str], **more: Any) -> dict[str, Any]:
        """The request for one partition of an index, for ``page``."""
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
        made: Callable[[Item], T],
        limit: int,
        cursor: str | None,
        **fixed: str,
    ) -> Page[T]:
        """A page of a query, or of a scan where the request has no key condition.

        ``key`` names what a place in the listing consists of, ``fixed`` those of it that the listing is bound to.
        A filter may leave little of what is read: each further call reads twice as much.
        """
        read = "Query" if "KeyConditionExpression" in request else "Scan"
        start: dict[str, Any] = {}
        if cursor is not None:
            start = {"ExclusiveStartKey": _place(cursors.decode(cursor, frozenset(key), **fixed))}
        found: list[Item] = []
        reading = limit
        while True:
            answer = self._called(read, **request, **start, Limit=reading)
            found += answer["Items"]
            last = answer.get("LastEvaluatedKey")
            if not last or len(found) >= limit:
                break
            start, reading = {"ExclusiveStartKey": last}, reading * 2
        part = found[:limit]
        more = bool(part) and (bool(last) or len(found) > limit)
        next_cursor = cursors.encode({name: part[-1][name]["S"] for name in key}) if more else None
        return Page(tuple(made(item) for item in part), next_cursor)

    def _called(self, operation: str, **request: Any) -> Any:
        try:
            return self._api.call(operation, **request)
        except Unanswered as error:
            raise StoreUnavailable(str(error)) from error

    def _pauses(self) -> Iterator[Callable[[], None]]:
        """A pause for each try: full jitter, twice as long each time."""
        for n in range(TRIES):
            yield lambda longest=FIRST_PAUSE_SECONDS * 2**n: self._sleep(random.uniform(0, longest))  # type: ignore[misc]


def _parts(values: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _place(key: Mapping[str, str]) -> Item:
    if not all(key.values()):
        raise InvalidRequest("this cursor is none of ours")
    return {name: {"S": value} for name, value in key.items()}
