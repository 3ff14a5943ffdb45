"""Guests: nobody knows who they are, so a signed token says what they hold, a cart or one order.

``<kind>.<id>.<expiry, in Unix seconds>.<HMAC-SHA256 of all before it>``: no table of tokens, none to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from oms.adapters import wiring
from oms.domain.cart import GUEST
from oms.domain.order import Order

CART, ORDER = "cart", "order"
CART_LASTS, ORDER_LASTS = timedelta(days=30), timedelta(days=180)
TOKEN = re.compile(r"((cart|order)\.([a-z0-9_]{1,60})\.([0-9]{1,12}))\.([0-9a-f]{64})")


def cart_token(environ: Mapping[str, str], now: datetime) -> tuple[str, datetime]:
    """For a new guest, and until when."""
    expires_at = now + CART_LASTS
    return _token(CART, GUEST + secrets.token_hex(16), expires_at, environ), expires_at


def order_token(environ: Mapping[str, str], order: Order) -> tuple[str, datetime]:
    """For an order alone, and until when; always the same one."""
    expires_at = order.placed_at + ORDER_LASTS
    return _token(ORDER, order.id, expires_at, environ), expires_at


def held(kind: str, token: str, environ: Mapping[str, str], now: datetime) -> str | None:
    """The id that the token is for, or None where it is of another kind, forged, or expired."""
    found = TOKEN.fullmatch(token)
    if found is None:
        return None
    signed, of, identity, expires_at, given = found.groups()
    is_ours = hmac.compare_digest(_mac(signed, environ), given)
    return identity if is_ours and of == kind and now.timestamp() < int(expires_at) else None


def _token(kind: str, identity: str, expires_at: datetime, environ: Mapping[str, str]) -> str:
    signed = f"{kind}.{identity}.{int(expires_at.timestamp())}"
    return f"{signed}.{_mac(signed, environ)}"


def _mac(signed: str, environ: Mapping[str, str]) -> str:
    secret = wiring.signing_key("GUEST_SECRET", environ)
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
