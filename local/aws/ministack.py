"""ministack, as this machine runs it: its DynamoDB is asked directly, works out an expression once, copies an item by
what an item is made of, and reads and writes JSON in C. An order's calls take half of the work that they took.

The functions' own requests to DynamoDB are unsigned, and go past ministack's search for one of a hundred services,
which is most of what a small one costs. Whoever signs, as every SDK does, is answered by ministack from its own front
door.

It takes each condition and update apart anew, for every item of a transaction or a page, and a shop has a few dozen of
them. What is remembered depends on an expression's or a number's text alone, and nobody changes it. And it copies an
item six times for each update.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from copy import deepcopy
from functools import lru_cache
from itertools import product
from types import SimpleNamespace
from typing import Any

import orjson
from ministack.app import app as ministack
from ministack.core import responses
from ministack.services import dynamodb, dynamodb_streams

from local.aws.ministack_patches import items as ministack_items

EXPRESSIONS = 1000
PLAIN = {"S": str, "N": str, "BOOL": bool, "NULL": bool}
COMPARISONS = set(product(("IDENT", "NAME_REF"), ("EQ", "NE", "LT", "GT", "LE", "GE"), ("VALUE_REF",), ("EOF",)))
TARGET, SIGNATURE = b"x-amz-target", b"authorization"

Message = MutableMapping[str, Any]

__all__ = ["app"]


def copied(value: Any) -> Any:
    """A copy of what JSON is made of."""
    try:
        return orjson.loads(orjson.dumps(value))
    except TypeError:  # of what it isn't, as a number beyond 64 bits or half of a surrogate pair
        return deepcopy(value)


def written(value: Any, *, sort_keys: bool = False, default: Callable[[Any], Any] | None = None, **_: object) -> str:
    """As ``json.dumps`` does, but for spaces and escapes."""
    options = orjson.OPT_NON_STR_KEYS | (orjson.OPT_SORT_KEYS if sort_keys else 0)
    return orjson.dumps(value, default, options).decode()


class Transaction:
    """The transaction under way, if one is. ministack works each of its updates out three times, to the same result;
    and weighs what it writes to a table and to each index, though nobody asked."""

    def __init__(self) -> None:
        self._updates: dict[int, Any] = {}
        self._is_open = self._is_weighed = False
        self._write, self._update = dynamodb._transact_write_items, dynamodb._apply_update_expression
        self._units = dynamodb._index_write_units

    def write(self, request: Message) -> Any:
        self._is_open, self._is_weighed = True, "ReturnConsumedCapacity" in request
        try:
            return self._write(request)
        finally:
            self._is_open = False
            self._updates.clear()

    def updated(self, item: Message, expression: str, values: Message, *others: Any) -> Any:
        if not self._is_open:
            return self._update(item, expression, values, *others)
        known = self._updates.get(id(values))
        if known is None or known[:3] != (values, expression, item):
            known = values, expression, item, self._update(item, expression, values, *others)
            self._updates[id(values)] = known
        return known[3]

    def size(self, item: Any) -> int:
        """Bytes as DynamoDB counts them; or those of its JSON, which are more, where even they are no matter."""
        if self._is_open and not self._is_weighed:
            size = ministack_items.json_bytes(item)
            if size <= dynamodb._DDB_ITEM_MAX_BYTES:
                return size
        return ministack_items.size_bytes(item)

    def units(self, *write: Any) -> float:
        if self._is_open and not self._is_weighed:
            return 0.0
        exact: float = self._units(*write)
        return exact


class Actions:
    """The actions of transactions, each checked before any is carried out: its expressions' syntax, what they name and
    use, how deep its values go. Of one whose values are plain that depends on its shape alone, and a shop has a few."""

    def __init__(self) -> None:
        self._sound: set[Any] = set()
        self._error = dynamodb._transact_write_action_error

    def error(self, kind: str, action: Any) -> Any:
        shape = self._shape(kind, action)
        if shape in self._sound:
            return None
        error = self._error(kind, action)
        if error is None and shape is not None and len(self._sound) < EXPRESSIONS:
            self._sound.add(shape)
        return error

    @staticmethod
    def _shape(kind: str, action: Any) -> tuple[Any, ...] | None:
        """None where the values themselves matter."""
        try:
            condition, update = (action.get(f"{each}Expression") for each in ("Condition", "Update"))
            if condition is not None and "BETWEEN" in condition.upper():
                return None
            shape = [kind, condition, update, *(action.get("ExpressionAttributeNames") or {}).items()]
            for container in ("Item", "Key", "ExpressionAttributeValues"):
                shape.append(container)
                for name, value in (action.get(container) or {}).items():
                    ((given, content),) = value.items()
                    if type(content) is not PLAIN[given] or (given == "N" and dynamodb._number_error(content)):
                        return None
                    shape.append((name, given))
            hash(whole := tuple(shape))
        except (AttributeError, KeyError, TypeError, ValueError):  # of another kind, or none at all
            return None
        return whole


@lru_cache(EXPRESSIONS)
def is_sound(expression: str, slot: str) -> bool:
    """True of a condition whose text holds no error, and whose values are weighed against the item's alone."""
    tokens = dynamodb._tokenize(expression)
    wrong = dynamodb._check_redundant_parens(tokens, slot) or dynamodb._check_reserved_keyword_usage(tokens)
    wrong = wrong or dynamodb._condition_syntax_error(expression, slot)
    return bool(tokens) and not wrong and "BETWEEN" not in expression.upper()


