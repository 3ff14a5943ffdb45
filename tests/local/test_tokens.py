"""The authorizer accepts the tokens that API Gateway's accepts, and no other."""

import base64
import hmac
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from http.client import BadStatusLine, IncompleteRead

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.gateway.tokens import Authorizer, InsufficientScope, InvalidToken, KeysUnavailable, PublishedKeys
from tests.local.tokens import CLIENT, ISSUER, SCOPE, Pool

POOL, OTHER = Pool(), Pool()


@pytest.fixture
def authorizer():
    return Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT])


@pytest.mark.parametrize("token", [POOL.access_token(), POOL.id_token(), POOL.id_token(aud=["web", CLIENT])])
def test_a_token_of_the_pool_for_this_client_is_accepted(authorizer, token):
    assert authorizer.claims(f"Bearer {token}")["sub"] == "anna"
    assert authorizer.claims(token)["sub"] == "anna"


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "bEaReR  ", ""])
def test_the_scheme_s_case_doesn_t_matter(authorizer, scheme):
    assert authorizer.claims(scheme + POOL.access_token())["sub"] == "anna"


@pytest.mark.parametrize("authorization", ["", " ", "Bearer", "bearer ", "BEARER  "])
def test_without_a_token_there_are_no_claims(authorizer, authorization):
    with pytest.raises(InvalidToken):
        authorizer.claims(authorization)


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(claims):
    return f"{part({'alg': 'none', 'kid': POOL.key_id})}.{part(claims)}."


def tampered(token):
    header, claims, signature = token.split(".")
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=="))
    return f"{header}.{part({**decoded, 'sub': 'olga'})}.{signature}"


def hmac_signed(claims, password):
    """Signed by hand, since ``jwt`` refuses to use a public key as a password."""
    signing = f"{part({'alg': 'HS256', 'kid': POOL.key_id})}.{part(claims)}"
    mac = hmac.digest(password, signing.encode(), "sha256")
    return f"{signing}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


PAST, FUTURE = int(time.time()) - 10, int(time.time()) + 86_400
OLGA = {"sub": "olga", "iss": ISSUER, "client_id": CLIENT, "exp": FUTURE}
PUBLIC = POOL.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
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
    "another signature": f"{POOL.access_token().rpartition('.')[0]}.{OTHER.access_token().rpartition('.')[2]}",
    "half a signature": POOL.access_token()[:-171],
    "no signature": POOL.access_token().rpartition(".")[0] + ".",
    "alg=none": unsigned(OLGA),
    "signed with a password": hmac_signed(OLGA, b"a-password-of-32-bytes-or-more-here"),
    "signed with our public key as a password": hmac_signed(OLGA, PUBLIC),
    "signed by another algorithm": jwt.encode(OLGA, POOL.key, "PS256", {"kid": POOL.key_id}),
    "another's key, brought along": jwt.encode(OLGA, OTHER.key, "RS256", {"kid": POOL.key_id, "jwk": OTHER.keys()[0]}),
    "another's key, to be fetched": jwt.encode(OLGA, OTHER.key, "RS256", {"kid": POOL.key_id, "jku": "http://evil"}),
    "what we must understand and don't": jwt.encode(OLGA, POOL.key, "RS256", {"kid": POOL.key_id, "crit": ["own"]}),
    "no key's id": jwt.encode(OLGA, POOL.key, "RS256"),
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
def test_any_other_token_is_refused_each_time(authorizer, token):
    for _ in range(2):
        with pytest.raises(InvalidToken):
            authorizer.claims(f"Bearer {token}")


@pytest.mark.parametrize("granted", [{"scope": f"openid {SCOPE}"}, {"scope": None, "scp": [SCOPE, "openid"]}])
def test_a_token_with_one_of_the_scopes_is_accepted(authorizer, granted):
    assert authorizer.claims(POOL.access_token(**granted), {SCOPE, "another"})["sub"] == "anna"


@pytest.mark.parametrize(
    "token",
    [POOL.id_token(), POOL.access_token(scope=""), POOL.access_token(scope=SCOPE + "s"), POOL.id_token(scp=["openid"])],
    ids=["an ID token", "none", "a longer one", "another one"],
)
def test_a_token_without_the_scope_is_valid_and_insufficient(authorizer, token):
    assert authorizer.claims(token)["sub"] == "anna"
    for _ in range(2):
        with pytest.raises(InsufficientScope):
            authorizer.claims(token, {SCOPE})


