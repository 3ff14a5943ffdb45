"""Which web pages may send requests to this machine's ports, and which responses they may read."""

from __future__ import annotations

import asyncio

import pytest

from local.http_server.origin_guard import HOSTS_VARIABLE, EveryPath, OriginGuard, OriginPolicy
from local.stack.settings import StackSettings
from tests.local.asgi import ask

SHOP, SITE, HOST = "http://127.0.0.1:8000", "https://shop.example", "127.0.0.1:4566"
POLICY = OriginPolicy(frozenset({SHOP, "http://localhost:8000", SITE}), frozenset({"devbox"}), {"/ledger"})
FOREIGN = [
    "https://evil.example",
    "null",
    "",
    "*",
    "http://127.0.0.1:9999",
    "http://127.0.0.1",
    "https://127.0.0.1:8000",
    "http://127.0.0.1:80000",
    "http://127.0.0.1:8000.evil.example",
    "http://127.0.0.1:8000/",
    "http://user@127.0.0.1:8000",
    "http://127.0.0.1:8000, https://evil.example",
    "https://shop.example.evil.example",
    "http://shop.example",
    "file://",
]


class App:
    """Records whether it was called. Allows every origin, as ministack does."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, scope, receive, send):
        self.calls += 1
        headers = [
            (b"Access-Control-Allow-Origin", b"*"),
            (b"access-control-allow-headers", b"*"),
            (b"content-type", b"text/plain"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"secret"})


@pytest.fixture
def app():
    return App()


@pytest.fixture
def guard(app):
    return OriginGuard(app, POLICY)


def refusal(headers, method="GET", path="/", policy=POLICY):
    """The type of the problem with a request, None if it passes. ``headers`` are pairs, or a dictionary."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    fields = [(name.encode(), value.encode("latin-1")) for name, value in pairs]
    problem = policy.refusal(method, path, fields)
    return problem and problem.kind


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:4566", "127.0.0.1", "127.8.9.1:1", "localhost:4566", "LocalHost", "shop.localhost:80", "[::1]:4566"],
)
def test_hosts_of_the_loopback_range_are_allowed(host):
    assert refusal({"host": host}) is None


@pytest.mark.parametrize("host", ["devbox", "devbox:8000", "DEVBOX:8000"])
def test_a_configured_host_is_allowed(host):
    assert refusal({"host": host}) is None


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example:4566", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost", "10.0.0.1:4566"),
        *("0.0.0.0:4566", "[::]:4566", "[fe80::1]", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:1:2", "127.0.0.1/", ""),
        *("user@127.0.0.1", "127.0.0.1,evil.example", "127.0.0.1 evil.example", "[::1", "127.0.0.999", "dévbox"),
    ],
)
def test_other_hosts_are_refused(host):
    assert refusal({"host": host}) == "foreign-host"


def test_several_hosts_are_refused():
    assert refusal([("host", HOST), ("host", HOST)]) == "foreign-host"


def test_programs_other_than_browsers_send_neither_origin_nor_fetch_metadata():
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        assert refusal({"host": HOST, "user-agent": "curl/8"}, method) is None
    assert refusal({}) is None  # HTTP/1.0


@pytest.mark.parametrize("origin", [SHOP, "http://localhost:8000", SITE, f"http://{HOST}"])
def test_pages_of_the_shop_of_the_site_and_of_the_server_itself_may_call(origin):
    for site in ("same-origin", "same-site", "cross-site"):
        assert refusal({"host": HOST, "origin": origin, "sec-fetch-site": site}, "POST") is None


@pytest.mark.parametrize("origin", FOREIGN)
def test_pages_of_other_origins_may_not(origin):
    for method in ("GET", "POST", "OPTIONS"):
        assert refusal({"host": HOST, "origin": origin}, method) == "foreign-origin"
        assert refusal({"host": HOST, "origin": origin}, method, "/ledger") == "foreign-origin"


def test_several_origins_are_refused():
    assert refusal([("host", HOST), ("origin", SHOP), ("origin", SHOP)]) == "foreign-origin"


def test_a_foreign_host_is_not_its_own_origin():
    assert refusal({"host": "evil.example", "origin": "http://evil.example"}) == "foreign-host"


