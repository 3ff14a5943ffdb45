"""Reading a request's body and sending a response over ASGI."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from local.http_server.asgi import BodyTooLarge, ClientDisconnected, Message, read_body, send_response


class Client:
    """Sends a body in parts, and may disconnect afterwards."""

    def __init__(self, *parts: bytes, disconnects: bool = False) -> None:
        self.messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        if disconnects:
            self.messages.append({"type": "http.disconnect"})
        elif self.messages:
            self.messages[-1]["more_body"] = False

    async def receive(self) -> Message:
        return self.messages.pop(0)


def read(client: Client, limit: int | None = None, drain_limit: int = 0) -> bytes:
    return asyncio.run(read_body(client.receive, limit, drain_limit))


def test_a_body_is_joined_from_its_parts() -> None:
    assert read(Client(b"ab", b"c")) == b"abc"
    assert read(Client(b"ab", b"c"), limit=3) == b"abc"
    assert read(Client(b"")) == b""


def test_a_body_over_the_limit_is_refused_at_once() -> None:
    client = Client(b"ab", b"cd", b"ef")
    with pytest.raises(BodyTooLarge, match="larger than 3 bytes"):
        read(client, limit=3)
    assert len(client.messages) == 1


def test_a_body_over_the_limit_is_read_on_up_to_the_drain_limit() -> None:
    client = Client(b"ab", b"cd", b"ef")
    with pytest.raises(BodyTooLarge):
        read(client, limit=3, drain_limit=100)
    assert client.messages == []
    client = Client(*[b"ab"] * 10)
    with pytest.raises(BodyTooLarge):
        read(client, limit=3, drain_limit=8)
    assert len(client.messages) == 5


def test_a_client_that_disconnects_is_an_error() -> None:
    with pytest.raises(ClientDisconnected):
        read(Client(b"ab", disconnects=True))


def test_a_response_is_two_messages_with_the_length() -> None:
    messages: list[Any] = []

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run(send_response(send, 202, [("Location", "/orders/1")], b"{}"))
    headers = [(b"location", b"/orders/1"), (b"content-length", b"2")]
    assert messages == [
        {"type": "http.response.start", "status": 202, "headers": headers},
        {"type": "http.response.body", "body": b"{}"},
    ]
