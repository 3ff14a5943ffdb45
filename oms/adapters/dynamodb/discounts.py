"""Discount codes in DynamoDB: a code with its counter, a counter for each customer, and the ledger of uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.stock.writer import Action, put_new
from oms.domain.discounts import CodeUse, Discount, used_up


def code_actions(table: str, uses: Iterable[CodeUse]) -> Iterator[Action]:
    """The actions that write the uses and move their counters, which fail beyond the limits."""
    for use in uses:
        own = {":limit": {"N": str(use.customer_limit)}}
        yield put_new(table, items.code_use_item(use))
        yield _count(table, use, items.CODE, "used < total_limit", {})
        yield _count(table, use, items.CUSTOMERS + use.customer_id, "attribute_not_exists(used) OR used < :limit", own)


def _count(table: str, use: CodeUse, sk: str, condition: str, values: items.Item) -> Action:
    """Move one counter. The condition holds for taking a use; giving one back has none."""
    uses = {":uses": {"N": str(use.uses)}}
    request: dict[str, Any] = {
        "TableName": table,
        "Key": items.key(items.CODES + use.code, sk),
        "UpdateExpression": "ADD used :uses",
        "ExpressionAttributeValues": uses,
    }
    if use.uses > 0:
        request |= {"ConditionExpression": condition, "ExpressionAttributeValues": {**uses, **values}}
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
            old_terms = _terms(before)
            condition = " AND ".join(["used <= :total_limit", *(f"#{name} = :was_{name}" for name in old_terms)])
            values |= {f":was_{name}": value for name, value in old_terms.items()}
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
        prefix = items.USES if order_id is None else f"{items.USES}{order_id}:"
        return [items.code_use_of(item) for item in self._db.with_prefix(self._table, items.CODES + code, prefix)]


def _terms(discount: Discount) -> items.Item:
    """All attributes but the number of uses, which only orders write."""
    item = items.discount_item(discount)
    return {name: value for name, value in item.items() if name not in ("pk", "sk", "used")}
