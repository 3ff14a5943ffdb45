"""The version of ministack that the patches are written and tested for: the one that the requirements pin."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[3] / "requirements" / "run.in"
PIN = re.compile(r"^ministack==(\S+)$", re.MULTILINE)


def tested_version() -> str:
    pin = PIN.search(REQUIREMENTS.read_text())
    if pin is None:
        raise LookupError(f"{REQUIREMENTS} pins no version of ministack")
    return pin[1]


def version_problem() -> str | None:
    """One line that says which version has to be installed, or None if it is."""
    expected = tested_version()
    try:
        installed = version("ministack")
    except PackageNotFoundError:
        return f"ministack is not installed: install ministack=={expected}"
    if installed == expected:
        return None
    return f"ministack {installed} is installed, but the patches are tested with {expected} only: install that version"
