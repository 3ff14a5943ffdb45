"""Intrinsic functions.

Page: intrinsic-functions.html; states-language.net, Appendix B. Each case follows the function's own paragraph there.
"""

from __future__ import annotations

import hashlib
import uuid
from random import Random
from typing import Any

import pytest

from asl.language.errors import StatesError
from asl.language.intrinsics import InvalidIntrinsic, compile_intrinsic
from asl.language.scope import Scope

INPUT = {
    "name": "Ada",
    "nested": {"a": 1, "b": [True, None, "x"], "c": {"d": 1.5}},
    "numbers": [3, 1, 3, 2.0, 2, True],
    "text": '{"a": [1, 2]}',
    "half": 2.5,
    "minus": -2.5,
}


def evaluate(text: str, seed: int = 1) -> Any:
    return compile_intrinsic(text)(
        Scope(INPUT, {"Execution": {"Name": "run-7"}}, {"left": {"k": 1}}, random=Random(seed))
    )


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("States.Format('Hello {}, {}', $.name, 3)", "Hello Ada, 3"),
        ("States.Format('{}', $.nested)", "{a=1, b=[true, null, x], c={d=1.5}}"),
        (r"States.Format('\{\} it\'s {} \\', true)", "{} it's true \\"),
        ("States.Format($$.Execution.Name)", "run-7"),
        ("States.Format('{}', 1e10)", "1.0E10"),
        ("States.Format('{}', 0.00012)", "1.2E-4"),
        ("States.StringToJson($.text)", {"a": [1, 2]}),
        ("States.StringToJson('  ')", None),
        ("States.JsonToString($.nested)", '{"a":1,"b":[true,null,"x"],"c":{"d":1.5}}'),
        ("States.Array()", []),
        ("States.Array(1, 'two', $.name, null, false)", [1, "two", "Ada", None, False]),
        ("States.ArrayPartition($.numbers, 4)", [[3, 1, 3, 2.0], [2, True]]),
        ("States.ArrayContains($.numbers, 2)", True),
        ("States.ArrayContains($.numbers, 'x')", False),
        ("States.ArrayContains(States.Array(1), true)", False),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(5, 1, -2)", [5, 3, 1]),
        ("States.ArrayRange(3, 1, 1)", []),
        ("States.ArrayGetItem($.numbers, 1)", 1),
        ("States.ArrayLength($.numbers)", 6),
        ("States.ArrayUnique(States.Array(1, 2, 1, '1'))", [1, 2, "1"]),
        ("States.Base64Encode('Ünï')", "w5xuw68="),
        ("States.Base64Decode('w5xuw68=')", "Ünï"),
        ("States.JsonMerge($left, $.nested, false)", {"k": 1, "a": 1, "b": [True, None, "x"], "c": {"d": 1.5}}),
        ("States.MathAdd(40, 2)", 42),
        ("States.MathAdd($.half, 0)", 3),
        ("States.MathAdd($.minus, 0)", -2),
        ("States.StringSplit('a-b,c--d', '-,')", ["a", "b", "c", "d"]),
        ("States.StringSplit('whole', ':')", ["whole"]),
        ("States.ArrayGetItem(States.StringSplit('2026-03-01', '-'), 1)", "03"),
    ],
)
def test_results_of_functions(call: str, value: Any) -> None:
    assert evaluate(call) == value


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"])
def test_hashes(algorithm: str) -> None:
    expected = hashlib.new(algorithm.replace("-", ""), b"Ada").hexdigest()
    assert evaluate(f"States.Hash($.name, '{algorithm}')") == expected


def test_a_uuid_has_version_4_and_follows_the_seed() -> None:
    first = evaluate("States.UUID()", seed=5)
    assert uuid.UUID(first).version == 4
    assert first == evaluate("States.UUID()", seed=5)
    assert first != evaluate("States.UUID()", seed=6)


def test_a_random_number_lies_in_its_range_and_follows_its_seed() -> None:
    drawn = [evaluate("States.MathRandom(3, 6)", seed) for seed in range(60)]
    assert set(drawn) == {3, 4, 5}
    assert evaluate("States.MathRandom(1, 9999, 7)", seed=1) == evaluate("States.MathRandom(1, 9999, 7)", seed=2)


@pytest.mark.parametrize(
    "call",
    [
        "States.Format('{} {}', 1)",
        "States.Format('none', 1)",
        "States.ArrayGetItem($.numbers, 99)",
        "States.ArrayGetItem($.numbers, -1)",
        "States.ArrayLength('text')",
        "States.ArrayPartition($.numbers, 0)",
        "States.ArrayRange(1, 2000, 1)",
        "States.ArrayRange(1, 2, 0)",
        "States.Base64Decode('%%%')",
        "States.Hash('x', 'SHA-3')",
        "States.JsonMerge($.nested, $.nested, true)",
        "States.JsonMerge('x', $.nested, false)",
        "States.MathAdd('1', 2)",
        "States.MathAdd(true, 2)",
        "States.MathRandom(5, 5)",
        "States.StringToJson('{')",
        "States.StringSplit(1, ',')",
    ],
)
def test_invalid_arguments_raise_an_intrinsic_failure(call: str) -> None:
    with pytest.raises(StatesError) as caught:
        evaluate(call)
    assert caught.value.error == "States.IntrinsicFailure"


def test_at_most_ten_thousand_characters_are_encoded() -> None:
    call = compile_intrinsic("States.Base64Encode($)")
    assert len(call(Scope("x" * 10_000, {}))) == 13_336
    with pytest.raises(StatesError):
        call(Scope("x" * 10_001, {}))


@pytest.mark.parametrize(
    "text",
    [
        "States.Nothing()",
        "States.UUID(1)",
        "States.MathAdd(1)",
        "States.Format()",
        "States.Array(1,)",
        "States.Array(1 2)",
        "States.Array(1",
        "States.Array(1) more",
        "States.Array($.a[)",
        "States.Array('open)",
        r"States.Array('a\"b')",
        'States.Array("double")',
        "States.Array(1.)",
        "States.Array(" * 11 + ")" * 11,
    ],
)
def test_invalid_syntax_is_rejected_when_compiled(text: str) -> None:
    with pytest.raises(InvalidIntrinsic):
        compile_intrinsic(text)


def test_paths_may_contain_commas_and_brackets() -> None:
    call = compile_intrinsic("States.ArrayLength($.rows[?(@.name == 'a,b)' && @.n in [1, 2])])")
    assert call(Scope({"rows": [{"name": "a,b)", "n": 2}, {"name": "c", "n": 1}]}, {})) == 1
