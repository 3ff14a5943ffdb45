"""Counts calls to DynamoDB, and the capacity units that they consume.

DynamoDB Local reports only one action of a transaction for each table. So each action is sent as a transaction.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from oms.adapters.aws.json_protocol import Headers, Post

READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})


@dataclass(frozen=True)
class Cost:
    operations: Mapping[str, int]
    read: float
    written: float


@dataclass
class Meter:
    """Forwards calls to DynamoDB, and sums up the consumed capacity in the responses."""

    post: Post
    tables: dict[str, str] = field(default_factory=dict)
    """The tables' declared names, by their names in DynamoDB."""
    is_on: bool = False
    operations: Counter[str] = field(default_factory=Counter)
    read: float = 0
    written: float = 0

    def __call__(self, body: bytes, headers: Headers) -> tuple[int, bytes]:
        operation, request = headers["X-Amz-Target"].rpartition(".")[2], json.loads(body)
        if not self.is_on:
            return self.post(body, headers)
        self.operations.update(self._operations(operation, request))
        before: list[Any] = []
        for one in _one_by_one(request):
            status, answer = self.post(json.dumps({**one, "ReturnConsumedCapacity": "INDEXES"}).encode(), headers)
            response = json.loads(answer)
            self._note(operation, response.get("ConsumedCapacity") or [])
            if "CancellationReasons" in response:
                return status, json.dumps(
                    {**response, "CancellationReasons": before + response["CancellationReasons"]}
                ).encode()
            before.append({"Code": "None"})
        return status, answer

    def _operations(self, operation: str, request: Mapping[str, Any]) -> Iterator[str]:
        if operation == "TransactWriteItems":
            for kind, action in (pair for each in request["TransactItems"] for pair in each.items()):
                yield f"{kind} {self.tables[action['TableName']]}"
            return
        named: Mapping[str, Any] = request.get("RequestItems") or {request["TableName"]: request}
        for name, part in named.items():
            index = f".{request['IndexName']}" if "IndexName" in request else ""
            consistent = isinstance(part, dict) and part.get("ConsistentRead")
            yield f"{operation} {self.tables[name]}{index}{', consistent' if consistent else ''}"

    def _note(self, operation: str, used: Any) -> None:
        units = sum(each["CapacityUnits"] for each in (used if isinstance(used, list) else [used]))
        if operation in READS:
            self.read += units
        else:
            self.written += units

    def cost(self) -> Cost:
        """The cost since the last call of this method."""
        cost = Cost(self.operations, self.read, self.written)
        self.operations, self.read, self.written = Counter(), 0, 0
        return cost


def _one_by_one(request: dict[str, Any]) -> list[dict[str, Any]]:
    actions = request.get("TransactItems")
    return [{"TransactItems": [action]} for action in actions] if actions else [request]
