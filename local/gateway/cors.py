"""CORS as an HTTP API does it: preflights are answered at the gate, and only the site's own origin hears yes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SENT = ("authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-correlation-id")
SHOWN = ("etag", "location", "retry-after", "x-correlation-id")
MAX_AGE_SECONDS = 3600

Headers = tuple[tuple[str, str], ...]


class Cors:
    """``site`` is the one origin that browsers may call from; None is no other than the gateway's own."""

    def __init__(self, site: str | None, methods: Iterable[str]) -> None:
        self._site, self._methods = site, ",".join(sorted(set(methods)))

    def preflight(self, method: str, headers: Mapping[str, str]) -> Headers | None:
        """What a preflight is answered with; None where the request is none, or no site is known."""
        if method != "OPTIONS" or self._site is None or not {"origin", "access-control-request-method"} <= set(headers):
            return None
        if headers["origin"] != self._site:
            return ()
        return (
            ("access-control-allow-origin", self._site),
            ("access-control-allow-methods", self._methods),
            ("access-control-allow-headers", ",".join(SENT)),
            ("access-control-max-age", str(MAX_AGE_SECONDS)),
            ("vary", "Origin"),
        )

    def shown(self, headers: Mapping[str, str]) -> Headers:
        """What an answer to the site carries besides."""
        if self._site is None or headers.get("origin") != self._site:
            return ()
        shown = ("access-control-expose-headers", ",".join(SHOWN))
        return (("access-control-allow-origin", self._site), shown, ("vary", "Origin"))
