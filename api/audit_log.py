"""The audit log of changes to the catalogue and to discounts: entries of the stock ledger.

An entry is written before its change, so that no change is without one. If the change then loses to a concurrent one, a
second entry says that it was refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from api.etags import etag
from api.runtime import ApiRequest
from oms.domain.stock_adjustments import noted


def log_change(request: ApiRequest, subject: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    """Returns the entry's effect id. ``before`` and ``after`` are views."""
    old = before or {}
    changes = {name: [old.get(name), value] for name, value in after.items() if old.get(name) != value}
    text = json.dumps(changes, ensure_ascii=False, separators=(",", ":"))
    effect_id = f"{subject}:{request.deps.clock.now().isoformat()}:{etag(after)[1:9]}"
    request.deps.inventory.apply(noted(effect_id, f"{request.caller.name}: {text}"))
    return effect_id


def log_refusal(request: ApiRequest, effect_id: str) -> None:
    """Log that the change behind the effect id was refused."""
    note = f"{request.caller.name}: refused, it was changed meanwhile"
    request.deps.inventory.apply(noted(f"{effect_id}:refused", note))
