"""Who asks: JWTs verified as the JWT authorizer of an HTTP API does.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html: the signature, RSA only, by
the pool's published keys; ``iss``; ``aud``, or ``client_id`` where there is no ``aud``; ``exp``, ``nbf`` and ``iat``;
and one of the route's scopes, in ``scope`` or ``scp``. Cognito gives a scope to access tokens alone, so a route that
asks for one takes no ID token.
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
KEYS_FRESH_SECONDS = 300
KEYS_AGAIN_SECONDS = 10
MOST_REMEMBERED = 10_000

Claims = Mapping[str, Any]
Keys = Sequence[Mapping[str, Any]]


class InvalidToken(Exception):
    """No token, or none that this pool gave to this client and that is good now."""


class InsufficientScope(Exception):
    """A good token, but not for this."""


class PublishedKeys:
    """A pool's keys by their id, asked for when an unknown one comes, but not at every forged one. While the pool can't
    be asked, those that it last published hold."""

    def __init__(self, fetch: Callable[[], Keys], now: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._now = fetch, now
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._lock = Lock()

    def key(self, key_id: str) -> Any:
        with self._lock:  # one asks, and the others wait for what it hears
            age = self._now() - self._fetched_at
            if age > KEYS_FRESH_SECONDS or (key_id not in self._keys and age > KEYS_AGAIN_SECONDS):
                self._fetched_at = self._now()
                self._ask()
        if key_id not in self._keys:
            raise InvalidToken("the token is signed by no key of this pool")
        return self._keys[key_id]

    def _ask(self) -> None:
        with suppress(OSError, ValueError):
            keys = [each for each in self._fetch() if each["kty"] == "RSA"]
            self._keys = {each["kid"]: RSAAlgorithm.from_jwk(dict(each)) for each in keys}


def keys_at(url: str) -> Callable[[], Keys]:
    def fetch() -> Keys:
        with urllib.request.urlopen(url, timeout=5) as answer:
            keys: Keys = json.load(answer)["keys"]
        return keys

    return fetch


class Authorizer:
    """Claims of verified tokens. A token's signature is checked once, its expiry each time."""

    def __init__(
        self, keys: PublishedKeys, issuer: str, audience: Sequence[str], now: Callable[[], float] = time.time
    ) -> None:
        self._keys, self._issuer, self._audience, self._now = keys, issuer, frozenset(audience), now
        self._known: dict[str, Claims] = {}

    def claims(self, authorization: str, scopes: Collection[str] = ()) -> Claims:
        """Of ``Bearer <token>``, or of the bare token, which API Gateway takes too. Raises ``InvalidToken``, and
        ``InsufficientScope`` where there are ``scopes`` and it has none of them."""
        token = authorization.removeprefix("Bearer ").removeprefix("bearer ").strip()
        if not token:
            raise InvalidToken("there is no token: sign in, and send Authorization: Bearer and the token")
        known = self._known.get(token)
        if known is None:
            known = self._verified(token)
            self._remember(token, known)
        self._check_times(known)
        if scopes and granted_scopes(known).isdisjoint(scopes):
            raise InsufficientScope("the token is for something else: send the access token, not the ID token")
        return known

    def _verified(self, token: str) -> Claims:
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
        meant_for = claims.get("aud", claims.get("client_id"))
        if self._audience.isdisjoint(meant_for if isinstance(meant_for, list) else [meant_for]):
            raise InvalidToken("the token is for another client")
        return claims

    def _check_times(self, claims: Claims) -> None:
        now = self._now()
        try:
            if float(claims["exp"]) <= now:
                raise InvalidToken("the token has expired: sign in again")
            if float(claims.get("nbf", 0)) > now or float(claims.get("iat", 0)) > now + 1:
                raise InvalidToken("the token is of the future")
        except (KeyError, TypeError, ValueError):
            raise InvalidToken("the token has no expiry, or none that can be read") from None

    def _remember(self, token: str, claims: Claims) -> None:
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[token] = claims


def granted_scopes(claims: Claims) -> frozenset[str]:
    granted = claims.get("scope", claims.get("scp", ""))
    return frozenset(granted.split() if isinstance(granted, str) else granted)
