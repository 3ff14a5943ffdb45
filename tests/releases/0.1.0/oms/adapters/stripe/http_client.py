"""The HTTP client under the ``stripe`` library: the adapters' own.

The library's default, on ``requests``, takes several times the work for a call, and opens a connection for each thread.
This module imports ``stripe``, which takes half a second, so import it late.
"""

from __future__ import annotations

from collections.abc import Mapping

import stripe

from oms.adapters.http import HttpClient, NoResponse


class PooledClient(stripe.HTTPClient):
    name = "order-management"

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        super().__init__()
        self._base_url = base_url
        self._http = HttpClient(base_url, timeout_seconds, timeout_seconds)

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: str | None = None, **_: object
    ) -> tuple[str, int, Mapping[str, str]]:
        body = (post_data or "").encode()
        try:
            response = self._http.send(method.upper(), url.removeprefix(self._base_url), headers or {}, body)
        except NoResponse as error:
            raise stripe.APIConnectionError(str(error)) from error  # type: ignore[no-untyped-call]
        return response.body.decode(errors="replace"), response.status, response.headers

    def close(self) -> None:
        self._http.close()