@lru_cache(EXPRESSIONS)
def comparison(expression: str, slot: str) -> tuple[str, str, str] | None:
    """Of a sound condition that compares one attribute with one value: the attribute, how, and the value. Of any other
    None."""
    kinds, texts = zip(*dynamodb._tokenize(expression), strict=True)
    return texts[:3] if kinds in COMPARISONS and is_sound(expression, slot) else None


def holds(expression: Any, item: Any, values: Any, names: Any, slot: str = "ConditionExpression") -> Any:
    """Whether a condition holds of an item. What is wrong with it ministack says in its own words."""
    try:
        if compared := comparison(expression, slot):
            name, how, value = compared
            return dynamodb._compare_ddb(dynamodb._get_at_path(item, [names.get(name, name)]), how, values.get(value))
        if is_sound(expression, slot):
            return dynamodb._ExprEval(dynamodb._tokenize(expression), item, values, names).evaluate()
    except Exception:
        pass
    return evaluated(expression, item, values, names, slot)


transaction = Transaction()
evaluated = dynamodb._evaluate_condition
dynamodb._transact_write_items = transaction.write
dynamodb._apply_update_expression = transaction.updated
dynamodb._index_write_units = transaction.units
dynamodb._item_size_bytes = transaction.size
dynamodb._transact_write_action_error = Actions().error
dynamodb._evaluate_condition = holds
dynamodb.copy = SimpleNamespace(deepcopy=copied)
for module in (dynamodb, dynamodb_streams, responses):
    module.json = SimpleNamespace(dumps=written, loads=orjson.loads, JSONDecodeError=orjson.JSONDecodeError)
dynamodb._tokenize = lru_cache(EXPRESSIONS)(dynamodb._tokenize)
dynamodb._number_error = lru_cache(ministack_items.NUMBERS)(dynamodb._number_error)
dynamodb._number_size_bytes = lru_cache(ministack_items.NUMBERS)(dynamodb._number_size_bytes)
dynamodb._ddb_canonicalize_number = ministack_items.canonical
dynamodb._index_key_lists = ministack_items.index_keys
dynamodb._validate_item = ministack_items.error
dynamodb._resolve_table_key_values = ministack_items.keys
responses.get_account_id, responses.get_region = responses._request_account_id.get, responses._request_region.get
dynamodb._condition_syntax_error = lru_cache(EXPRESSIONS)(dynamodb._condition_syntax_error)


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    headers = dict(scope.get("headers", ()))
    target = headers.get(TARGET, b"")
    if not target.startswith(b"DynamoDB_") or SIGNATURE in headers:
        await ministack(scope, receive, send)
        return
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    named = {"x-amz-target": target.decode("latin-1")}
    status, told, answer = await dynamodb.handle_request("POST", "/", named, b"".join(parts), {})
    body = answer if isinstance(answer, bytes) else answer.encode()
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
    lines.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
