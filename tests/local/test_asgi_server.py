"""Everything written in one turn of the event loop is sent at once, and nothing is lost at the close."""

from __future__ import annotations

import asyncio

import httptools
import pytest
from uvicorn.server import ServerState

from local.http_server.asgi_server import BufferedHttpProtocol, BufferedTransport, server_config


class Transport:
    """Records its calls."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def close(self) -> None:
        self.calls.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.calls


def test_writes_of_one_turn_are_sent_together():
    async def turns() -> list[object]:
        transport_below = Transport()
        transport = BufferedTransport(transport_below, asyncio.get_running_loop())
        transport.write(b"a")
        transport.write(b"b")
        assert transport_below.calls == []
        await asyncio.sleep(0)
        transport.write(b"c")
        await asyncio.sleep(0)
        return transport_below.calls

    assert asyncio.run(turns()) == [b"ab", b"c"]


def test_a_write_before_the_close_is_sent_before_it():
    async def turns() -> list[object]:
        transport_below = Transport()
        transport = BufferedTransport(transport_below, asyncio.get_running_loop())
        transport.write(b"a")
        transport.close()
        assert transport.is_closing()
        await asyncio.sleep(0)
        return transport_below.calls

    assert asyncio.run(turns()) == [b"a", "closed"]


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_response_is_one_write(version):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"hi"})

    async def request() -> list[bytes]:
        loop = asyncio.get_running_loop()
        uvicorn_config = server_config(app, 0)
        uvicorn_config.load()
        make = lambda: BufferedHttpProtocol(uvicorn_config, ServerState(), {})  # noqa: E731
        server = await loop.create_server(make, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(f"GET / HTTP/{version}\r\nHost: a\r\n\r\n".encode())
            answer = await reader.read(65536)
            writer.close()
        return answer

    answer = asyncio.run(request())
    parsed = Body()
    httptools.HttpResponseParser(parsed).feed_data(answer)
    assert parsed.parts == [b"hi"]


class Body:
    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def on_body(self, part: bytes) -> None:
        self.parts.append(part)
