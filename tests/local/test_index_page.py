"""The page at ``/``: it names every address, and needs no script and no other host."""

import re
from html.parser import HTMLParser

import pytest

from api.security import page_policy
from local.gateway.app import Gateway
from local.gateway.index_page import STYLE, index_page, service_addresses
from local.gateway.tokens import Authorizer, PublishedKeys
from local.stack.settings import StackSettings
from local.stack.state_folder import stack_environment
from tests.local.asgi import ask
from tests.local.tokens import CLIENT, ISSUER, Pool

VOID = {"meta"}


class Page(HTMLParser):
    """Raises an error for an element that is closed out of turn."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.text = [], set(), [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.open += [] if tag in VOID else [tag]
        self.links += [value for name, value in attributes if name in ("href", "src")]
        assert not {name for name, _ in attributes if name.startswith("on") or name == "style"}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def environment(tmp_path):
    return stack_environment(StackSettings.from_environ({"LOCAL_FOLDER": str(tmp_path)}))


@pytest.fixture
def gateway(environment):
    authorizer = Authorizer(PublishedKeys(Pool().keys), ISSUER, [CLIENT])
    return Gateway(lambda *_: {"statusCode": 200, "body": "{}"}, authorizer, page=index_page(environment))


def test_it_names_every_address_and_links_those_that_are_pages(environment, gateway):
    answer = ask(gateway, "GET", "/")
    page = Page(answer.body.decode())
    assert answer.status == 200
    assert page.open == []
    assert page.links[:2] == ["/api/docs", "/api/openapi.json"]
    assert page.links[2:] == [address.url for address in service_addresses(environment) if address.is_page]
    assert all(address.url in page.text for address in service_addresses(environment))


def test_its_policy_allows_its_own_style_and_nothing_else(gateway):
    answer = ask(gateway, "GET", "/")
    (style,) = re.findall("<style>(.*?)</style>", answer.body.decode(), re.DOTALL)
    assert answer.headers["content-security-policy"] == page_policy(style) == page_policy(STYLE)
    assert "script" not in Page(answer.body.decode()).tags
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_an_address_holds_is_escaped(environment):
    page = index_page({**environment, "PAYMENTS_URL": 'http://127.0.0.1:1/"><script>'})
    assert "<script>" not in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_is_only_read(gateway, method):
    assert ask(gateway, method, "/").status == 404
