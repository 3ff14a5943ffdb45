"""The authorizer takes the tokens that API Gateway's would take, and no other."""

import base64
import json
import time

import jwt
import pytest

from local.tokens import Authorizer, InvalidToken, PublishedKeys
from tests.local.tokens import CLIENT, ISSUER, Pool

POOL, OTHER = Pool(), Pool()


@pytest.fixture
def authorizer():
    return Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT])


@pytest.mark.parametrize("token", [POOL.access_token(), POOL.id_token(), POOL.id_token(aud=["web", CLIENT])])
def test_a_token_of_the_pool_for_this_client_is_taken(authorizer, token):
    assert authorizer.claims(f"Bearer {token}")["sub"] == "anna"
    assert authorizer.claims(token)["sub"] == "anna"


def unsigned(claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'kid': POOL.key_id})}.{part(claims)}."


def tampered(token):
    header, claims, signature = token.split(".")
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**decoded, "sub": "olga"}).encode()).decode().rstrip("=")
    return f"{header}.{changed}.{signature}"


PAST, FUTURE = int(time.time()) - 10, int(time.time()) + 600
REFUSED = {
    "none": "",
    "nonsense": "letmein",
    "three words": "a.b.c",
    "expired": POOL.access_token(exp=PAST),
    "without expiry": POOL.access_token(exp=None),
    "with an expiry that is none": POOL.sign({"sub": "anna", "iss": ISSUER, "client_id": CLIENT, "exp": "soon"}),
    "not valid yet": POOL.access_token(nbf=FUTURE),
    "made in the future": POOL.access_token(iat=FUTURE),
    "tampered": tampered(POOL.access_token()),
    "alg=none": unsigned({"sub": "olga", "iss": ISSUER, "client_id": CLIENT, "exp": FUTURE}),
    "signed with a password": jwt.encode(
        {"sub": "olga", "iss": ISSUER, "client_id": CLIENT, "exp": FUTURE},
        "a-password-of-32-bytes-or-more-here",
        "HS256",
        {"kid": POOL.key_id},
    ),
    "another's key under our key's id": OTHER.access_token(),
    "an unknown key": Pool("key-2").access_token(),
    "another pool": POOL.access_token(iss=ISSUER + "2"),
    "no issuer": POOL.access_token(iss=None),
    "another client": POOL.access_token(client_id="other"),
    "another audience": POOL.id_token(aud="other"),
    "another audience, our client": POOL.access_token(aud="other"),
    "for nobody": POOL.access_token(client_id=None),
}


@pytest.mark.parametrize("token", REFUSED.values(), ids=REFUSED)
def test_any_other_is_refused_each_time(authorizer, token):
    for _ in range(2):
        with pytest.raises(InvalidToken):
            authorizer.claims(f"Bearer {token}")


def test_a_known_token_expires_all_the_same():
    now = time.time()
    authorizer = Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT], now=lambda: now)
    token = POOL.access_token()
    authorizer.claims(token)
    now += 3601
    with pytest.raises(InvalidToken, match="expired"):
        authorizer.claims(token)


def test_new_keys_are_asked_for_but_not_at_every_forged_token():
    pool, now = Pool(), 0.0
    keys = PublishedKeys(pool.keys, now=lambda: now)
    assert keys.key("key-1")
    for _ in range(5):
        with pytest.raises(InvalidToken):
            keys.key("forged")
    assert pool.fetches == 1
    pool.key_id = "key-2"
    now += 11
    assert keys.key("key-2")
    assert pool.fetches == 2
