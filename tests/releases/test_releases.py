"""Today's events and tables stay compatible with every kept release, and the code of a release still loads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.releases.snapshot import ROOT, TABLES, keep, releases

EVENTS = json.loads((ROOT / "oms" / "events.schema.json").read_text())["$defs"]
each_release = pytest.mark.parametrize("release", releases(), ids=lambda folder: folder.name)


def test_there_is_a_kept_release():
    assert [folder.name for folder in releases()][:1] == ["0.1.0"]


@each_release
def test_an_event_of_the_release_is_valid_today(release):
    """Items in the table were written by that release: no event is gone, none has become stricter."""
    kept = json.loads((release / "events.schema.json").read_text())["$defs"]
    assert kept.keys() <= EVENTS.keys()
    for name, schema in kept.items():
        today = EVENTS[name]
        assert set(today["required"]) <= set(schema["required"]), name
        for field, shape in schema["properties"].items():
            assert today["properties"].get(field) == shape, f"{name}.{field}"


@each_release
def test_a_table_of_the_release_is_not_replaced(release):
    """CloudFormation replaces a table whose key changes, and DynamoDB can't change an index's key."""
    kept = json.loads((release / "tables.json").read_text())
    today = json.loads(TABLES.read_text())
    assert kept.keys() <= today.keys()
    for name, table in kept.items():
        assert today[name]["key"] == table["key"], name
        for index, shape in table["indexes"].items():
            assert today[name]["indexes"].get(index, shape)["key"] == shape["key"], f"{name}.{index}"


@each_release
def test_the_code_of_the_release_loads_beside_todays(release):
    """In a process of its own, from its own folder: later tests run its tasks there."""
    script = (
        "import importlib, json, pathlib, oms.domain.events, tasks\n"
        "folder = pathlib.Path(tasks.__file__).parent\n"
        "names = [f.stem for f in folder.glob('*.py') if f.stem != '__init__']\n"
        "[importlib.import_module(f'tasks.{name}') for name in names]\n"
        "print(json.dumps([str(folder), sorted(oms.domain.events.TYPES)]))\n"
    )
    environment = {"PYTHONPATH": str(release), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=release, env=environment, capture_output=True, text=True, check=True)
    folder, events = json.loads(done.stdout)
    assert Path(folder) == release / "tasks"
    assert set(events) <= EVENTS.keys()


def test_a_release_is_kept_once(tmp_path):
    folder = keep("1.2.3", tmp_path)
    assert {"events.schema.json", "tables.json", "oms", "tasks"} == {path.name for path in folder.iterdir()}
    assert (folder / "tables.json").read_text() == TABLES.read_text()
    with pytest.raises(SystemExit, match="kept already"):
        keep("1.2.3", tmp_path)


def test_a_version_has_three_numbers(tmp_path):
    with pytest.raises(SystemExit, match="three numbers"):
        keep("next", tmp_path)
    assert list(tmp_path.iterdir()) == []
