"""Requests generated from the contract, through the gateway: none meets a defect or an undocumented response.

``CONFORMANCE_CASES`` is the number of requests for each operation and caller.
"""

import atexit
import copy
import os
import tempfile
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from api import contract, guests
from local.aws.functions import LocalFunctions
from local.gateway.app import Gateway
from local.gateway.limits import Limits, Rate
from local.gateway.tokens import Authorizer, PublishedKeys
from oms.adapters.search.tantivy_search import TantivySearch
from oms.domain.inventory import receive
from oms.domain.search import Listing
from tests.api.shop import ANNA, OLGA, SECRETS, Reply, Shop, check_documented, decoded
from tests.domain.orders import CATALOGUE
from tests.local.tokens import CLIENT, ISSUER, Pool

CASES = int(os.environ.get("CONFORMANCE_CASES", "12"))
ANY = Limits(Rate(1e9, 10**9), Rate(1e9, 10**9))
FOLDER = tempfile.TemporaryDirectory()
atexit.register(FOLDER.cleanup)
POOL, SHOP = Pool(), Shop(TantivySearch(Path(FOLDER.name)))
SHOP.search.index(Listing(product, True, 1) for product in CATALOGUE.values())
FUNCTIONS = LocalFunctions(lambda _: SECRETS, lambda _: SHOP.deps)
GATEWAY = Gateway(FUNCTIONS.invoke, Authorizer(PublishedKeys(POOL.keys), ISSUER, [CLIENT]), limits=ANY)
TOKENS = {
    ANNA: POOL.access_token(ANNA),
    OLGA: POOL.access_token(OLGA, **{"cognito:groups": ["operators"]}),
}


def orders():
    """An order in each state, so that generated ids exist."""
    SHOP.inventory.apply(receive("more", [("RED-LAMP", 100), ("BLUE-RUG", 100)]))
    kinds = (SHOP.placed, SHOP.under_review, SHOP.confirmed, SHOP.requested, SHOP.shipped, SHOP.delivered, SHOP.parked)
    return [make() for make in kinds]


def pointed(document):
    """The contract with the existing orders and products in its schemas of ids."""
    narrowed = copy.deepcopy(document)
    schemas = narrowed["components"]["schemas"]
    for name, values in (("OrderId", orders()), ("Sku", ["RED-LAMP", "BLUE-RUG", "TEA"])):
        schemas[name] = {"anyOf": [{"enum": values}, schemas[name]]}
    return narrowed


load_all_checks()
NOT_SO_HERE = CHECKS.get_by_names(["unsupported_method", "positive_data_acceptance"])
"""API Gateway answers 404 where a path has other methods. What is of the right form, the shop's rules may refuse."""
SCHEMA = schemathesis.openapi.from_dict(pointed(contract.document()))
SCHEMA.app = GATEWAY
SCHEMA.config.checks.negative_data_rejection.expected_statuses.append("431")
GUESTS = {
    guests.CART: guests.cart_token(SECRETS, SHOP.clock.now())[0],
    guests.ORDER: guests.order_token(SECRETS, next(iter(SHOP.store.orders.values())))[0],
}


@pytest.mark.parametrize("caller", TOKENS)
@SCHEMA.parametrize()
@settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_documented(case, caller):
    operation = contract.operations().get(f"{case.method} {case.path}")
    is_guest = operation and operation.guest and caller == ANNA
    token = GUESTS[operation.guest] if is_guest else TOKENS[caller]
    answer = case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=NOT_SO_HERE)
    if operation:
        headers = {name.title(): values[0] for name, values in answer.headers.items() if name != "content-length"}
        check_documented(
            operation, Reply(answer.status_code, headers, decoded(headers.get("Content-Type"), answer.text))
        )
