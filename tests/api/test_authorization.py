"""Every route called by every kind of caller, and with every kind of invalid token."""

import base64
import json
import re
import time
from datetime import timedelta
from enum import Enum, auto

import jwt
import pytest

from api import contract, guests
from local.aws.functions import LocalFunctions
from local.gateway.app import Gateway
from local.gateway.tokens import Authorizer, PublishedKeys
from tests.api.shop import ANNA, BERT, OLGA, SECRETS, Shop
from tests.local.asgi import ask
from tests.local.tokens import CLIENT, ISSUER, Pool

POOL, OTHER = Pool(), Pool()
OPERATIONS = contract.operations()


class For(Enum):
    """The callers that a route is for."""

    ALL = auto()
    SHOPPERS = auto()
    """Each meets what is their own."""
    OWNERS = auto()
    """The shopper whose order it is, and operators."""
    OPERATORS = auto()
    GUESTS_WITH_A_CART = auto()
    GUESTS_WITH_AN_ORDER = auto()


ROUTES = {
    "GET /docs": For.ALL,
    "GET /openapi.json": For.ALL,
    "GET /health": For.ALL,
    "GET /products": For.ALL,
    "GET /products/{sku}": For.ALL,
    "GET /products/{sku}/bought-together": For.ALL,
    "GET /search": For.ALL,
    "GET /suggestions": For.ALL,
    "POST /guest/carts": For.ALL,
    "POST /webhooks/carrier": For.ALL,
    "POST /webhooks/payments": For.ALL,
    "GET /orders": For.SHOPPERS,
    "POST /orders": For.SHOPPERS,
    "POST /quotes": For.SHOPPERS,
    "GET /credit": For.SHOPPERS,
    "GET /cart": For.SHOPPERS,
    "DELETE /cart": For.SHOPPERS,
    "PUT /cart/lines/{sku}": For.SHOPPERS,
    "DELETE /cart/lines/{sku}": For.SHOPPERS,
    "POST /cart/merge": For.SHOPPERS,
    "POST /cart/checkout": For.SHOPPERS,
    "GET /inventory/{sku}": For.SHOPPERS,
    "GET /orders/{order_id}": For.OWNERS,
    "POST /orders/{order_id}/cancellation": For.OWNERS,
    "POST /orders/{order_id}/returns": For.OWNERS,
    "POST /orders/{order_id}/review": For.OPERATORS,
    "GET /orders/{order_id}/redrive": For.OPERATORS,
    "POST /orders/{order_id}/redrive": For.OPERATORS,
    "POST /orders/{order_id}/settlement": For.OPERATORS,
    "GET /redrives": For.OPERATORS,
    "POST /redrives": For.OPERATORS,
    "GET /queues": For.OPERATORS,
    "GET /order-search": For.OPERATORS,
    "GET /customers/{customer_id}/orders": For.OPERATORS,
    "GET /customers/{customer_id}/credit": For.OPERATORS,
    "POST /customers/{customer_id}/credit": For.OPERATORS,
    "POST /orders/{order_id}/returns/{return_id}/inspection": For.OPERATORS,
    "GET /order-numbers/{number}": For.OPERATORS,
    "PUT /products/{sku}": For.OPERATORS,
    "GET /discounts/{code}": For.OPERATORS,
    "PUT /discounts/{code}": For.OPERATORS,
    "POST /inventory/{sku}/receipts": For.OPERATORS,
    "POST /inventory/{sku}/adjustments": For.OPERATORS,
    "GET /guest/cart": For.GUESTS_WITH_A_CART,
    "DELETE /guest/cart": For.GUESTS_WITH_A_CART,
    "PUT /guest/cart/lines/{sku}": For.GUESTS_WITH_A_CART,
    "DELETE /guest/cart/lines/{sku}": For.GUESTS_WITH_A_CART,
    "POST /guest/quotes": For.GUESTS_WITH_A_CART,
    "POST /guest/cart/checkout": For.GUESTS_WITH_A_CART,
    "GET /guest/orders/{order_id}": For.GUESTS_WITH_AN_ORDER,
    "POST /guest/orders/{order_id}/cancellation": For.GUESTS_WITH_AN_ORDER,
    "POST /guest/orders/{order_id}/returns": For.GUESTS_WITH_AN_ORDER,
}
"""Said here as well as in the contract: a route that is new, or opened by mistake, fails."""

