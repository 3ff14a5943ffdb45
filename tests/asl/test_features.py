"""The examples in asl/FEATURES.md: each is accepted, or refused with the documented diagnostic."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.language.choice_rules import OPERATORS
from asl.language.intrinsics.functions import FUNCTIONS
from asl.validation import InvalidDefinition
from asl.validation.fields import STATE_FIELDS
from asl.validation.graph import targets

TEXT = (Path(asl.__file__).parent / "FEATURES.md").read_text()
SUPPORTED, REFUSED = TEXT.split("\n## Refused\n")
ROW = re.compile(r"^\| (?P<what>.*?) \| `(?P<example>\{.*\})` \|(?: (?P<words>.*) \|)?$", re.M)


def rows(text: str) -> list[tuple[str, str, str]]:
    return [(row["what"], row["example"], row["words"] or "") for row in ROW.finditer(text)]


def whole(example: str) -> dict[str, Any]:
    """The example as a machine: a state gets a name, and stubs for its targets."""
    value: dict[str, Any] = json.loads(example)
    if "States" in value:
        return value
    others = {target: {"Type": "Succeed"} for _, target in targets(value)}
    return {"StartAt": "A", "States": {"A": value, **others}}


@pytest.mark.parametrize(("what", "example", "words"), rows(SUPPORTED))
def test_supported_examples_are_accepted(what: str, example: str, words: str) -> None:
    assert not words
    assert asl.load(whole(example)).graph.start.name == "A"


@pytest.mark.parametrize(("what", "example", "words"), rows(REFUSED))
def test_refused_examples_are_refused_with_the_documented_diagnostic(what: str, example: str, words: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        asl.load(whole(example))
    [diagnostic] = caught.value.diagnostics
    assert f"{diagnostic.code}: {diagnostic.message}".startswith(words)
    assert words


def test_every_row_of_the_tables_is_read() -> None:
    assert len(rows(SUPPORTED)) == sum(line.endswith("` |") for line in SUPPORTED.splitlines())
    assert len(rows(REFUSED)) == sum("` |" in line for line in REFUSED.splitlines())


def test_every_state_type_function_and_operator_is_listed() -> None:
    assert all(f'"Type": "{kind}"' in SUPPORTED for kind in STATE_FIELDS)
    assert all(f"{name}(" in SUPPORTED for name in FUNCTIONS)
    assert f"{len(OPERATORS)} operators" in SUPPORTED
