"""Stripe's form-encoded parameters: ``metadata[order_id]=1&expand[]=latest_charge``."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from local.sandboxes.payments.stripe_errors import invalid

Params = dict[str, Any]

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_NESTED = ("expand", "metadata", "payment_method_types")


def parse(encoded: str) -> Params:
    """Parameters by name. ``a[]`` and ``a[0]`` make a list, ``a[b]`` a dict."""
    params: Params = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        match = _KEY.match(key)
        if not match:
            raise invalid(f"Invalid parameter name: {key}", param=key)
        name, inner = match.groups()
        if not inner:
            params[name] = value
        elif name in _NESTED:
            _put(params, name, inner[1:-1].split("]["), value)
        else:
            raise invalid(f"Invalid string: {key} is one value", param=name)
    return params


def _put(params: Params, name: str, path: list[str], value: str) -> None:
    if len(path) > 1:
        raise invalid(f"Invalid parameter name: {name}[{']['.join(path)}]", param=name)
    is_list = not path[0] or path[0].isdigit()
    container = params.setdefault(name, [] if is_list else {})
    if isinstance(container, list) and is_list:
        container.append(value)
    elif isinstance(container, dict) and not is_list:
        container[path[0]] = value
    else:
        raise invalid(f"Invalid {name}: a parameter is a value, a list, or a hash", param=name)


def whole_number(params: Params, name: str, *, at_least: int = 1) -> int:
    """A whole number, with Stripe's errors."""
    raw = params[name]
    if not isinstance(raw, str) or not re.fullmatch(r"-?\d{1,18}", raw):
        raise invalid(f"Invalid integer: {raw}", code="parameter_invalid_integer", param=name)
    if int(raw) < at_least:
        raise invalid(
            f"This value must be greater than or equal to {at_least}.", code="parameter_invalid_integer", param=name
        )
    return int(raw)


def hash_of(params: Params, name: str) -> dict[str, str]:
    value = params.get(name, {})
    if not isinstance(value, dict):
        raise invalid(f"Invalid {name}: must be a hash", param=name)
    return value


def list_of(params: Params, name: str) -> list[str]:
    value = params.get(name, [])
    if not isinstance(value, list):
        raise invalid(f"Invalid {name}: must be an array", param=name)
    return value
