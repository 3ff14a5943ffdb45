"""Security headers, which every response carries, and the parsing of the Authorization header."""

from __future__ import annotations

import base64
import hashlib

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
"""A response may override those of caching and content."""


def bearer_token(authorization: str) -> str:
    """The token of an ``Authorization`` header, with ``Bearer`` in any case, or bare, which API Gateway takes too."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else authorization.strip()


def page_policy(style: str) -> str:
    """The Content-Security-Policy of a page that runs no script and loads nothing: its own style element alone."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
