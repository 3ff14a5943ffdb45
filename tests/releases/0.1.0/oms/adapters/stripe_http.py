"""How the Stripe client reaches its API: as all adapters do.

The client that ``stripe`` brings, on ``requests``, costs several times the work of a call, and opens a connection a
thread. Imports ``stripe``, which takes half a second: import this late.
"""

from __future__ import annotations

from collections.abc import Mapping

import stripe

from oms.adapters.http import Http, NoAnswer


class PooledClient(stripe.HTTPClient):
    name = "order-management"

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        super().__init__()
        self._base_url = base_url
        self._http = Http(base_url, timeout_seconds, timeout_seconds)

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: str | None = None, **_: object
    ) -> tuple[str, int, Mapping[str, str]]:
        body = (post_data or "").encode()
        try:
            answer = self._http.send(method.upper(), url.removeprefix(self._base_url), headers or {}, body)
        except NoAnswer as error:
            raise stripe.APIConnectionError(str(error)) from error  # type: ignore[no-untyped-call]
        return answer.body.decode(errors="replace"), answer.status, answer.headers

    def close(self) -> None:
        self._http.close()
