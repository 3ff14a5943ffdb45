"""JSON documents: their text, and the size that AWS allows.

Values are never changed in place, so a text once made stays true.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable, Iterable
from typing import Any

from asl.language.errors import StatesError

MAX_BYTES = 262_144
SMALL = MAX_BYTES // 4
"""Texts of so many characters are never too large."""

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)
_decoder = json.JSONDecoder(parse_constant=lambda name: _no_constant(name))
# JSONEncoder.encode makes its C encoder anew at each call, which costs more than a small document does.
_make: Callable[..., Any] | None = getattr(json.encoder, "c_make_encoder", None)
_write: Callable[[Any, int], Iterable[str]] = (
    _make(None, _encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False, False)
    if _make
    else lambda value, indent: _encoder.iterencode(value)
)


def encode(value: Any) -> str:
    """A JSON value as compact text. Raises TypeError or ValueError for what isn't JSON."""
    return "".join(_write(value, 0))


def too_large(text: str) -> bool:
    """True for a text of more than 256 KiB in UTF-8."""
    length = len(text)
    if length <= SMALL:
        return False
    return length > MAX_BYTES or (not text.isascii() and len(text.encode(errors="surrogatepass")) > MAX_BYTES)


def json_copy(value: Any) -> Any:
    """The value as pure JSON of its own. Raises TypeError or ValueError for what isn't JSON."""
    return parsed(encode(value))


def encode_result(value: Any, owner: str) -> str:
    """The text of a state's or a task's result. Raises ``States.DataLimitExceeded`` if it is too large."""
    text = encode(value)
    if too_large(text):
        raise data_limit(owner)
    return text


def data_limit(owner: str) -> StatesError:
    return StatesError(
        "States.DataLimitExceeded",
        f"The state/task '{owner}' returned a result with a size exceeding the maximum number of bytes service limit.",
    )


def parsed(text: str) -> Any:
    """The value of a JSON text; NaN and Infinity, which JSON doesn't have, raise ValueError."""
    try:
        value, end = _decoder.raw_decode(text)
    except ValueError:
        return _decoder.decode(text)  # says what is wrong with it, or passes over the spaces before it
    return value if end == len(text) else _decoder.decode(text)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
