"""The JWT authorizer of an HTTP API: verifies access tokens.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html: the signature, RSA only, by
the pool's published keys; ``iss``; ``aud``, or ``client_id`` where there is no ``aud``; ``exp``, ``nbf`` and ``iat``;
and one of the route's scopes, in ``scope`` or ``scp``. Cognito puts scopes into access tokens only, so a route that
requires one takes no ID token.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

import jwt
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options

ALGORITHMS = ["RS256", "RS384", "RS512"]
REFRESH_SECONDS = 300
RETRY_SECONDS = 10
MOST_CACHED = 10_000

Claims = Mapping[str, Any]
JsonWebKeys = Sequence[Mapping[str, Any]]


class InvalidToken(Exception):
    """The token is missing, expired, or not of this pool and client."""


class InsufficientScope(Exception):
    """The token is valid, but has none of the route's scopes."""


class PublishedKeys:
    """A user pool's public keys by their id.

    An unknown id fetches them again, but at most every ``RETRY_SECONDS``: forged tokens cause no load. While the pool
    doesn't answer, the last keys remain valid.
    """

    def __init__(self, fetch: Callable[[], JsonWebKeys], now: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._now = fetch, now
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._lock = Lock()

    def key(self, key_id: str) -> Any:
        with self._lock:  # one thread fetches, the others wait for the keys
            age = self._now() - self._fetched_at
            if age > REFRESH_SECONDS or (key_id not in self._keys and age > RETRY_SECONDS):
                self._fetched_at = self._now()
                self._refresh()
        if key_id not in self._keys:
            raise InvalidToken("the token is signed by no key of this pool")
        return self._keys[key_id]

    def _refresh(self) -> None:
        with suppress(OSError, ValueError):
            keys = [each for each in self._fetch() if each["kty"] == "RSA"]
            self._keys = {each["kid"]: RSAAlgorithm.from_jwk(dict(each)) for each in keys}


def keys_at(url: str) -> Callable[[], JsonWebKeys]:
    def fetch() -> JsonWebKeys:
        with urllib.request.urlopen(url, timeout=5) as response:
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
        """The claims of ``Bearer <token>``, or of the bare token, which API Gateway takes too.

        Raises ``InvalidToken``, and ``InsufficientScope`` if the token has none of the ``scopes``.
        """
        token = authorization.removeprefix("Bearer ").removeprefix("bearer ").strip()
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
