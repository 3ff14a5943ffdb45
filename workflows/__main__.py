"""``python -m workflows`` writes every definition and what follows from them; ``--check`` lists stale files instead."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

logging.disable(logging.INFO)  # the SDK writes a greeting to standard output when it is imported

from workflows import cancel_order, fulfill_order, new_order, reconcile, resume_paths, return_order  # noqa: E402

ROOT = Path(__file__).parent.parent
DEFINITIONS = ROOT / "workflows" / "definitions"
MACHINES: tuple[ModuleType, ...] = (new_order, fulfill_order, cancel_order, return_order, reconcile)

READING_ORDER = ["Type", "Comment", "TimeoutSeconds", "StartAt", "States", "Resource", "Parameters", "ResultPath"]
"""The fields that a reader needs first; the others follow in the SDK's order."""


def sort_fields(value: Any) -> Any:
    if isinstance(value, list):
        return [sort_fields(item) for item in value]
    if not isinstance(value, dict):
        return value
    first = [key for key in READING_ORDER if key in value]
    return {key: sort_fields(value[key]) for key in [*first, *(key for key in value if key not in first)]}


def generated_files() -> Iterator[tuple[Path, str]]:
    """Every file that is generated from the state machines, with its text."""
    definitions = {}
    for module in MACHINES:
        name = module.__name__.rpartition(".")[2]
        definition = json.loads(module.definition().to_json())
        definitions["".join(word.capitalize() for word in name.split("_"))] = definition
        yield DEFINITIONS / f"{name}.asl.json", _text(sort_fields(definition))
    yield resume_paths.PATH, _one_line_per_state(resume_paths.resume_paths(definitions))


def _text(document: Any) -> str:
    return json.dumps(document, indent=2) + "\n"


def _one_line_per_state(machines: Mapping[str, Mapping[str, Any]]) -> str:
    texts = []
    for machine, states in machines.items():
        lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(state)}" for name, state in states.items())
        texts.append(f"  {json.dumps(machine)}: {{\n{lines}\n  }}")
    return "{\n" + ",\n".join(texts) + "\n}\n"


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = [(path, text) for path, text in generated_files() if not path.exists() or path.read_text() != text]
    for path, text in stale:
        if not check:
            path.write_text(text)
        print(f"{'stale: ' if check else 'wrote '}{path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
