"""CORS as an HTTP API does it: the gateway answers preflights, and allows only the site's own origin.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from oms.declarations.cors import PREFLIGHT_MAX_AGE_SECONDS, REQUEST_HEADERS, RESPONSE_HEADERS

Headers = tuple[tuple[str, str], ...]


class Cors:
    """``site`` is the one origin whose pages may call; without it, only the gateway's own pages may."""

    def __init__(self, site: str | None, methods: Iterable[str]) -> None:
        self._site, self._methods = site, ",".join(sorted(set(methods)))

    def preflight(self, method: str, headers: Mapping[str, str]) -> Headers | None:
        """The headers that answer a preflight; None if the request is none, or there is no site."""
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

    def response_headers(self, headers: Mapping[str, str]) -> Headers:
        """The headers that a response to the site's pages has in addition."""
        if self._site is None or headers.get("origin") != self._site:
            return ()
        exposed = ("access-control-expose-headers", ",".join(RESPONSE_HEADERS))
        return (("access-control-allow-origin", self._site), exposed, ("vary", "Origin"))
