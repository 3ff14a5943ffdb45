"""A fake DynamoDB: it answers every request with the same item."""

from __future__ import annotations

import json
import re
import socket
from multiprocessing.connection import Connection

ITEM = {"pk": {"S": "ORDER#ord_1"}, "sk": {"S": "STATE"}, "status": {"S": "confirmed"}, "version": {"N": "3"}}
BODY = json.dumps({"Item": ITEM}).encode()
RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
)
CONTENT_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def serve(started: Connection) -> None:
    """Serve one client at a time, and send the URL through the pipe."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started.send(f"http://127.0.0.1:{listener.getsockname()[1]}")
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                answer_requests(connection)


def answer_requests(connection: socket.socket) -> None:
    """Answer requests until the client closes the connection."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
        while (end := request_end(received)) is not None:
            received = received[end:]
            connection.sendall(RESPONSE)


def request_end(received: bytes) -> int | None:
    """Where the first request ends, or None if it is incomplete."""
    head, separator, _ = received.partition(b"\r\n\r\n")
    length = CONTENT_LENGTH.search(head)
    end = len(head) + len(separator) + (int(length[1]) if length else 0)
    return end if separator and len(received) >= end else None
