"""Who changed what is sold, and how: a line of the ledger, written before the change, so that none is without one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from api.etags import etag
from api.runtime import Call
from oms.domain.stocktaking import noted


def note_change(call: Call, subject: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
    """``before`` and ``after`` are views. A change that is then refused, as somebody was faster, keeps its line."""
    was = before or {}
    changes = {name: [was.get(name), value] for name, value in after.items() if was.get(name) != value}
    text = json.dumps(changes, ensure_ascii=False, separators=(",", ":"))
    effect_id = f"{subject}:{call.deps.clock.now().isoformat()}:{etag(after)[1:9]}"
    call.deps.inventory.apply(noted(effect_id, f"{call.caller.name}: {text}"))
