"""Headers that every answer has, whoever gives it: what a browser must not do with it."""

from __future__ import annotations

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
"""An answer may say otherwise of its own caching and content."""
