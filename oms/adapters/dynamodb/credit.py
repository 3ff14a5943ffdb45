"""Store credit in DynamoDB: each customer's ledger, and a balance for each currency that never goes below zero."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.stock.writer import Action, put_new
from oms.domain.credit import BookedCredit, CreditEntry, credit_changed
from oms.ports import Page

BY_CREDIT = ("credit_of", "at", "pk", "sk")


def credit_actions(table: str, entries: Iterable[CreditEntry], at: datetime, by: str) -> Iterator[Action]:
    """The actions that write the entries and move their balances, which fail if a balance would go below zero."""
    for entry in entries:
        yield put_new(table, items.credit_item(BookedCredit(at, by, entry)))
        yield _move(table, entry)


def _move(table: str, entry: CreditEntry) -> Action:
    minor, currency = entry.amount.minor, entry.amount.currency
    request: dict[str, Any] = {
        "TableName": table,
        "Key": items.key(items.CREDIT + entry.customer_id, items.BALANCES + currency),
        "UpdateExpression": "ADD minor :minor",
        "ExpressionAttributeValues": {":minor": {"N": str(minor)}},
    }
    if minor < 0:
        request["ConditionExpression"] = "minor >= :taken"
        request["ExpressionAttributeValues"][":taken"] = {"N": str(-minor)}
    return Action({"Update": request}, refusal=credit_changed(currency))


class DynamoCredit:
    def __init__(self, db: DynamoDB, table: str) -> None:
        self._db = db
        self._table = table

    def balances(self, customer_id: str) -> Mapping[str, int]:
        balances = self._db.with_prefix(self._table, items.CREDIT + customer_id, items.BALANCES)
        return {item["sk"]["S"].removeprefix(items.BALANCES): int(item["minor"]["N"]) for item in balances}

    def get(self, customer_id: str, effect_id: str) -> BookedCredit | None:
        item = self._db.get(self._table, items.key(items.CREDIT + customer_id, items.CREDITS + effect_id))
        return items.credit_of(item) if item else None

    def ledger(self, customer_id: str) -> Sequence[BookedCredit]:
        entries = self._db.with_prefix(self._table, items.CREDIT + customer_id, items.CREDITS)
        return [items.credit_of(item) for item in entries]

    def entries(self, customer_id: str, limit: int, cursor: str | None = None) -> Page[BookedCredit]:
        partition = ("credit_of", customer_id)
        request = self._db.index_request(self._table, "by_credit", partition, ScanIndexForward=False)
        return self._db.page(request, BY_CREDIT, items.credit_of, limit, cursor, credit_of=customer_id)

    def every(self, limit: int, cursor: str | None = None) -> Page[BookedCredit]:
        request = {"TableName": self._table, "IndexName": "by_credit"}
        return self._db.page(request, BY_CREDIT, items.credit_of, limit, cursor)

    def grant(self, entry: CreditEntry, at: datetime, by: str) -> bool:
        actions = [action.request for action in credit_actions(self._table, [entry], at, by)]
        return not self._db.transact(actions)
