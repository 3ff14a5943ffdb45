"""Ids that are derived from a client's idempotency key, so that a repeated request has one effect.

Some of them name executions: Step Functions admits up to 80 letters, digits, ``-`` and ``_``.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from api.problems import Complaint, invalid
from oms.domain.credit import CUSTOMER
from oms.domain.errors import IdempotencyKeyReused, ProductNotFound

KEY = "Idempotency-Key"
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, without i, l, o and u, which are easily misread."""
DIGITS = 26
SIMILAR_DIGITS = str.maketrans("ILOU", "110V", "- ")
"""Replaces letters that look or sound like a digit, and drops separators."""
ORDER_NUMBER = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}")
ORDER_ID = re.compile(r"ord_[0-9a-hjkmnp-tv-z]{26}")
SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


def order_id(customer_id: str, key: str) -> str:
    number = int.from_bytes(_digest(customer_id, key)) >> (256 - 5 * DIGITS)
    return "ord_" + "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(DIGITS)))


def order_number(text: str) -> str | None:
    """An order's number in its normal form, from any way to write it; None for a text that can't be one."""
    digits = text.upper().translate(SIMILAR_DIGITS)
    return f"{digits[:5]}-{digits[5:]}" if ORDER_NUMBER.fullmatch(digits) else None


def checked_sku(text: str) -> str:
    """The SKU in a path. Raises ``ProductNotFound`` for a text that can't be one."""
    if not SKU.fullmatch(text):
        raise ProductNotFound(f"{text[:60]} is no SKU: those are up to 40 letters, digits and dashes")
    return text


def checked_customer_id(text: str) -> str:
    """The customer's id in a path. Raises a problem for a text that can't be one."""
    if not CUSTOMER.fullmatch(text):
        raise invalid(
            Complaint("path/customer_id", "is no id: those are up to 100 letters, digits, dashes and underscores")
        )
    return text


def stock_effect_id(operator_id: str, sku: str, key: str) -> str:
    return f"stock:{_digest(operator_id, sku, key).hex()[:32]}"


def grant_id(operator_id: str, customer_id: str, key: str) -> str:
    return f"grant:{_digest(operator_id, customer_id, key).hex()[:32]}"


def key_reused() -> IdempotencyKeyReused:
    return IdempotencyKeyReused(f"this {KEY} came before, with another body: take a new key for a new request")


def cancellation_id(order_id: str, key: str | None, earlier: int) -> str:
    """Without a key it counts the order's earlier cancellations."""
    if key is not None:
        return f"{order_id}_cancel_{_short(order_id, key)}"
    return f"{order_id}_cancel_{earlier + 1}" if earlier else f"{order_id}_cancel"


def return_id(order_id: str, key: str) -> str:
    return f"{order_id}_return_{_short(order_id, key)}"


def request_hash(body: Any) -> str:
    """A hash of the body's JSON value, whatever the order of its members."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _short(order_id: str, key: str) -> str:
    return _digest(order_id, key).hex()[:16]


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\n".join(parts).encode()).digest()
