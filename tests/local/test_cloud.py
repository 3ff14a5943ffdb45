"""The tables of an earlier version go on, with what this one needs."""

from urllib.parse import urlsplit

from local.aws.resources import client, make_tables
from local.stack.settings import Places
from local.stack.stack import environment_of
from oms.adapters.dynamodb.table_requests import create_table_request
from oms.adapters.wiring import deps
from oms.declarations.tables import tables
from oms.domain.order import Status
from oms.domain.order_index import Wanted
from tests.contract.orders import place
from tests.contract.stores import ministack


def test_a_table_that_was_made_without_an_index_gets_it(tmp_path):
    with ministack(tmp_path) as url:
        places = Places.of({"LOCAL_FOLDER": str(tmp_path), "MINISTACK_PORT": str(urlsplit(url).port)})
        environment = environment_of(places)
        client("dynamodb", environment).create_table(**without_indexes("orders"))

        for _ in range(2):
            make_tables(environment)

        shop = deps(environment)
        order = place(shop.orders)
        assert shop.finder.find(Wanted(Status.PLACED), 10).items == (order,)
        assert shop.orders.of_customer(order.customer_id, 10).items == (order,)


def without_indexes(name):
    table = tables()[name]
    asked = create_table_request(name, table)
    del asked["GlobalSecondaryIndexes"]
    kept = [each for each in asked["AttributeDefinitions"] if each["AttributeName"] in table.key]
    return {**asked, "AttributeDefinitions": kept}
