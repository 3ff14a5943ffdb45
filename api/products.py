"""What the shop sells, and how much of it there is."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api import views
from api.etags import PUBLIC, shown
from api.identifiers import SKU
from api.runtime import Call, Service, json_answer
from oms.domain import baskets
from oms.domain.catalogue import Product
from oms.domain.errors import ProductNotFound
from oms.domain.inventory import Stock

LIKELY = 40
"""So many are looked up, to find as many as are asked for among them that can be had."""

handler = Service()


@handler.route("GET /products")
def list_products(call: Call) -> Response[str]:
    asked = call.arguments
    found = call.deps.products.in_department(asked["department"], asked["limit"], asked["cursor"])
    return json_answer(200, views.page(found, views.product))


@handler.route("GET /products/{sku}")
def get_product(call: Call) -> Response[str]:
    return shown(call, views.product(_product(call)), PUBLIC)


@handler.route("GET /products/{sku}/bought-together")
def get_bought_together(call: Call) -> Response[str]:
    deps, sku = call.deps, _product(call).sku
    likely = baskets.bought_with(sku, deps.baskets.with_product(sku, baskets.MAX_BASKETS))[:LIKELY]
    products, stock = deps.products.get(likely), deps.inventory.stock(likely)
    there = [products[each] for each in likely if each in products and each in stock and stock[each].available]
    return json_answer(200, {"items": [views.product(product) for product in there[: call.arguments["limit"]]]})


@handler.route("GET /inventory/{sku}")
def get_stock(call: Call) -> Response[str]:
    sku = call.path["sku"]
    stock = call.deps.inventory.stock([sku]).get(sku) if SKU.fullmatch(sku) else None
    return json_answer(200, views.stock(stock or Stock(_product(call).sku)))


def _product(call: Call) -> Product:
    sku = call.path["sku"]
    product = call.deps.products.get([sku]).get(sku) if SKU.fullmatch(sku) else None
    if product is None:
        raise ProductNotFound(f"the catalogue has no {sku[:60]}")
    return product
