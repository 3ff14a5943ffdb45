"""Cross-origin resource sharing: what the site's pages may send to the API, and read of its responses."""

from __future__ import annotations

REQUEST_HEADERS = ("authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-correlation-id")
RESPONSE_HEADERS = ("etag", "location", "retry-after", "x-correlation-id")
PREFLIGHT_MAX_AGE_SECONDS = 3600
