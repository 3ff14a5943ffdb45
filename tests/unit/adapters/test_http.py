"""The adapters' HTTP client against servers of every kind."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from oms.adapters import http
from oms.adapters.http import ClientResponse, HttpClient, NoResponse
from tests.contract.stores import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
HANGS_UP = b""
KEEPS_SILENT = b"..."


class Server:
    """Serves each connection by the next script, a response for each request, and closes it at the end."""

    def __init__(
        self, *scripts: list[bytes], wrap: Callable[[socket.socket], socket.socket] = lambda sock: sock
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._closing = threading.Event()
        self._wrap = wrap
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._serve, args=(scripts,))]
        self._threads[0].start()

    def _serve(self, scripts: tuple[list[bytes], ...]) -> None:
        for script in scripts:
            try:
                plain, _ = self._listening.accept()
            except OSError:  # nobody came
                return
            self.connections += 1
            self._threads.append(threading.Thread(target=self._play, args=(plain, script)))
            self._threads[-1].start()

    def _play(self, plain: socket.socket, script: list[bytes]) -> None:
        try:
            with self._wrap(plain) as sock:
                self._answer(sock, script)
        except OSError:  # the client has gone, or doesn't trust us
            plain.close()

    def _answer(self, sock: socket.socket, script: list[bytes]) -> None:
        for answer in script:
            request = sock.recv(65536)
            if not request:  # the client has gone
                return
            self.requests.append(request)
            if answer == KEEPS_SILENT:
                self._closing.wait()
            sock.sendall(answer)

    def close(self) -> None:
        self._closing.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def begin(*scripts: list[bytes], **more: Callable[[socket.socket], socket.socket]) -> Server:
        servers.append(Server(*scripts, **more))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


def client(url: str, seconds: float = 5) -> HttpClient:
    return HttpClient(url, seconds, seconds)


def test_calls_one_after_the_other_share_a_connection(serve: Callable[..., Server]) -> None:
    server = serve([OK, OK, OK])
    speaking = client(f"{server.url}/base/")

    answers = [speaking.send("PUT", "/a?b=c", {"X-One": "1"}, b"body") for _ in range(3)]

    assert answers == [ClientResponse(200, {"content-length": "2"}, b"hi")] * 3
    assert server.connections == 1
    host = server.url.removeprefix("http://")
    assert server.requests[0].decode() == (
        f"PUT /base/a?b=c HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\nX-One: 1\r\n\r\nbody"
    )


def test_a_connection_that_was_closed_meanwhile_is_left(serve: Callable[..., Server]) -> None:
    server = serve([OK], [OK])
    speaking = client(server.url)
    speaking.send("GET", "/", {})
    [idle] = speaking._idle
    assert idle._poll.poll(5000), "the server hangs up after its script"

    assert speaking.send("GET", "/", {}).status == 200
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", b"to the end"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", b"old"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"hi"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000, b"x" * 200_000),
    ],
    ids=["chunked", "until closed", "1.0", "continue", "empty", "long"],
)
def test_every_kind_of_body_is_read_to_its_end(serve: Callable[..., Server], answer: bytes, body: bytes) -> None:
    assert client(serve([answer]).url).send("GET", "/", {}).body == body


def test_after_silence_no_kept_connection_is_trusted(serve: Callable[..., Server]) -> None:
    server = serve([OK], [OK, KEEPS_SILENT], [OK])
    speaking = client(server.url, seconds=0.2)
    first, second = (speaking._connection() for _ in range(2))
    speaking._idle.extend([first, second])
    assert speaking.send("GET", "/", {}).status == 200

    with pytest.raises(NoResponse):
        speaking.send("GET", "/", {})

    assert not speaking._idle
    assert speaking.send("GET", "/", {}).status == 200
    assert server.connections == 3


def test_a_redirection_is_an_answer(serve: Callable[..., Server]) -> None:
    server = serve([b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"])
    answer = client(server.url).send("GET", "/a", {})
    assert (answer.status, answer.headers["location"], len(server.requests)) == (302, "/b", 1)


@pytest.mark.parametrize(
    "answer",
    [
        HANGS_UP,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"SSH-2.0-nonsense\r\n",
    ],
    ids=["hangs up", "half a body", "half the headers", "no HTTP"],
)
def test_what_is_no_whole_answer_is_none_and_is_not_asked_again(serve: Callable[..., Server], answer: bytes) -> None:
    server = serve([OK, answer], [OK])
    speaking = client(server.url)
    speaking.send("POST", "/", {}, b"first")

    with pytest.raises(NoResponse, match=f"POST {server.url}/second: "):
        speaking.send("POST", "/second", {}, b"second")

    assert len(server.requests) == 2
    assert speaking.send("POST", "/", {}, b"third").status == 200
    assert server.connections == 2


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_silence_ends_with_the_time_of_the_call(serve: Callable[..., Server], begins: bytes) -> None:
    def slow(sock: socket.socket) -> socket.socket:
        sock.sendall(begins)
        return sock

    with pytest.raises(NoResponse, match="timed out"):
        client(serve([KEEPS_SILENT], wrap=slow).url, seconds=0.05).send("GET", "/", {})


def test_nobody_there_is_no_answer() -> None:
    with pytest.raises(NoResponse, match="refused"):
        client(f"http://127.0.0.1:{free_port()}").send("GET", "/", {})


@pytest.mark.parametrize("headers", [{"X": "1\r\nY: 2"}, {"X\n": "1"}])
def test_nothing_is_smuggled_in(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="can't be broken"):
        client(f"http://127.0.0.1:{free_port()}").send("GET", "/", headers)


def test_threads_take_a_connection_each_and_give_it_back(serve: Callable[..., Server]) -> None:
    server = serve(*([OK] * 200 for _ in range(8)))
    speaking = client(server.url)
    speaking.send("GET", "/", {})
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: speaking.send("GET", "/", {}).body, range(100)))
    assert answers == [b"hi"] * 100
    assert len(speaking._idle) == server.connections <= 8
    speaking.close()
    assert not speaking._idle


def test_tls_is_for_those_who_are_trusted(
    serve: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = certified(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = serve([], [OK, KEEPS_SILENT], wrap=lambda sock: context.wrap_socket(sock, server_side=True))
    url = server.url.replace("http:", "https:")

    http._tls.cache_clear()
    with pytest.raises(NoResponse, match="CERTIFICATE_VERIFY_FAILED"):
        client(url).send("GET", "/", {})
    http._tls.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trusting = client(url, seconds=0.5)
    assert trusting.send("GET", "/", {}).body == b"hi"
    with pytest.raises(NoResponse, match="timed out"):
        trusting.send("GET", "/", {})
    http._tls.cache_clear()


def certified(folder: Path) -> Path:
    """A key, and its self-signed certificate for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / "certified.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *plain) + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
