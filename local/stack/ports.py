"""Ports of this machine: free, taken, listened on."""

from __future__ import annotations

import socket


def is_listening(port: int) -> bool:
    """Whether a process accepts connections on the port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def is_free(port: int) -> bool:
    """Whether a process could listen on the port."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
