"""CORS as an HTTP API does it: preflights are answered at the gate, and only the site's own origin hears yes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from oms.declarations.cors import PREFLIGHT_MAX_AGE_SECONDS, REQUEST_HEADERS, RESPONSE_HEADERS

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
            ("access-control-allow-headers", ",".join(REQUEST_HEADERS)),
            ("access-control-max-age", str(PREFLIGHT_MAX_AGE_SECONDS)),
            ("vary", "Origin"),
        )

    def shown(self, headers: Mapping[str, str]) -> Headers:
        """What an answer to the site carries besides."""
        if self._site is None or headers.get("origin") != self._site:
            return ()
        shown = ("access-control-expose-headers", ",".join(RESPONSE_HEADERS))
        return (("access-control-allow-origin", self._site), shown, ("vary", "Origin"))
