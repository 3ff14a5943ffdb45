"""Guests' tokens: a signed token is for one cart or one order, and nothing is stored about its holder.

A token is ``<kind>.<id>.<expiry, in Unix seconds>.<HMAC-SHA256 of all before it>``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from oms.adapters import wiring
from oms.declarations.environment import GUEST_SECRET
from oms.domain.cart import GUEST
from oms.domain.order import Order

CART, ORDER = "cart", "order"
CART_LIFETIME, ORDER_LIFETIME = timedelta(days=30), timedelta(days=180)
TOKEN = re.compile(r"((cart|order)\.([a-z0-9_]{1,60})\.([0-9]{1,12}))\.([0-9a-f]{64})")


def cart_token(environ: Mapping[str, str], now: datetime) -> tuple[str, datetime]:
    """A token for the cart of a new guest, and its expiry."""
    expires_at = now + CART_LIFETIME
    return _token(CART, GUEST + secrets.token_hex(16), expires_at, environ), expires_at


def order_token(environ: Mapping[str, str], order: Order) -> tuple[str, datetime]:
    """The token for an order, always the same one, and its expiry."""
    expires_at = order.placed_at + ORDER_LIFETIME
    return _token(ORDER, order.id, expires_at, environ), expires_at


def identity_in(kind: str, token: str, environ: Mapping[str, str], now: datetime) -> str | None:
    """The id that the token is for, or None if it is of another kind, forged, or expired."""
    match = TOKEN.fullmatch(token)
    if match is None:
        return None
    signed, token_kind, identity, expires_at, mac = match.groups()
    is_genuine = hmac.compare_digest(_mac(signed, environ), mac)
    return identity if is_genuine and token_kind == kind and now.timestamp() < int(expires_at) else None


def _token(kind: str, identity: str, expires_at: datetime, environ: Mapping[str, str]) -> str:
    signed = f"{kind}.{identity}.{int(expires_at.timestamp())}"
    return f"{signed}.{_mac(signed, environ)}"


def _mac(signed: str, environ: Mapping[str, str]) -> str:
    secret = wiring.signing_key(GUEST_SECRET, environ)
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
