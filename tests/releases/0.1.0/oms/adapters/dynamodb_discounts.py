"""Discount codes in DynamoDB: a code with its counter, a counter for each customer, and the ledger of its uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from oms.adapters import items
from oms.adapters.dynamodb import DynamoDB
from oms.adapters.dynamodb_stock import Action, put_new
from oms.domain.discounts import CodeUse, Discount, used_up


def code_actions(table: str, uses: Iterable[CodeUse]) -> Iterator[Action]:
    """What writes the uses and moves their counters, up to their limits."""
    for use in uses:
        own = {":limit": {"N": str(use.customer_limit)}}
        yield put_new(table, items.code_use_item(use))
        yield _count(table, use, items.CODE, "used < total_limit", {})
        yield _count(table, use, items.CUSTOMERS + use.customer_id, "attribute_not_exists(used) OR used < :limit", own)


def _count(table: str, use: CodeUse, sk: str, free: str, values: items.Item) -> Action:
    """Under the condition ``free`` where it takes a use; one is given back without any."""
    uses = {":uses": {"N": str(use.uses)}}
    request: dict[str, Any] = {
        "TableName": table,
        "Key": items.key(items.CODES + use.code, sk),
        "UpdateExpression": "ADD used :uses",
        "ExpressionAttributeValues": uses,
    }
    if use.uses > 0:
        request |= {"ConditionExpression": free, "ExpressionAttributeValues": {**uses, **values}}
    return Action({"Update": request}, refusal=used_up(use.code))


class DynamoDiscounts:
    def __init__(self, db: DynamoDB, table: str) -> None:
        self._db = db
        self._table = table

    def get(self, code: str) -> Discount | None:
        item = self._db.get(self._table, items.key(items.CODES + code, items.CODE))
        return items.discount_of(item) if item else None

    def change(self, before: Discount | None, after: Discount) -> bool:
        terms = _terms(after)
        condition = "attribute_not_exists(pk)"
        values = {f":{name}": value for name, value in terms.items()}
        if before is not None:
            there = _terms(before)
            condition = " AND ".join(["used <= :total_limit", *(f"#{name} = :was_{name}" for name in there)])
            values |= {f":was_{name}": value for name, value in there.items()}
        sets = ", ".join(f"#{name} = :{name}" for name in terms)
        request = {
            "TableName": self._table,
            "Key": items.key(items.CODES + after.code, items.CODE),
            "UpdateExpression": f"SET {sets}, used = if_not_exists(used, :none)",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in terms},
            "ExpressionAttributeValues": {**values, ":none": {"N": "0"}},
        }
        return not self._db.transact([{"Update": request}])

    def uses(self, code: str, order_id: str | None = None) -> Sequence[CodeUse]:
        begins = items.USES if order_id is None else f"{items.USES}{order_id}:"
        return [items.code_use_of(item) for item in self._db.below(self._table, items.CODES + code, begins)]


def _terms(discount: Discount) -> items.Item:
    """All but how often it was used, which only orders write."""
    item = items.discount_item(discount)
    return {name: value for name, value in item.items() if name not in ("pk", "sk", "used")}
