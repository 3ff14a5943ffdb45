"""The catalogue: products, their stock, and what is bought together."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api import views
from api.etags import PUBLIC, conditional_response
from api.identifiers import SKU
from api.runtime import ApiRequest, Service, json_response
from oms.domain import baskets
from oms.domain.catalogue import Product
from oms.domain.errors import ProductNotFound
from oms.domain.inventory import Stock

CANDIDATES = 40
"""How many products are looked up, to find enough that are in stock."""

service = Service()


@service.route("GET /products")
def list_products(request: ApiRequest) -> Response[str]:
    arguments = request.arguments
    page = request.deps.products.in_department(arguments["department"], arguments["limit"], arguments["cursor"])
    return json_response(200, views.page(page, views.product))


@service.route("GET /products/{sku}")
def get_product(request: ApiRequest) -> Response[str]:
    return conditional_response(request, views.product(_product(request)), PUBLIC)


@service.route("GET /products/{sku}/bought-together")
def get_bought_together(request: ApiRequest) -> Response[str]:
    deps, sku = request.deps, _product(request).sku
    candidates = baskets.bought_with(sku, deps.baskets.with_product(sku, baskets.MAX_BASKETS))[:CANDIDATES]
    products, stock = deps.products.get(candidates), deps.inventory.stock(candidates)
    in_stock = [products[each] for each in candidates if each in products and each in stock and stock[each].available]
    return json_response(200, {"items": [views.product(product) for product in in_stock[: request.arguments["limit"]]]})


@service.route("GET /inventory/{sku}")
def get_stock(request: ApiRequest) -> Response[str]:
    sku = request.path["sku"]
    stock = request.deps.inventory.stock([sku]).get(sku) if SKU.fullmatch(sku) else None
    return json_response(200, views.stock(stock or Stock(_product(request).sku)))


def _product(request: ApiRequest) -> Product:
    sku = request.path["sku"]
    product = request.deps.products.get([sku]).get(sku) if SKU.fullmatch(sku) else None
    if product is None:
        raise ProductNotFound(f"the catalogue has no {sku[:60]}")
    return product
