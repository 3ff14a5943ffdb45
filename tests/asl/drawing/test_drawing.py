"""The geometry of drawings, their SVG, and the path of an execution."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import asl
from asl.drawing import draw
from asl.drawing.layers import place_near
from asl.drawing.layout import lay_out
from asl.drawing.model import END, START, Picture, condition_text, picture_of
from asl.drawing.taken_path import taken_path

DEFINITIONS = sorted((Path(__file__).parents[3] / "workflows" / "definitions").glob("*.json"))
LOOP = {
    "StartAt": "Poll",
    "States": {
        "Poll": {"Type": "Wait", "Seconds": 1, "Next": "Start"},
        "Start": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "Start"}],
            "Default": "Poll",
        },
    },
}


def laid_out_picture(definition: dict[str, Any]) -> Picture:
    picture = picture_of(definition)
    lay_out(picture)
    return picture


def all_pictures(picture: Picture) -> list[Picture]:
    return [picture, *(each for box in picture.boxes.values() for inner in box.inside for each in all_pictures(inner))]


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_boxes_do_not_overlap_and_arrows_end_at_them(path: Path) -> None:
    for picture in all_pictures(laid_out_picture(json.loads(path.read_text()))):
        for a, b in combinations(picture.boxes.values(), 2):
            apart = abs(a.x - b.x) >= (a.width + b.width) / 2 or abs(a.y - b.y) >= (a.height + b.height) / 2
            assert apart, (a.name, b.name)
        for arrow in picture.arrows:
            for end, (x, y) in ((arrow.source, arrow.points[0]), (arrow.target, arrow.points[-1])):
                box = picture.boxes[end]
                assert abs(x - box.x) <= box.width / 2
                assert abs(y - box.y) == pytest.approx(box.height / 2)


def test_arrows_point_down_except_one_in_each_cycle() -> None:
    picture = laid_out_picture(LOOP)
    up = [(arrow.source, arrow.target) for arrow in picture.arrows if arrow.points[0][1] > arrow.points[-1][1]]
    assert ("Start", "Poll") in up
    assert picture.boxes[START].y < picture.boxes["Poll"].y < picture.boxes["Start"].y
    assert {"Start", START, END} <= set(picture.boxes)


def test_every_state_and_transition_is_in_the_svg() -> None:
    svg = ElementTree.fromstring(draw(LOOP))
    names = {each.get("data-state") for each in svg.iter() if each.get("data-state")}
    arrows = [each for each in svg.iter() if (each.get("class") or "").startswith("arrow")]
    assert names == {"Poll", "Start"}
    assert len(arrows) == 4
    assert "http" not in draw(LOOP).replace("http://www.w3.org/2000/svg", "")


def test_state_names_are_escaped() -> None:
    name = '<script>"&'
    svg = draw({"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}})
    assert "<script>" not in svg
    assert [each.get("data-state") for each in ElementTree.fromstring(svg).iter() if each.get("data-state")] == [name]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"Variable": "$.n", "NumericGreaterThanEquals": 3}, "$.n ≥ 3"),
        ({"Variable": "$.s", "StringMatches": "a*"}, '$.s ~ "a*"'),
        ({"Variable": "$.s", "StringEqualsPath": "$.t"}, '$.s = "$.t"'),
        ({"Variable": "$.s", "IsPresent": False}, "$.s is not present"),
        ({"Not": {"Variable": "$.s", "IsNull": True}}, "not $.s is null"),
        ({"Condition": "{% $n > 3 %}"}, "$n > 3"),
        (
            {"Or": [{"Variable": "$.a", "BooleanEquals": True}, {"Variable": "$.b", "IsString": True}]},
            "$.a = true or $.b is string",
        ),
    ],
)
def test_the_text_of_a_choice_rule(rule: dict[str, Any], text: str) -> None:
    assert condition_text(rule) == text


def test_the_path_of_an_execution_is_read_from_its_history() -> None:
    def event(number: int, previous: int, kind: str, name: str) -> dict[str, Any]:
        suffix = "Entered" if kind.endswith("Entered") else "Exited"
        return {"id": number, "previousEventId": previous, "type": kind, f"state{suffix}EventDetails": {"name": name}}

    path = taken_path(
        [
            {"id": 1, "previousEventId": 0, "type": "ExecutionStarted"},
            event(2, 0, "PassStateEntered", "A"),
            event(3, 2, "PassStateExited", "A"),
            event(4, 3, "TaskStateEntered", "B"),
            {"id": 5, "previousEventId": 4, "type": "ExecutionFailed"},
        ]
    )
    assert path.states == {"A": "done", "B": "failed"}
    assert {(START, "A", False), ("A", "B", False)} <= path.transitions


@pytest.mark.parametrize(("fails", "left_by"), [(True, "catch"), (False, "next")])
def test_of_two_arrows_to_the_same_state_only_the_taken_one_is_coloured(fails: bool, left_by: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    states = {"A": {"Type": "Task", "Resource": "${A}", "Next": "B", "Catch": catch}, "B": {"Type": "Succeed"}}
    definition = {"StartAt": "A", "States": states}

    def work(event: Any) -> None:
        if fails:
            raise KeyError

    arrows = re.findall(
        r'class="arrow ([a-z ]+)"', draw(definition, asl.load(definition).run(tasks={"A": work}).history)
    )
    other = "next" if left_by == "catch" else "catch"
    assert f"{left_by} taken" in arrows
    assert arrows.count(other) == 1  # plain, not taken


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(0.5, 9), st.floats(0, 99)), min_size=1, max_size=12))
def test_places_keep_their_gaps(nodes: list[tuple[float, float, float]]) -> None:
    preferred, weights, gaps = ([each[i] for each in nodes] for i in range(3))
    positions = place_near(preferred, weights, gaps[:-1])
    for left, right, gap in zip(positions, positions[1:], gaps, strict=False):
        assert right - left >= gap - 1e-6
