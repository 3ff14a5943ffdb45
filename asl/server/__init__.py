"""The Step Functions API over HTTP: the engine on the real clock, with its state in a SQLite file."""

from asl.server.errors import ApiError
from asl.server.server import Server

__all__ = ["ApiError", "Server"]
