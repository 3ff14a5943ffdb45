"""Tables of an earlier version get the indexes that this version needs."""

from urllib.parse import urlsplit

from local.aws.resources import client, make_tables
from local.stack.settings import StackSettings
from local.stack.state_folder import stack_environment
from oms.adapters.dynamodb.table_requests import create_table_request
from oms.adapters.wiring import deps
from oms.declarations.tables import tables
from oms.domain.order import Status
from oms.domain.order_index import OrderQuery
from tests.contract.orders import place
from tests.contract.stores import ministack


def test_a_table_without_an_index_gets_it(tmp_path):
    with ministack(tmp_path) as url:
        settings = StackSettings.from_environ(
            {"LOCAL_FOLDER": str(tmp_path), "MINISTACK_PORT": str(urlsplit(url).port)}
        )
        environment = stack_environment(settings)
        client("dynamodb", environment).create_table(**without_indexes("orders"))

        for _ in range(2):
            make_tables(environment)

        shop = deps(environment)
        order = place(shop.orders)
        assert shop.order_index.find(OrderQuery(Status.PLACED), 10).items == (order,)
        assert shop.orders.of_customer(order.customer_id, 10).items == (order,)


def without_indexes(name):
    table = tables()[name]
    creation = create_table_request(name, table)
    del creation["GlobalSecondaryIndexes"]
    keys = [each for each in creation["AttributeDefinitions"] if each["AttributeName"] in table.key]
    return {**creation, "AttributeDefinitions": keys}
