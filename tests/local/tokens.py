"""A user pool for tests: its keys, and tokens that it or another pool signs."""

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_shop"
CLIENT = "shop-client"
SCOPE = "aws.cognito.signin.user.admin"
"""The scope of access tokens after a sign-in with a password. ID tokens don't have it."""


class Pool:
    def __init__(self, key_id: str = "key-1") -> None:
        self.key_id = key_id
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.fetches = 0

    def keys(self) -> list[dict[str, Any]]:
        self.fetches += 1
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return [{**public, "kid": self.key_id, "alg": "RS256", "use": "sig"}]

    def access_token(self, subject: str = "anna", **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "sub": subject,
            "iss": ISSUER,
            "client_id": CLIENT,
            "token_use": "access",
            "scope": SCOPE,
            "iat": now,
            "exp": now + 3600,
            **changes,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None})

    def id_token(self, subject: str = "anna", **changes: Any) -> str:
        own = {"aud": CLIENT, "client_id": None, "scope": None, "token_use": "id"}
        return self.access_token(subject, **{**own, **changes})

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, "RS256", {"kid": self.key_id})
