"""``python -m workflows`` writes every definition; ``--check`` says which are stale instead."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

logging.disable(logging.INFO)  # the SDK greets on standard output when it is imported

from workflows import cancel_order, fulfill_order, new_order, reconcile, return_order  # noqa: E402

DEFINITIONS = Path(__file__).parent / "definitions"
MACHINES: tuple[ModuleType, ...] = (new_order, fulfill_order, cancel_order, return_order, reconcile)


READING_ORDER = ["Type", "Comment", "TimeoutSeconds", "StartAt", "States", "Resource", "Parameters", "ResultPath"]
"""The fields that a reader wants first; the others follow as the SDK gives them."""


def readable(value: Any) -> Any:
    if isinstance(value, list):
        return [readable(each) for each in value]
    if not isinstance(value, dict):
        return value
    first = [key for key in READING_ORDER if key in value]
    return {key: readable(value[key]) for key in [*first, *(key for key in value if key not in first)]}


def rendered(module: ModuleType) -> tuple[Path, str]:
    path = DEFINITIONS / f"{module.__name__.rpartition('.')[2]}.asl.json"
    graph = json.loads(module.definition().to_json())
    return path, json.dumps(readable(graph), indent=2) + "\n"


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = [(path, text) for path, text in map(rendered, MACHINES) if not path.exists() or path.read_text() != text]
    for path, text in stale:
        if not check:
            path.write_text(text)
        print(f"{'stale: ' if check else 'wrote '}{path.relative_to(DEFINITIONS.parent.parent)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
