"""Every route by everybody: who may, who may not, and with which tokens nobody may."""

import base64
import json
import re
import time

import jwt
import pytest

from api import contract, guests
from local.functions import Functions
from local.gateway import Gateway
from local.tokens import Authorizer, PublishedKeys
from tests.api.shop import ANNA, BERT, OLGA, SECRETS, Shop
from tests.local.asgi import ask
from tests.local.tokens import CLIENT, ISSUER, Pool

POOL, OTHER = Pool(), Pool()
OPERATIONS = contract.operations()
SECURED = [key for key, operation in OPERATIONS.items() if operation.secured]
OPEN = {
    "GET /docs",
    "GET /openapi.json",
    "GET /health",
    "GET /products",
    "GET /products/{sku}",
    "GET /search",
    "GET /products/{sku}/bought-together",
    "GET /suggestions",
    "POST /guest/carts",
    "POST /webhooks/carrier",
}
"""Listed here as well: a route that is opened by mistake fails."""
FOR_OPERATORS = {
    "GET /queues",
    "GET /order-numbers/{number}",
    "PUT /products/{sku}",
    "POST /inventory/{sku}/receipts",
    "POST /inventory/{sku}/adjustments",
    "POST /orders/{order_id}/review",
    "GET /orders/{order_id}/redrive",
    "POST /orders/{order_id}/redrive",
    "GET /redrives",
    "POST /redrives",
}
FOR_GUESTS = {
    "GET /guest/cart": guests.CART,
    "DELETE /guest/cart": guests.CART,
    "PUT /guest/cart/lines/{sku}": guests.CART,
    "DELETE /guest/cart/lines/{sku}": guests.CART,
    "POST /guest/cart/checkout": guests.CART,
    "GET /guest/orders/{order_id}": guests.ORDER,
    "POST /guest/orders/{order_id}/cancellation": guests.ORDER,
    "POST /guest/orders/{order_id}/returns": guests.ORDER,
}
OF_AN_ORDER = [key for key in SECURED if "{order_id}" in key]


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def forged(token):
    header, claims, signature = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    return f"{header}.{segment({**told, 'cognito:groups': ['operators']})}.{signature}"


LATER = int(time.time()) + 600
CLAIMS = {"sub": OLGA, "iss": ISSUER, "client_id": CLIENT, "exp": LATER, "cognito:groups": ["operators"]}
BAD = {
    "missing": "",
    "expired": POOL.access_token(OLGA, exp=LATER - 1200),
    "tampered": forged(POOL.access_token(ANNA)),
    "alg=none": f"{segment({'alg': 'none', 'kid': POOL.key_id})}.{segment(CLAIMS)}.",
    "HMAC": jwt.encode(CLAIMS, "a-password-of-32-bytes-or-more-here", "HS256", {"kid": POOL.key_id}),
    "another key": OTHER.sign(CLAIMS),
    "another pool": POOL.access_token(OLGA, iss=ISSUER + "2"),
    "wrong audience": POOL.id_token(OLGA, aud="other"),
}
GOOD = {
    ANNA: POOL.access_token(ANNA, **{"cognito:groups": ["shoppers"]}),
    BERT: POOL.access_token(BERT, **{"cognito:groups": ["shoppers"]}),
    OLGA: POOL.access_token(OLGA, **{"cognito:groups": ["operators"]}),
}


@pytest.fixture(scope="module")
def place():
    """A shop behind its gateway, and one order of Anna's."""
    shop = Shop()
    functions = Functions(lambda _: SECRETS, lambda _: shop.deps)
    order_id = shop.delivered()
    return shop, Gateway(functions.invoke, Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT])), order_id


