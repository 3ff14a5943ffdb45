"""The sandbox refuses requests of foreign web pages, and takes no trailer for a header."""

from __future__ import annotations

import json
import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest

from tests.unit.payments_sandbox.caller import Api


def send(api: Api, *lines: str, method: str = "POST", path: str = "/_sandbox/next", body: bytes = b"") -> HTTPResponse:
    """The response to a request with these header lines."""
    url = urlsplit(api.url)
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "Connection: close", "", ""])
    with socket.create_connection((url.hostname, url.port), timeout=20) as client:
        client.sendall(head.encode() + body)
        response = HTTPResponse(client)
        response.begin()
        response.read()
        return response


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Host: 127.0.0.1", "Origin: https://evil.example"], 403),
        (["Host: 127.0.0.1", "Origin: null"], 403),
        (["Host: 127.0.0.1", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"], 403),
        (["Host: evil.example", "Origin: http://evil.example"], 421),
        (["Host: 127.0.0.1", "Host: evil.example"], 421),
    ],
)
def test_a_foreign_page_changes_nothing(api: Api, lines: list[str], status: int) -> None:
    fault = json.dumps({"fault": "error_500"}).encode()
    response = send(api, *lines, f"Content-Length: {len(fault)}", body=fault)
    assert (response.status, response.getheader("Content-Type")) == (status, "application/problem+json")
    assert api.get("/_sandbox/next").body == {"armed": []}


def test_a_link_opens_the_ledger_alone(api: Api) -> None:
    link = ["Host: 127.0.0.1", "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
    assert send(api, *link, method="GET", path="/_sandbox/ledger?limit=1").status == 200
    assert send(api, *link, method="GET", path="/_sandbox/next").status == 403


def test_trailers_are_no_headers(api: Api) -> None:
    chunked = ["Host: 127.0.0.1", "Transfer-Encoding: chunked"]
    trailer = b"0\r\nAuthorization: Bearer sk_test_unit\r\n\r\n"
    assert send(api, *chunked, path="/v1/refunds", body=trailer).status == 401
    assert send(api, *chunked, path="/_sandbox/next", body=b"0\r\nOrigin: null\r\n\r\n").status == 400


def test_endless_headers_end_the_connection(api: Api) -> None:
    with pytest.raises(ConnectionError):
        send(api, "Host: 127.0.0.1", *["X: " + "y" * 1000] * 100)
