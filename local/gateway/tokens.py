"""The JWT authorizer of an HTTP API: verifies access tokens.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html: the signature, RSA only, by
the pool's published keys; ``iss``; ``aud``, or ``client_id`` where there is no ``aud``; ``exp``, ``nbf`` and ``iat``;
and one of the route's scopes, in ``scope`` or ``scp``. Cognito puts scopes into access tokens only, so a route that
requires one takes no ID token.
"""

from __future__ import annotations

import json
import logging
import time
import urllib.request
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Event, Lock, Thread
from typing import Any

import jwt
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options

from api.security import bearer_token

ALGORITHMS = ["RS256", "RS384", "RS512"]
REFRESH_SECONDS = 300
RETRY_SECONDS = 10
FETCH_SECONDS = 5
WAIT_SECONDS = FETCH_SECONDS + 1
MOST_CACHED = 10_000

Claims = Mapping[str, Any]
JsonWebKeys = Sequence[Mapping[str, Any]]

log = logging.getLogger(__name__)


class InvalidToken(Exception):
    """The token is missing, expired, or not of this pool and client."""


class InsufficientScope(Exception):
    """The token is valid, but has none of the route's scopes."""


class KeysUnavailable(Exception):
    """The pool's keys can't be fetched, so nobody knows whether the token is valid."""

    def __init__(self, retry_seconds: int) -> None:
        super().__init__(f"the keys that tokens are verified with can't be fetched: ask again in {retry_seconds} s")
        self.retry_seconds = retry_seconds


def start_thread(run: Callable[[], None]) -> None:
    Thread(target=run, name="keys", daemon=True).start()


class PublishedKeys:
    """A user pool's public keys by their id.

    A key that is known is returned at once, while a thread fetches the keys again if they are old. An unknown id
    fetches them too, but at most every ``RETRY_SECONDS``, and only one caller waits for that: forged tokens cause no
    load, and delay nobody. As long as there are no keys at all, every caller waits.

    Args:
        start: runs a fetch beside the caller.
    """

    def __init__(
        self,
        fetch: Callable[[], JsonWebKeys],
        now: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = start_thread,
    ) -> None:
        self._fetch, self._now, self._start = fetch, now, start
        self._keys: dict[str, Any] = {}
        self._tried_at = float("-inf")
        self._is_current = False
        """The last fetch succeeded."""
        self._lock = Lock()
        self._is_fetching = False
        self._fetched = Event()

    def key(self, key_id: str) -> Any:
        """Raises ``InvalidToken`` if the pool has no such key, and ``KeysUnavailable`` if that is unknown."""
        if key_id in self._keys:
            self._begin_fetch(REFRESH_SECONDS)
        elif (self._begin_fetch(RETRY_SECONDS) or not self._keys) and self._is_fetching:
            self._fetched.wait(WAIT_SECONDS)
        key = self._keys.get(key_id)
        if key is None and (self._is_fetching or not self._is_current):
            raise KeysUnavailable(RETRY_SECONDS)
        if key is None:
            raise InvalidToken("the token is signed by no key of this pool")
        return key

    def _begin_fetch(self, after_seconds: float) -> bool:
        """Start to fetch, unless that is in progress, or was tried less than ``after_seconds`` ago."""
        with self._lock:
            if self._is_fetching or self._now() - self._tried_at <= after_seconds:
                return False
            self._is_fetching, self._tried_at = True, self._now()
            self._fetched.clear()
        self._start(self._refresh)
        return True

    def _refresh(self) -> None:
        try:
            keys = [each for each in self._fetch() if each["kty"] == "RSA"]
            self._keys = {each["kid"]: RSAAlgorithm.from_jwk(dict(each)) for each in keys}
            self._is_current = True
        except Exception as error:  # whatever the pool answers instead of keys
            log.warning("the pool's keys can't be fetched: %r", error)
            self._is_current = False
        finally:
            self._is_fetching = False
            self._fetched.set()


def keys_at(url: str) -> Callable[[], JsonWebKeys]:
    def fetch() -> JsonWebKeys:
        with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as response:
            keys: JsonWebKeys = json.load(response)["keys"]
        return keys

    return fetch


class Authorizer:
    """Verifies tokens. The signature of a token is checked once, its expiry each time."""

    def __init__(
        self, keys: PublishedKeys, issuer: str, audience: Sequence[str], now: Callable[[], float] = time.time
    ) -> None:
        self._keys, self._issuer, self._audience, self._now = keys, issuer, frozenset(audience), now
        self._verified_claims: dict[str, Claims] = {}

    def claims(self, authorization: str, scopes: Collection[str] = ()) -> Claims:
        """The claims of the token in an ``Authorization`` header.

        Raises ``InvalidToken``; ``InsufficientScope`` if the token has none of the ``scopes``; ``KeysUnavailable``.
        """
        token = bearer_token(authorization)
        if not token:
            raise InvalidToken("there is no token: sign in, and send Authorization: Bearer and the token")
        claims = self._verified_claims.get(token)
        if claims is None:
            claims = self._verify(token)
            self._cache(token, claims)
        self._check_times(claims)
        if scopes and granted_scopes(claims).isdisjoint(scopes):
            raise InsufficientScope("the token has no scope for this: send the access token, not the ID token")
        return claims

    def _verify(self, token: str) -> Claims:
        unchecked: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise InvalidToken("the token is not signed by an RSA key")
            key = self._keys.key(str(header.get("kid")))
            claims: dict[str, Any] = jwt.decode(token, key, ALGORITHMS, options=unchecked, issuer=self._issuer)
        except jwt.InvalidIssuerError:
            raise InvalidToken("the token is another pool's") from None
        except jwt.PyJWTError:
            raise InvalidToken("the token is no JWT, or not signed by this pool") from None
        audience = claims.get("aud", claims.get("client_id"))
        if self._audience.isdisjoint(audience if isinstance(audience, list) else [audience]):
            raise InvalidToken("the token is for another client")
        return claims

    def _check_times(self, claims: Claims) -> None:
        now = self._now()
        try:
            if float(claims["exp"]) <= now:
                raise InvalidToken("the token has expired: sign in again")
            if float(claims.get("nbf", 0)) > now or float(claims.get("iat", 0)) > now + 1:
                raise InvalidToken("the token is not valid yet")
        except (KeyError, TypeError, ValueError):
            raise InvalidToken("the token has no expiry, or none that can be read") from None

    def _cache(self, token: str, claims: Claims) -> None:
        if len(self._verified_claims) >= MOST_CACHED:
            self._verified_claims.clear()
        self._verified_claims[token] = claims


def granted_scopes(claims: Claims) -> frozenset[str]:
    granted = claims.get("scope", claims.get("scp", ""))
    return frozenset(granted.split() if isinstance(granted, str) else granted)
