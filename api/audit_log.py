"""Who changed what is sold, and how: a line of the ledger, written before the change, so that none is without one.

Where somebody else was faster, and nothing was changed, another line says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from api.etags import etag
from api.runtime import Call
from oms.domain.stock_adjustments import noted


def note_change(call: Call, subject: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    """The line's effect id. ``before`` and ``after`` are views."""
    was = before or {}
    changes = {name: [was.get(name), value] for name, value in after.items() if was.get(name) != value}
    text = json.dumps(changes, ensure_ascii=False, separators=(",", ":"))
    effect_id = f"{subject}:{call.deps.clock.now().isoformat()}:{etag(after)[1:9]}"
    call.deps.inventory.apply(noted(effect_id, f"{call.caller.name}: {text}"))
    return effect_id


def note_refusal(call: Call, effect_id: str) -> None:
    """Of the change that the line with the effect id announced."""
    note = f"{call.caller.name}: refused, it was changed meanwhile"
    call.deps.inventory.apply(noted(f"{effect_id}:refused", note))
