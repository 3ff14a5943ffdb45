"""The carrier's adapter when the carrier is down, or responds otherwise than agreed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from oms.adapters.http_carrier import HttpCarrier
from oms.domain.errors import CarrierUnavailable, UnexpectedState
from tests.contract.stores import free_port


class Answering(BaseHTTPRequestHandler):
    """Responds to every call with the status in its path."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(int(self.path.split("/")[-1]))
        body = b'{"error": "Nonsense"}'
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@pytest.fixture
def carrier() -> Iterator[HttpCarrier]:
    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield HttpCarrier(f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_carrier_in_trouble_is_unavailable(carrier: HttpCarrier, status: int) -> None:
    with pytest.raises(CarrierUnavailable, match=str(status)):
        carrier.request_shipment(str(status), (), {})


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_carrier_that_says_no_for_no_reason_of_ours_is_a_defect(carrier: HttpCarrier, status: int) -> None:
    with pytest.raises(UnexpectedState, match=rf"{status} .*Nonsense"):
        carrier.request_shipment(str(status), (), {})


@pytest.mark.parametrize("status", [200, 400, 404])
def test_a_parcel_is_missing_only_where_the_carrier_says_so(carrier: HttpCarrier, status: int) -> None:
    """Not if another server responds at its address, or in another form."""
    with pytest.raises(UnexpectedState, match="GET /returns/"):
        carrier.find_parcel(str(status))


def test_a_carrier_that_isnt_there_is_unavailable() -> None:
    with pytest.raises(CarrierUnavailable):
        HttpCarrier(f"http://127.0.0.1:{free_port()}").follow("ord_1")
