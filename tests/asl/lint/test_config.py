"""The linter's configuration, suppressions and command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from asl.__main__ import main
from asl.lint import InvalidConfig, lint_definition, lint_definitions, parse_config, read_config
from oms.adapters.aws import clients
from oms.adapters.stripe import payments
from oms.declarations.limits import FUNCTION_TIMEOUT_SECONDS

ROOT = Path(__file__).parents[3]
OURS = sorted((ROOT / "workflows" / "definitions").glob("*.asl.json"))
BAD = {
    "StartAt": "Charge",
    "TimeoutSeconds": 60,
    "States": {"Charge": {"Type": "Task", "Resource": "${ChargeArn}", "TimeoutSeconds": 15, "End": True}},
}


def suppressing(**about):
    return parse_config({"suppressions": [{"rule": "catch-all", "reason": "it alarms", **about}]})


@pytest.mark.parametrize("about", [{}, {"state": "Charge"}, {"state": "Ch*", "definition": "shop"}])
def test_a_suppression_hides_what_it_names(about):
    assert lint_definition(BAD, suppressing(**about), name="shop") == []


def test_a_suppression_hides_nothing_else():
    rules = [finding.rule for finding in lint_definition(BAD, suppressing(state="Ship"), name="shop")]
    assert rules == ["catch-all", "stale-suppression"]


def test_a_suppression_for_an_absent_definition_is_not_stale():
    findings = lint_definitions({"shop": BAD}, suppressing(definition="other"))
    assert [finding.rule for finding in findings] == ["catch-all"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"suppressions": [{"rule": "catch-all", "reason": " "}]}, "gives no reason"),
        ({"suppressions": [{"rule": "catch-all"}]}, "gives no reason"),
        ({"suppressions": [{"reason": "so"}]}, "names no rule"),
        ({"suppressions": [{"rule": "x", "reason": "y", "until": "z"}]}, "can't have until"),
        ({"tasks": {"Charge": {"idempotent": True}}}, "gives no reason"),
        ({"tasks": {"Charge": {"stands_at": {"Done": ""}}}}, "gives no reason"),
        ({"tasks": {"Charge": {"compensations": {"Refund": []}}}}, "needs a parameter for each"),
        ({"tasks": {"Charge": {"key": ["a", "b"], "compensations": {"Refund": ["a"]}}}}, "each of the key's 2"),
        ({"task": {}}, "can't have task"),
        ({"timeouts": {"lambda": 1}}, "can't have lambda"),
    ],
)
def test_an_incomplete_or_unsupported_configuration_is_refused(document, message):
    with pytest.raises(InvalidConfig, match=re.escape(message)):
        parse_config(document)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"tasks": []}, "tasks is no object"),
        ({"tasks": {"Charge": {"key": "order_id"}}}, "task Charge, key is no array"),
        ({"tasks": {"Charge": {"compensations": ["Refund"]}}}, "task Charge, compensations is no object"),
        ({"tasks": {"Charge": {"key": ["a"], "compensations": {"Refund": "a"}}}}, "compensation Refund is no array"),
        ({"tasks": {"Charge": {"stands_at": ["Lost"]}}}, "task Charge, stands_at is no object"),
        ({"tasks": {"Charge": {"bytes": "many"}}}, "task Charge, bytes is no number"),
        ({"timeouts": {"function": "10"}}, "timeouts.function of default is no number"),
        ({"timeouts": {"gateway": {"Charge": True}}}, "timeouts.gateway of Charge is no number"),
        ({"input_bytes": "many"}, "input_bytes is no number"),
        ({"unsuccessful": "Rejected"}, "unsuccessful is no array"),
        ({"suppressions": {}}, "suppressions is no array"),
        (
            {"suppressions": [{"rule": "catch-all", "reason": "So.", "state": 3}]},
            "catch-all holds an item that is no name",
        ),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(document, message):
    with pytest.raises(InvalidConfig, match=re.escape(message)):
        parse_config(document)


def test_our_definitions_have_no_findings():
    config = read_config(ROOT / "workflows" / "lint.json")
    assert lint_definitions({path.name.partition(".")[0]: path.read_text() for path in OURS}, config) == []


def test_every_task_and_state_that_our_configuration_names_exists():
    states = {name for path in OURS for name in json.loads(path.read_text())["States"]}
    for name, task in read_config(ROOT / "workflows" / "lint.json").tasks.items():
        assert {name, *task.compensations, *task.stands_at} <= states


def test_the_timeouts_of_our_configuration_are_those_of_the_code():
    config = read_config(ROOT / "workflows" / "lint.json")
    (task_seconds,) = re.findall(r"^TASK_SECONDS = (\d+)$", (ROOT / "workflows" / "dsl.py").read_text(), re.M)
    assert config.function_seconds == {"": FUNCTION_TIMEOUT_SECONDS}
    assert int(task_seconds) > FUNCTION_TIMEOUT_SECONDS
    aws = clients.LONGEST_CALL_SECONDS
    assert config.gateway_seconds == {"": aws} == {"": 2 * payments.TIMEOUT_SECONDS}  # an authorization is two calls


def test_exit_codes_of_the_command_line(tmp_path, capsys):
    bad = tmp_path / "bad.asl.json"
    bad.write_text(json.dumps(BAD))
    assert main(["lint", *map(str, OURS), "--config", str(ROOT / "workflows" / "lint.json")]) == 0
    assert main(["lint", str(bad)]) == 1
    assert "bad: Charge/Catch: catch-all\n  why:  an error" in capsys.readouterr().out
    assert main(["lint", str(bad), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert finding["rule"] == "catch-all"
    assert finding["state"] == "Charge"


def test_the_command_line_reports_files_that_it_cannot_read(tmp_path, capsys):
    config = tmp_path / "lint.json"
    config.write_text('{"tasks": {"Charge": {"idempotent": true}}}')
    assert main(["lint", str(OURS[0]), "--config", str(config)]) == 2
    assert main(["lint", str(tmp_path / "none.asl.json")]) == 2
    for content in (b"{", b"\xff", b"[" * 100_000):
        config.write_bytes(content)
        assert main(["lint", str(OURS[0]), "--config", str(config)]) == 2
    config.write_bytes(b"\xff")
    assert main(["lint", str(config)]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 6
    assert all(line.startswith("asl lint: ") for line in errors)
    assert all(str(tmp_path) in line for line in errors)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "asl" / "lint" / "README.md").read_text(), re.S)


def test_the_example_in_the_readme_shows_the_output_of_the_linter(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    definition, config = blocks("json")
    Path("shop.asl.json").write_text(definition)
    Path("lint.json").write_text(config)
    _, example = blocks("console")
    command, _, printed = example.partition("\n")
    assert command == "$ python -m asl lint shop.asl.json --config lint.json"
    assert main(command.split()[4:]) == 1
    assert capsys.readouterr().out == printed


def test_the_readme_names_every_rule():
    source = "".join(path.read_text() for path in (ROOT / "asl" / "lint").rglob("*.py"))
    rules = set(re.findall(r"""Finding\(\s*"([a-z-]+)",""", source))
    assert len(rules) == 14
    assert rules <= set(re.findall(r"^\| `([a-z-]+)`", (ROOT / "asl" / "lint" / "README.md").read_text(), re.M))
