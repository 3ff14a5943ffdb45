"""The contract as served: complete as JSON, and as a page without external resources."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from api import contract


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        values = dict(attributes)
        self.ids.add(values.get("id"))
        self.links += [values[name] for name in ("href", "src") if name in values]


def test_programs_get_the_contract_as_it_is(shop):
    reply = shop.get("/openapi.json", by=None)
    assert (reply.status, reply.json) == (200, contract.document())


def test_people_get_every_operation_and_schema(shop):
    page = Page(shop.get("/docs", by=None).json)
    document = contract.document()
    operation_ids = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if "operationId" in operation
    }
    assert operation_ids | {f"schema-{name}" for name in document["components"]["schemas"]} <= page.ids
    assert f"{contract.base_path()}/openapi.json" in page.links


def test_the_page_needs_no_script_and_no_other_host(shop):
    reply = shop.get("/docs", by=None)
    page = Page(reply.json)
    assert not {"script", "link", "img", "iframe", "form"} & page.tags
    assert all(link.startswith(("#", "/")) for link in page.links)
    (style,) = re.findall("<style>(.*?)</style>", reply.json, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in reply.headers["Content-Security-Policy"]