IN = None
WHO = ("nobody", "the owner", "another", "an operator", "a cart's guest", "the order's guest", "another's guest")
REFUSED = {
    For.ALL: (IN, IN, IN, IN, IN, IN, IN),
    For.SHOPPERS: (401, IN, IN, IN, 401, 401, 401),
    For.OWNERS: (401, IN, 404, IN, 401, 401, 401),
    For.OPERATORS: (401, 403, 403, IN, 401, 401, 401),
    For.GUESTS_WITH_A_CART: (401, 401, 401, 401, IN, 401, 401),
    For.GUESTS_WITH_AN_ORDER: (401, 401, 401, 401, 401, IN, 404),
}
"""With which status each is refused, in the order of ``WHO``."""
PROBLEMS = {401: "unauthorized", 403: "forbidden", 404: "order-not-found"}


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def forged(token):
    header, claims, signature = token.split(".")
    claims_document = json.loads(base64.urlsafe_b64decode(claims + "=="))
    return f"{header}.{segment({**claims_document, 'cognito:groups': ['operators']})}.{signature}"


LATER = int(time.time()) + 600
CLAIMS = {"sub": OLGA, "iss": ISSUER, "client_id": CLIENT, "exp": LATER, "cognito:groups": ["operators"]}
BAD = {
    "empty": "",
    "nonsense": "letmein",
    "expired": POOL.access_token(OLGA, exp=LATER - 1200),
    "not valid yet": POOL.access_token(OLGA, nbf=LATER),
    "tampered claims": forged(POOL.access_token(ANNA)),
    "tampered signature": POOL.access_token(OLGA)[:-8] + "AAAAAAAA",
    "alg=none": f"{segment({'alg': 'none', 'kid': POOL.key_id})}.{segment(CLAIMS)}.",
    "HMAC": jwt.encode(CLAIMS, "a-password-of-32-bytes-or-more-here", "HS256", {"kid": POOL.key_id}),
    "another key": OTHER.sign(CLAIMS),
    "another pool": POOL.access_token(OLGA, iss=ISSUER + "2"),
    "wrong audience": POOL.id_token(OLGA, aud="other"),
}
NOT_FOR_THIS = {
    "ID token": POOL.id_token(OLGA, **{"cognito:groups": ["operators"]}),
    "refresh token": POOL.access_token(OLGA, token_use="refresh", scope=None),
}
SHOPPERS, OPERATORS = {"cognito:groups": ["shoppers"]}, {"cognito:groups": ["operators"]}


class Place:
    """A shop behind its gateway, with an order of Anna's."""

    def __init__(self):
        self.shop = Shop()
        functions = LocalFunctions(lambda _: SECRETS, lambda _: self.shop.deps)
        self.gateway = Gateway(functions.invoke, Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT]))
        self.order = self.shop.orders.get(self.shop.delivered())
        another, now = self.shop.orders.get(self.shop.place(by=BERT)), self.shop.clock.now()
        tokens = (
            "",
            POOL.access_token(ANNA, **SHOPPERS),
            POOL.access_token(BERT, **SHOPPERS),
            POOL.access_token(OLGA, **OPERATORS),
            guests.cart_token(SECRETS, now)[0],
            guests.order_token(SECRETS, self.order)[0],
            guests.order_token(SECRETS, another)[0],
        )
        self.tokens = dict(zip(WHO, tokens, strict=True))
        self.bad_guests = {
            "forged": guests.cart_token({**SECRETS, "GUEST_SECRET": "another-guest-secret"}, now)[0],
            "expired": guests.cart_token(SECRETS, now - guests.CART_LIFETIME - timedelta(seconds=1))[0],
            "for another order": self.tokens["another's guest"].replace(another.id, self.order.id),
        }

    def request(self, key, token, order_id=""):
        """Call the route with the contract's example as its body."""
        operation, document = OPERATIONS[key], contract.document()
        declared = contract.inlined(document, document["paths"][operation.path][operation.method.lower()])
        media = declared.get("requestBody", {}).get("content", {}).get("application/json", {})
        named = [each["value"] for each in media.get("examples", {}).values()]
        body = json.dumps(media.get("example", named[0] if named else None)).encode() if media else b""
        values = {"order_id": order_id or self.order.id, "sku": "TEA", "code": "TEN", "number": self.order.number}
        values |= {"customer_id": ANNA, "return_id": "rma"}
        path = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], operation.url_path)
        query = {"GET /queues": "?queue=review", "GET /products": "?department=HOME"}.get(key, "")
        sent = {"content_type": "application/json", "idempotency_key": "k"}
        sent |= {"authorization": f"Bearer {token}"} if token else {}
        return ask(self.gateway, operation.method, path + query, body, **sent)

    def assert_refused(self, key, token, status):
        """Check that the request is refused and changes nothing."""
        before = self.shop.state()
        response = self.request(key, token)
        assert (response.status, response.json["type"]) == (status, f"/problems/{PROBLEMS[status]}")
        assert ("www-authenticate" in response.headers) >= (status == 401)
        assert self.shop.state() == before


