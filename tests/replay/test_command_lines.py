"""``asl replay`` and ``asl redrive`` on the command line, and the README's examples."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import asl
from asl import StatesError
from asl.__main__ import main
from tests.replay.record import GOLDEN, exported
from tests.replay.test_golden import DEFINITIONS, committed

README = (Path(asl.__file__).parent / "replay" / "README.md").read_text()
NEW_ORDER = str(DEFINITIONS / "new_order.asl.json")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_a_folder_of_histories_that_go_the_same_way_answers_0(capsys):
    assert main(["replay", str(GOLDEN / "new_order"), "--definition", NEW_ORDER]) == 0
    said = capsys.readouterr().out
    assert "waits_for_a_review: same so far (still running, in RequestReview)\n" in said
    count = len(list((GOLDEN / "new_order").iterdir()))
    assert said.endswith(f"{count} replayed, 0 different; 1 still running, 0 affected\n")


def test_one_that_differs_answers_1(tmp_path, capsys):
    new = committed("new_order")
    new["States"]["ReviewNeeded"]["Default"] = "RequestReview"
    edited = tmp_path / "new.asl.json"
    edited.write_text(json.dumps(new))
    history = str(GOLDEN / "new_order" / "confirmed.json")
    assert main(["replay", history, "--definition", str(edited), "--json"]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert (verdict["same"], verdict["differences"][0]["state"]) == (False, "ReviewNeeded")
    assert verdict["repeats"][0]["task"] == "${ConfirmOrderArn}"


def test_a_running_one_that_is_affected_answers_1(tmp_path):
    new = committed("new_order")
    new["States"]["ConfirmOrder"]["TimeoutSeconds"] = 20
    edited = tmp_path / "new.asl.json"
    edited.write_text(json.dumps(new))
    history = str(GOLDEN / "new_order" / "waits_for_a_review.json")
    assert main(["replay", history, "--definition", str(edited)]) == 0
    assert main(["replay", history, "--definition", str(edited), "--deployed", NEW_ORDER]) == 1


@pytest.mark.parametrize("command", [["replay"], ["redrive", "--dry-run"]])
def test_what_cannot_be_read_answers_2(command, tmp_path, capsys):
    bad = tmp_path / "bad.json"
    history = str(GOLDEN / "new_order" / "parked.json")
    for text in ("{", "[]", '{"events": []}', '{"StartAt": "A", "States": {}}'):
        bad.write_text(text)
        assert main([*command, str(bad), "--definition", NEW_ORDER]) == 2
        assert main([*command, history, "--definition", str(bad)]) == 2
    (tmp_path / "empty").mkdir()
    for path in ("none.json", "empty"):
        assert main([*command, str(tmp_path / path), "--definition", NEW_ORDER]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 10
    assert all(line.startswith(f"asl {command[0]}: ") for line in said)
    assert f"{bad} isn't JSON" in said[0]
    assert f"{bad} is no definition that AWS would create: Unexpected end-of-input" in said[1]
    assert said[1].endswith(" at line: 1, column: 2")


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    for name, path in (("new.asl.json", Path(NEW_ORDER)), ("old.json", GOLDEN / "new_order" / "confirmed.json")):
        (tmp_path / name).write_text(path.read_text(), "utf-8-sig")
    assert main(["replay", str(tmp_path / "old.json"), "--definition", str(tmp_path / "new.asl.json")]) == 0


def test_a_history_that_nests_without_end_is_no_json(tmp_path, capsys):
    (tmp_path / "deep.json").write_text("[" * 100_000)
    assert main(["replay", str(tmp_path / "deep.json"), "--definition", NEW_ORDER]) == 2
    assert "deep.json isn't JSON" in capsys.readouterr().err


def test_a_redrive_is_safe_where_all_that_it_repeats_is_declared_so(capsys):
    history = str(GOLDEN / "new_order" / "parked.json")
    told = ["redrive", "--dry-run", history, "--definition", NEW_ORDER]
    assert main([*told, "--config", str(DEFINITIONS.parent / "lint.json")]) == 0
    assert main([*told, "--json"]) == 1
    said = capsys.readouterr().out
    (seen,) = json.loads(said[said.index("\n[") :])
    assert seen["again"][0]["state"] == "ParkOrder"


def test_it_never_redrives_by_itself(capsys):
    with pytest.raises(SystemExit):
        main(["redrive", str(GOLDEN / "new_order" / "parked.json"), "--definition", NEW_ORDER])
    assert "--dry-run" in capsys.readouterr().err


def no_courier(payload):
    raise StatesError("NoCourier")


def test_the_readme_s_examples_say_what_the_commands_say(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (text,) = blocks("json")
    old = json.loads(text)
    new = json.loads(text.replace('"ChargeCard"', '"TakePayment"'))
    Path("old.asl.json").write_text(text)
    Path("new.asl.json").write_text(json.dumps(new))
    Path("lint.json").write_text('{"tasks": {"ShipOrder": {"idempotent": "the courier ships an order once"}}}')
    tasks = {"ReserveStock": lambda payload: {}, "ChargeCard": lambda payload: {}, "ShipOrder": no_courier}
    execution = asl.load(old).run({"order_id": "ord_1"}, tasks=tasks)
    Path("ord_1.json").write_text(exported(execution))
    shown = [block.partition("\n") for block in blocks("console")[1:]]
    assert len(shown) == 2
    for command, _, printed in shown:
        main(command.split()[4:])
        assert capsys.readouterr().out == printed
