"""How the Stripe client reaches its API: one pool of kept-alive connections for all threads.

Of the clients that ``stripe`` brings, the one on ``requests`` costs twice the time of a call, and opens a connection
a thread. Imports ``stripe``, which takes half a second: import this late.
"""

from __future__ import annotations

from collections.abc import Mapping

import stripe
import urllib3


class PooledClient(stripe.HTTPClient):
    name = "urllib3"

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__()
        self._pool = urllib3.PoolManager(
            maxsize=32,
            retries=False,
            timeout=urllib3.Timeout(total=timeout_seconds),
            cert_reqs="CERT_REQUIRED",
            ca_certs=stripe.ca_bundle_path,
        )

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: object = None, **_: object
    ) -> tuple[str, int, Mapping[str, str]]:
        try:
            response = self._pool.request(method.upper(), url, body=post_data, headers=headers)  # type: ignore[arg-type]
        except urllib3.exceptions.HTTPError as error:
            raise stripe.APIConnectionError(f"{type(error).__name__}: {error}") from error  # type: ignore[no-untyped-call]
        return response.data.decode(errors="replace"), response.status, response.headers

    def close(self) -> None:
        self._pool.clear()