def asked(place, key, token, order_id=None):
    """The route with the contract's own example for its body."""
    shop, gateway, known = place
    operation = OPERATIONS[key]
    said = contract.inlined(contract.document(), contract.document()["paths"][operation.path][operation.method.lower()])
    media = said.get("requestBody", {}).get("content", {}).get("application/json", {})
    named = [each["value"] for each in media.get("examples", {}).values()]
    body = json.dumps(media.get("example", named[0] if named else None)).encode() if media else b""
    values = {"order_id": order_id or known, "sku": "TEA", "number": shop.orders.get(known).number}
    path = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], operation.path)
    query = {"GET /queues": "?queue=review", "GET /products": "?department=HOME"}.get(key, "")
    sent = {"authorization": f"Bearer {token}"} if token else {}
    return ask(
        gateway, operation.method, path + query, body, content_type="application/json", idempotency_key="k", **sent
    )


def test_the_open_routes_and_those_for_operators_are_these():
    assert set(OPERATIONS) - set(SECURED) - set(FOR_GUESTS) <= OPEN
    assert {key: operation.guest for key, operation in OPERATIONS.items() if operation.guest} == FOR_GUESTS
    assert {key for key, operation in OPERATIONS.items() if operation.groups} == FOR_OPERATORS


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
@pytest.mark.parametrize("key", SECURED)
def test_a_bad_token_opens_nothing_and_changes_nothing(place, key, token):
    before = place[0].state()
    answer = asked(place, key, token)
    assert (answer.status, answer.json["type"]) == (401, "/problems/unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert place[0].state() == before


@pytest.mark.parametrize("token", [*BAD.values(), *GOOD.values()], ids=[*BAD, *GOOD])
@pytest.mark.parametrize("key", FOR_GUESTS)
def test_a_guest_s_routes_take_no_token_of_the_pool(place, key, token):
    before = place[0].state()
    answer = asked(place, key, token)
    assert (answer.status, answer.json["type"]) == (401, "/problems/unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert place[0].state() == before


@pytest.mark.parametrize("key", FOR_GUESTS)
def test_a_guest_s_token_opens_its_own_routes_and_no_others(place, key):
    shop, _, order_id = place
    tokens = {
        guests.CART: guests.cart_token(SECRETS, shop.clock.now())[0],
        guests.ORDER: guests.order_token(SECRETS, shop.orders.get(order_id))[0],
    }
    for kind, token in tokens.items():
        assert (asked(place, key, token).status == 401) == (kind != FOR_GUESTS[key])
    before = shop.state()
    for secured in SECURED:
        assert {asked(place, secured, token).status for token in tokens.values()} == {401}
    assert shop.state() == before


@pytest.mark.parametrize("who", [ANNA, BERT])
@pytest.mark.parametrize("key", sorted(FOR_OPERATORS))
def test_a_shopper_is_no_operator(place, key, who):
    before = place[0].state()
    answer = asked(place, key, GOOD[who])
    assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")
    assert place[0].state() == before


@pytest.mark.parametrize("key", [key for key in OF_AN_ORDER if key not in FOR_OPERATORS])
def test_another_shopper_s_order_is_answered_as_one_that_is_not_there(place, key):
    before = place[0].state()
    answer, nowhere = asked(place, key, GOOD[BERT]), asked(place, key, GOOD[BERT], "ord_" + "0" * 26)
    assert (answer.status, answer.json["type"]) == (404, "/problems/order-not-found")
    assert answer.json.keys() == nowhere.json.keys()
    assert place[0].state() == before


@pytest.mark.parametrize("key", SECURED)
def test_an_operator_is_turned_away_nowhere(place, key):
    assert asked(place, key, GOOD[OLGA]).status not in (401, 403)


@pytest.mark.parametrize("key", [key for key in SECURED if key not in FOR_OPERATORS])
def test_a_shopper_gets_at_their_own(place, key):
    assert asked(place, key, GOOD[ANNA]).status not in (401, 403, 404)


@pytest.mark.parametrize(
    "key", ["GET /docs", "GET /openapi.json", "GET /health", "GET /products", "GET /products/{sku}"]
)
def test_an_open_route_answers_nobody_in_particular(place, key):
    assert asked(place, key, "").status == 200
