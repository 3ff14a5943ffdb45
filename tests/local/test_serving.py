"""What is written in one turn goes out at once, and nothing is lost at the end."""

from __future__ import annotations

import asyncio

import httptools
import pytest
from uvicorn.server import ServerState

from local.stack.asgi_server import Gathered, Protocol, config


class Transport:
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[object] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.done


def test_what_is_written_in_one_turn_goes_out_together():
    async def turns() -> list[object]:
        under = Transport()
        transport = Gathered(under, asyncio.get_running_loop())
        transport.write(b"a")
        transport.write(b"b")
        assert under.done == []
        await asyncio.sleep(0)
        transport.write(b"c")
        await asyncio.sleep(0)
        return under.done

    assert asyncio.run(turns()) == [b"ab", b"c"]


def test_what_is_written_before_the_end_goes_out_before_it():
    async def turns() -> list[object]:
        under = Transport()
        transport = Gathered(under, asyncio.get_running_loop())
        transport.write(b"a")
        transport.close()
        assert transport.is_closing()
        await asyncio.sleep(0)
        return under.done

    assert asyncio.run(turns()) == [b"a", "closed"]


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_an_answer_is_one_write(version):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"hi"})

    async def asked() -> list[bytes]:
        loop = asyncio.get_running_loop()
        about = config(app, 0)
        about.load()
        server = await loop.create_server(lambda: Protocol(about, ServerState(), {}), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(f"GET / HTTP/{version}\r\nHost: a\r\n\r\n".encode())
            answer = await reader.read(65536)
            writer.close()
        return answer

    answer = asyncio.run(asked())
    parsed = Body()
    httptools.HttpResponseParser(parsed).feed_data(answer)
    assert parsed.parts == [b"hi"]


class Body:
    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def on_body(self, part: bytes) -> None:
        self.parts.append(part)
