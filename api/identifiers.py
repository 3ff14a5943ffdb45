"""Ids that a client's own key decides, so that a request sent twice means one thing.

An execution's name is one of these, and Step Functions admits letters, digits, ``-`` and ``_``, 80 at the most.
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
"""Crockford's base 32: no i, l, o or u, which are misread."""
DIGITS = 26
READ_ALOUD = str.maketrans("ILOU", "110V", "- ")
"""What is heard or misread for another digit, and what only separates."""
ORDER_NUMBER = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}")
ORDER_ID = re.compile(r"ord_[0-9a-hjkmnp-tv-z]{26}")
SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


def order_id(customer_id: str, key: str) -> str:
    number = int.from_bytes(_digest(customer_id, key)) >> (256 - 5 * DIGITS)
    return "ord_" + "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(DIGITS)))


def order_number(text: str) -> str | None:
    """An order's number as it is written, however it was heard; None for what can't be one."""
    digits = text.upper().translate(READ_ALOUD)
    return f"{digits[:5]}-{digits[5:]}" if ORDER_NUMBER.fullmatch(digits) else None


def sku(text: str) -> str:
    """A path's SKU. Raises ``ProductNotFound`` for what can't be one."""
    if not SKU.fullmatch(text):
        raise ProductNotFound(f"{text[:60]} is no SKU: those are up to 40 letters, digits and dashes")
    return text


def customer(text: str) -> str:
    """A path's customer. Raises a problem for what can't be one."""
    if not CUSTOMER.fullmatch(text):
        raise invalid(
            Complaint("path/customer_id", "is no id: those are up to 100 letters, digits, dashes and underscores")
        )
    return text


def effect_id(operator_id: str, sku: str, key: str) -> str:
    return f"stock:{_digest(operator_id, sku, key).hex()[:32]}"


def grant_id(operator_id: str, customer_id: str, key: str) -> str:
    return f"grant:{_digest(operator_id, customer_id, key).hex()[:32]}"


def reused() -> IdempotencyKeyReused:
    return IdempotencyKeyReused(f"this {KEY} came before, with another body: take a new key for a new request")


def cancellation_id(order_id: str, key: str | None, earlier: int) -> str:
    """Without a key, the next cancellation after the ``earlier`` ones that held the order."""
    if key is not None:
        return f"{order_id}_cancel_{_short(order_id, key)}"
    return f"{order_id}_cancel_{earlier + 1}" if earlier else f"{order_id}_cancel"


def return_id(order_id: str, key: str) -> str:
    return f"{order_id}_return_{_short(order_id, key)}"


def request_hash(body: Any) -> str:
    """The same for two bodies that say the same, in whatever order and spacing."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _short(order_id: str, key: str) -> str:
    return _digest(order_id, key).hex()[:16]


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\n".join(parts).encode()).digest()