def test_a_cached_token_expires():
    now = time.time()
    authorizer = Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT], now=lambda: now)
    token = POOL.access_token()
    authorizer.claims(token)
    now += 3601
    with pytest.raises(InvalidToken, match="expired"):
        authorizer.claims(token)


def test_new_keys_are_fetched_but_not_for_every_forged_token():
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


def test_without_an_answer_of_the_pool_the_last_keys_stay_valid():
    answers, now = [POOL.keys(), ConnectionRefusedError()], 0.0

    def fetch():
        match answers.pop(0):
            case Exception() as error:
                raise error
            case keys:
                return keys

    keys = PublishedKeys(fetch, now=lambda: now, start=lambda run: run())
    assert keys.key("key-1")
    now += 3600
    assert keys.key("key-1")
    assert answers == []


def test_a_second_thread_waits_for_the_keys_under_way():
    requested, answered = threading.Event(), threading.Event()

    def fetch():
        requested.set()
        answered.wait()
        return POOL.keys()

    keys, key_id = PublishedKeys(fetch), POOL.keys()[0]["kid"]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(keys.key, key_id)
        requested.wait()
        second = pool.submit(keys.key, key_id)
        wait([second], timeout=0.05)  # long enough for a refusal
        answered.set()

        assert first.result() is second.result()


BAD_ANSWERS = {
    "no connection": ConnectionRefusedError(),
    "a timeout": TimeoutError(),
    "no HTTP": BadStatusLine("nonsense"),
    "half an answer": IncompleteRead(b""),
    "no JSON": ValueError(),
    "no keys": KeyError("keys"),
    "keys of no type": [{"kid": "key-1"}],
    "a malformed key": [{"kty": "RSA", "kid": "key-1", "n": "x"}],
    "no list": 1,
}


def raise_or_return(answer):
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_without_keys_nobody_knows_whether_a_token_is_valid(answer):
    answers, now = [answer, POOL.keys()], 0.0
    keys = PublishedKeys(lambda: raise_or_return(answers.pop(0)), now=lambda: now)
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            keys.key("key-1")
    assert len(answers) == 1
    now += 11
    assert keys.key("key-1")


def test_a_key_that_may_be_new_is_not_refused_while_the_pool_doesn_t_answer():
    answers, now = [POOL.keys(), ConnectionRefusedError()], 0.0
    keys = PublishedKeys(lambda: raise_or_return(answers.pop(0)), now=lambda: now)
    assert keys.key("key-1")
    with pytest.raises(InvalidToken):
        keys.key("key-2")
    now += 11
    with pytest.raises(KeysUnavailable):
        keys.key("key-2")
    assert keys.key("key-1")


@pytest.fixture
def hanging():
    """Keys that are known and old, at a pool that doesn't answer any more."""
    hanging, now = Hanging(), 0.0
    hanging.keys = PublishedKeys(hanging.fetch, now=lambda: now)
    hanging.keys.key("key-1")
    hanging.requested.clear()
    hanging.answers.clear()
    now += 3600
    yield hanging
    hanging.answers.set()


class Hanging:
    """A pool that answers while ``answers`` is set."""

    def __init__(self):
        self.requested, self.answers = threading.Event(), threading.Event()
        self.answers.set()
        self.fetches = 0

    def fetch(self):
        self.fetches += 1
        self.requested.set()
        self.answers.wait()
        return POOL.keys()


def test_a_known_key_is_returned_while_the_pool_hangs(hanging):
    for _ in range(3):
        assert hanging.keys.key("key-1")  # or it would wait for ever
    hanging.requested.wait()
    assert hanging.fetches == 2


def test_forged_tokens_delay_nobody_while_the_pool_hangs(hanging):
    with ThreadPoolExecutor(1) as pool:
        forged = pool.submit(hanging.keys.key, "forged")
        hanging.requested.wait()
        for _ in range(20):
            with pytest.raises(KeysUnavailable):
                hanging.keys.key("forged")
            assert hanging.keys.key("key-1")
        hanging.answers.set()
        assert isinstance(forged.exception(), InvalidToken)
    assert hanging.fetches == 2
