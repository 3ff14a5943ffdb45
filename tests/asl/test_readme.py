"""The examples in asl/README.md: the Python ones are run, the tests tested, the commands' output compared."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
README = (ROOT / "asl" / "README.md").read_text()
CHARGING = "tasks = {'Charge': lambda order: {'charged': order['amount']}}\n"


def blocks(kind: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{kind}\n(.*?)^```", README, re.M | re.S)
    return found


def names_of_the_examples() -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    return names


def test_the_python_examples_hold() -> None:
    names = names_of_the_examples()
    assert names["execution"].status == "SUCCEEDED"


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with what the examples name."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makefile(".asl.json", charge=json.dumps(names_of_the_examples()["definition"]))
    pytester.makepyfile(charging=CHARGING, test_charge=blocks("python test")[0])
    pytester.makeconftest('pytest_plugins = ["asl.testing.pytest_plugin"]')
    return pytester


def commands() -> list[tuple[str, list[str]]]:
    """Each command of the console examples, and the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for line in "".join(blocks("console")).splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


@pytest.mark.parametrize(("command", "printed"), commands())
def test_the_commands_print_what_is_shown(shop: pytest.Pytester, command: str, printed: list[str]) -> None:
    words = shlex.split(command.removeprefix("python "))
    module = words if words[0] == "-m" else ["-m", *words]
    done = subprocess.run([sys.executable, *module], cwd=shop.path, capture_output=True, text=True)

    assert "Traceback" not in done.stderr, done.stderr
    found = done.stdout.splitlines()
    assert [line for line in found if line in printed] == printed, done.stdout + done.stderr
