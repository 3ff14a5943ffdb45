"""The commands ``asl replay`` and ``asl redrive``, and the examples in the README."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import asl
from asl import StatesError
from asl.__main__ import main
from tests.replay.histories import DEFINITIONS, GOLDEN, export_history, load_definition

README = (Path(asl.__file__).parent / "replay" / "README.md").read_text()
NEW_ORDER = str(DEFINITIONS / "new_order.asl.json")


def readme_blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_histories_that_replay_the_same_exit_with_0(capsys):
    assert main(["replay", str(GOLDEN / "new_order"), "--definition", NEW_ORDER]) == 0
    output = capsys.readouterr().out
    assert "waits_for_a_review: same so far (still running, in RequestReview)\n" in output
    count = len(list((GOLDEN / "new_order").iterdir()))
    assert output.endswith(f"{count} replayed, 0 different; 1 still running, 0 affected\n")


def test_a_different_replay_exits_with_1(tmp_path, capsys):
    new = load_definition("new_order")
    new["States"]["ReviewNeeded"]["Default"] = "RequestReview"
    edited = tmp_path / "new.asl.json"
    edited.write_text(json.dumps(new))
    history = str(GOLDEN / "new_order" / "confirmed.json")
    assert main(["replay", history, "--definition", str(edited), "--json"]) == 1
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["same"], result["differences"][0]["state"]) == (False, "ReviewNeeded")
    assert result["repeats"][0]["task"] == "${ConfirmOrderArn}"


def test_an_affected_running_execution_exits_with_1(tmp_path):
    new = load_definition("new_order")
    new["States"]["ConfirmOrder"]["TimeoutSeconds"] = 20
    edited = tmp_path / "new.asl.json"
    edited.write_text(json.dumps(new))
    history = str(GOLDEN / "new_order" / "waits_for_a_review.json")
    assert main(["replay", history, "--definition", str(edited)]) == 0
    assert main(["replay", history, "--definition", str(edited), "--deployed", NEW_ORDER]) == 1


@pytest.mark.parametrize("command", [["replay"], ["redrive", "--dry-run"]])
def test_an_unreadable_file_exits_with_2(command, tmp_path, capsys):
    bad = tmp_path / "bad.json"
    history = str(GOLDEN / "new_order" / "parked.json")
    for text in ("{", "[]", '{"events": []}', '{"StartAt": "A", "States": {}}'):
        bad.write_text(text)
        assert main([*command, str(bad), "--definition", NEW_ORDER]) == 2
        assert main([*command, history, "--definition", str(bad)]) == 2
    (tmp_path / "empty").mkdir()
    for path in ("none.json", "empty"):
        assert main([*command, str(tmp_path / path), "--definition", NEW_ORDER]) == 2
    output = capsys.readouterr().err.splitlines()
    assert len(output) == 10
    assert all(line.startswith(f"asl {command[0]}: ") for line in output)
    assert f"{bad} isn't JSON" in output[0]
    assert f"{bad} is not a valid definition: Unexpected end-of-input" in output[1]
    assert output[1].endswith(" at line: 1, column: 2")


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    for name, path in (("new.asl.json", Path(NEW_ORDER)), ("old.json", GOLDEN / "new_order" / "confirmed.json")):
        (tmp_path / name).write_text(path.read_text(), "utf-8-sig")
    assert main(["replay", str(tmp_path / "old.json"), "--definition", str(tmp_path / "new.asl.json")]) == 0


def test_a_history_that_nests_too_deep_is_refused(tmp_path, capsys):
    (tmp_path / "deep.json").write_text("[" * 100_000)
    assert main(["replay", str(tmp_path / "deep.json"), "--definition", NEW_ORDER]) == 2
    assert "deep.json isn't JSON" in capsys.readouterr().err


def test_a_redrive_is_safe_if_all_repeated_tasks_are_declared_idempotent(capsys):
    history = str(GOLDEN / "new_order" / "parked.json")
    command = ["redrive", "--dry-run", history, "--definition", NEW_ORDER]
    assert main([*command, "--config", str(DEFINITIONS.parent / "lint.json")]) == 0
    assert main([*command, "--json"]) == 1
    output = capsys.readouterr().out
    (forecast,) = json.loads(output[output.index("\n[") :])
    assert forecast["again"][0]["state"] == "ParkOrder"


def test_a_redrive_needs_the_option_dry_run(capsys):
    with pytest.raises(SystemExit):
        main(["redrive", str(GOLDEN / "new_order" / "parked.json"), "--definition", NEW_ORDER])
    assert "--dry-run" in capsys.readouterr().err


def no_courier(payload):
    raise StatesError("NoCourier")


def test_the_commands_print_the_examples_of_the_readme(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (text,) = readme_blocks("json")
    old = json.loads(text)
    new = json.loads(text.replace('"ChargeCard"', '"TakePayment"'))
    Path("old.asl.json").write_text(text)
    Path("new.asl.json").write_text(json.dumps(new))
    Path("lint.json").write_text('{"tasks": {"ShipOrder": {"idempotent": "the courier ships an order once"}}}')
    tasks = {"ReserveStock": lambda payload: {}, "ChargeCard": lambda payload: {}, "ShipOrder": no_courier}
    execution = asl.load(old).run({"order_id": "ord_1"}, tasks=tasks)
    Path("ord_1.json").write_text(export_history(execution))
    examples = [block.partition("\n") for block in readme_blocks("console")[1:]]
    assert len(examples) == 2
    for command, _, printed in examples:
        main(command.split()[4:])
        assert capsys.readouterr().out == printed