@pytest.fixture(scope="module")
def place():
    return Place()


def routes(*kinds):
    return [key for key, kind in ROUTES.items() if kind in kinds]


WITH_A_TOKEN = routes(For.SHOPPERS, For.OWNERS, For.OPERATORS)
FOR_GUESTS = routes(For.GUESTS_WITH_A_CART, For.GUESTS_WITH_AN_ORDER)


def test_every_route_has_its_row_and_the_contract_says_the_same():
    access = {key: (each.secured, each.groups, each.guest) for key, each in OPERATIONS.items()}
    meant = {
        For.ALL: (False, frozenset(), ""),
        For.SHOPPERS: (True, frozenset(), ""),
        For.OWNERS: (True, frozenset(), ""),
        For.OPERATORS: (True, frozenset({"operators"}), ""),
        For.GUESTS_WITH_A_CART: (False, frozenset(), guests.CART),
        For.GUESTS_WITH_AN_ORDER: (False, frozenset(), guests.ORDER),
    }
    assert access == {key: meant[kind] for key, kind in ROUTES.items()}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("key", ROUTES)
def test_each_is_let_in_or_refused(place, key, who):
    status = REFUSED[ROUTES[key]][WHO.index(who)]
    if status is IN:
        assert place.request(key, place.tokens[who]).status not in (401, 403)
    else:
        place.assert_refused(key, place.tokens[who], status)


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
@pytest.mark.parametrize("key", [*WITH_A_TOKEN, *FOR_GUESTS])
def test_a_bad_token_opens_nothing(place, key, token):
    place.assert_refused(key, token, 401)


@pytest.mark.parametrize("token", NOT_FOR_THIS.values(), ids=NOT_FOR_THIS)
@pytest.mark.parametrize("key", WITH_A_TOKEN)
def test_a_token_of_the_pool_that_is_no_access_token_opens_nothing(place, key, token):
    place.assert_refused(key, token, 403)


@pytest.mark.parametrize("which", ["forged", "expired", "for another order"])
@pytest.mark.parametrize("key", [*WITH_A_TOKEN, *FOR_GUESTS])
def test_a_guest_s_bad_token_opens_nothing(place, key, which):
    place.assert_refused(key, place.bad_guests[which], 401)


@pytest.mark.parametrize("key", routes(For.OWNERS))
def test_another_shopper_s_order_is_answered_as_one_that_is_not_there(place, key):
    token = place.tokens["another"]
    response, nowhere = place.request(key, token), place.request(key, token, "ord_" + "0" * 26)
    assert response.json.keys() == nowhere.json.keys()
    assert (response.status, response.json["title"]) == (nowhere.status, nowhere.json["title"])


@pytest.mark.parametrize("key", routes(For.SHOPPERS, For.OWNERS))
def test_a_shopper_finds_their_own(place, key):
    assert place.request(key, place.tokens["the owner"]).status != 404
