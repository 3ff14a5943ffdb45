"""python -m tests.releases.snapshot VERSION: keep the event schemas, table keys and code of this working tree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RELEASES = Path(__file__).parent
TABLES = ROOT / "oms" / "adapters" / "dynamodb" / "tables.json"
CODE = ("oms", "tasks")
"""Packages whose code runs beside the next release's during a deployment."""
VERSION = re.compile(r"\d+\.\d+\.\d+")


def releases() -> list[Path]:
    """The folders of the kept releases, oldest first."""
    folders = [folder for folder in RELEASES.iterdir() if VERSION.fullmatch(folder.name)]
    return sorted(folders, key=lambda folder: tuple(map(int, folder.name.split("."))))


def keep(version: str, releases: Path = RELEASES) -> Path:
    """Copy what a release is compared by. Raises ``SystemExit`` for a bad version or one that is kept already."""
    folder = releases / version
    if not VERSION.fullmatch(version):
        raise SystemExit(f"{version!r} is no version: write three numbers, such as 0.2.0")
    if folder.exists():
        raise SystemExit(f"release {version} is kept already in {folder}: a kept release is never changed")
    listed = subprocess.run(["git", "ls-files", *CODE], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.splitlines():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    shutil.move(folder / "oms" / "events.schema.json", folder)
    shutil.copyfile(TABLES, folder / "tables.json")
    return folder


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(keep(sys.argv[1]))
