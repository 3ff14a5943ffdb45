"""The declared files, by their paths in the repository."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
"""The repository's folder; on Lambda, the folder of the function's code."""


@cache
def read_json(path: str) -> Any:
    """The value of a JSON file. The caller must not change it: everybody gets the same one."""
    return json.loads((ROOT / path).read_text())
