"""The examples in asl/README.md: runs the Python code and the tests, and compares the output of the commands."""

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
    blocks_of_kind: list[str] = re.findall(rf"^```{kind}\n(.*?)^```", README, re.M | re.S)
    return blocks_of_kind


def run_python_examples() -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
    return namespace


def test_the_python_examples_run() -> None:
    namespace = run_python_examples()
    assert namespace["execution"].status == "SUCCEEDED"


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with the files that the examples name."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makefile(".asl.json", charge=json.dumps(run_python_examples()["definition"]))
    pytester.makepyfile(charging=CHARGING, test_charge=blocks("python test")[0])
    pytester.makeconftest('pytest_plugins = ["asl.testing.pytest_plugin"]')
    return pytester


def commands() -> list[tuple[str, list[str]]]:
    """Each command of the console examples, and the lines that it prints."""
    examples: list[tuple[str, list[str]]] = []
    for line in "".join(blocks("console")).splitlines():
        if line.startswith("$ "):
            examples.append((line[2:], []))
        else:
            examples[-1][1].append(line)
    return examples


@pytest.mark.parametrize(("command", "printed"), commands())
def test_the_commands_print_the_documented_output(shop: pytest.Pytester, command: str, printed: list[str]) -> None:
    words = shlex.split(command.removeprefix("python "))
    module = words if words[0] == "-m" else ["-m", *words]
    done = subprocess.run([sys.executable, *module], cwd=shop.path, capture_output=True, text=True)

    assert "Traceback" not in done.stderr, done.stderr
    output = done.stdout.splitlines()
    assert [line for line in output if line in printed] == printed, done.stdout + done.stderr