@pytest.mark.parametrize("site", ["same-site", "cross-site", "", "Same-Origin", "unheard-of"])
@pytest.mark.parametrize(
    ("mode", "dest"),
    [("no-cors", "image"), ("no-cors", "script"), ("cors", "empty"), ("navigate", "iframe"), ("navigate", "object")],
)
def test_images_scripts_and_frames_of_other_sites_are_refused(site, mode, dest):
    headers = {"host": HOST, "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
    assert refusal(headers, path="/ledger") == "foreign-origin"


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_server_s_own_pages_and_the_address_bar_may_load_anything(site):
    assert refusal({"host": HOST, "sec-fetch-site": site, "sec-fetch-mode": "no-cors"}) is None


def test_a_link_of_another_site_opens_only_what_changes_nothing():
    link = {"host": HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert refusal(link, path="/ledger") is None
    assert refusal(link, path="/anything", policy=OriginPolicy(linked_paths=EveryPath())) is None
    for path in ("/", "/_ministack/reset", "/ledger/"):
        assert refusal(link, path=path) == "foreign-origin"
    for method in ("POST", "HEAD", "PUT"):
        assert refusal(link, method, "/ledger") == "foreign-origin"
    assert refusal([*link.items(), ("sec-fetch-site", "none")], path="/") == "foreign-origin"


def test_a_refused_request_reaches_no_app(app, guard):
    response = ask(guard, "POST", "/_ministack/reset", host=HOST, origin="https://evil.example")
    assert (response.status, response.headers["content-type"], app.calls) == (403, "application/problem+json", 0)
    assert (response.json["type"], response.json["instance"]) == ("/problems/foreign-origin", "/_ministack/reset")
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert ask(guard, "GET", "/", host="evil.example").status == 421
    assert app.calls == 0


def test_an_allowed_origin_is_named_in_place_of_every_origin(guard):
    response = ask(guard, "POST", "/", host=HOST, origin=SHOP)
    assert (response.status, response.headers["access-control-allow-origin"]) == (200, SHOP)
    assert (response.headers["access-control-allow-headers"], response.headers["vary"]) == ("*", "Origin")


def test_without_an_origin_there_are_no_cors_headers(guard):
    response = ask(guard, "GET", "/", host=HOST)
    assert response.headers == {"content-type": "text/plain", "vary": "Origin"}


def connect(app, origin):
    """The messages of a WebSocket's handshake by a page of ``origin``."""
    messages = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        messages.append(message)

    headers = [(b"host", HOST.encode()), (b"origin", origin.encode())]
    asyncio.run(app({"type": "websocket", "path": "/", "headers": headers}, receive, send))
    return messages


def test_a_web_socket_of_a_foreign_page_is_closed():
    async def accept(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})

    guard = OriginGuard(accept, POLICY)
    assert connect(guard, SHOP) == [{"type": "websocket.accept"}]
    (message,) = connect(guard, "https://evil.example")
    assert (message["type"], message["code"]) == ("websocket.close", 1008)


def test_the_lifespan_passes():
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)

    asyncio.run(OriginGuard(app, POLICY)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert scopes == [{"type": "lifespan"}]


def test_every_process_learns_the_shop_s_origins_and_hosts():
    settings = StackSettings.from_environ({"PORT": "8001", "SITE_ORIGIN": SITE, HOSTS_VARIABLE: "devbox, other.test"})
    variables = settings.process_variables({})
    policy = OriginPolicy.from_environ(variables)
    own = {f"http://{host}:8001" for host in ("127.0.0.1", "localhost", "[::1]", "devbox", "other.test")}
    assert (policy.origins, policy.hosts) == ({*own, SITE}, {"devbox", "other.test"})
    assert OriginPolicy.from_environ({}) == OriginPolicy()


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("", None),
        ("https://shop.example", SITE),
        ("HTTPS://Shop.Example:443/", SITE),
        ("http://localhost:80", "http://localhost"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_the_site_s_origin_is_read_as_browsers_write_it(text, origin):
    assert StackSettings.from_environ({"SITE_ORIGIN": text}).site_origin == origin


@pytest.mark.parametrize(
    "text", ["*", "null", "shop.example", "ftp://shop.example", "http://", "http://a/b", "http://a?b", "http://u@a"]
)
def test_a_site_that_is_no_origin_is_named(text):
    with pytest.raises(SystemExit, match="SITE_ORIGIN is an origin, such as http:"):
        StackSettings.from_environ({"SITE_ORIGIN": text})


@pytest.mark.parametrize("text", ["*", "devbox:8000", "http://devbox", "a b"])
def test_a_malformed_host_is_named(text):
    with pytest.raises(SystemExit, match="ALLOWED_HOSTS are host names without ports, separated by commas"):
        StackSettings.from_environ({HOSTS_VARIABLE: text})
