"""JSON documents: encoding, decoding, and the size limit of a payload.

Values are never changed in place, so an encoded text stays valid.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable, Iterable
from typing import Any

from asl.language.errors import StatesError

MAX_BYTES = 262_144
NEVER_TOO_LARGE = MAX_BYTES // 4
"""A text of at most this length is never too large: a character has at most 4 bytes in UTF-8."""

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)
_decoder = json.JSONDecoder(parse_constant=lambda name: _reject_constant(name))
# JSONEncoder.encode creates its C encoder at each call, which costs more than encoding a small document.
_make_encoder: Callable[..., Any] | None = getattr(json.encoder, "c_make_encoder", None)
_encode_chunks: Callable[[Any, int], Iterable[str]] = (
    _make_encoder(None, _encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False, False)
    if _make_encoder
    else lambda value, indent: _encoder.iterencode(value)
)


def encode(value: Any) -> str:
    """A JSON value as compact text. Raises TypeError or ValueError for a value that isn't JSON."""
    return "".join(_encode_chunks(value, 0))


def too_large(text: str) -> bool:
    """True for a text of more than 256 KiB in UTF-8."""
    length = len(text)
    if length <= NEVER_TOO_LARGE:
        return False
    return length > MAX_BYTES or (not text.isascii() and len(text.encode(errors="surrogatepass")) > MAX_BYTES)


def json_copy(value: Any) -> Any:
    """A deep copy of a JSON value. Raises TypeError or ValueError for a value that isn't JSON."""
    return decode(encode(value))


def encode_result(value: Any, owner: str) -> str:
    """The text of a state's or task's result. Raises ``States.DataLimitExceeded`` if it is too large."""
    text = encode(value)
    if too_large(text):
        raise data_limit(owner)
    return text


def data_limit(owner: str) -> StatesError:
    """The error of a state or task whose result is too large."""
    return StatesError(
        "States.DataLimitExceeded",
        f"The state/task '{owner}' returned a result with a size exceeding the maximum number of bytes service limit.",
    )


def decode(text: str) -> Any:
    """The value of a JSON text. Raises ValueError, also for NaN and Infinity, which aren't JSON."""
    try:
        value, end = _decoder.raw_decode(text)
    except ValueError:
        return _decoder.decode(text)  # skips leading spaces, or raises the precise error
    return value if end == len(text) else _decoder.decode(text)


def _reject_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
