"""The shape of a body: paths and types, never text."""

import pytest

from chatproof.evidence.json_shape import MOST_PATHS, Change, changes, shape, words


def test_arrays_are_folded_and_types_joined() -> None:
    value = {"choices": [{"index": 0, "n": None}, {"index": 1.5, "n": "text"}]}
    assert shape([value]) == [
        ["$", "object"],
        ["$.choices", "array"],
        ["$.choices[]", "object"],
        ["$.choices[].index", "integer|number"],
        ["$.choices[].n", "null|string"],
    ]


def test_words_of_the_protocol_are_shown_and_nothing_else_is() -> None:
    value = {"role": "assistant", "content": "secret text", "finish_reason": "a sentence", "type": "x" * 60}
    assert dict(shape([value])) == {  # type: ignore[arg-type]
        "$": "object",
        "$.role": "string=assistant",
        "$.content": "string",
        "$.finish_reason": "string",
        "$.type": "string",
    }


def test_chunks_are_one_shape() -> None:
    assert shape([{"a": 1}, {"b": True}]) == [["$", "object"], ["$.a", "integer"], ["$.b", "boolean"]]


def test_names_are_escaped_and_cut() -> None:
    assert shape([{"a b\x1b": 1}])[1] == ['$["a b\\x1b"]', "integer"]
    assert len(shape([{"x" * 1000: 1}])[1][0]) < 80


def test_a_wide_or_deep_body_is_bounded() -> None:
    rows = shape([{f"n{number}": number for number in range(5000)}])
    assert len(rows) == MOST_PATHS + 1
    assert rows[-1] == ["…", "more paths"]
    deep: list[object] = []
    for _ in range(500):
        deep = [deep]
    assert len(shape([deep])) < 20  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 2}, []),
        ({"a": 1}, {}, [("lost", "$.a", "integer", "")]),
        ({}, {"a": 1}, [("added", "$.a", "", "integer")]),
        ({"a": 1}, {"a": "1"}, [("retyped", "$.a", "integer", "string")]),
        ({"a": {"b": 1, "c": {"d": 2}}}, {}, [("lost", "$.a", "object", "")]),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, [("lost", "$.a.b", "integer", ""), ("added", "$.a.c", "", "integer")]),
        ({"a": None}, {"a": {"b": 1}}, []),
        ({"a": {"b": 1}}, {"a": None}, [("retyped", "$.a", "object", "null")]),
        ({"a": {"b": 1}}, {"a": "b"}, [("retyped", "$.a", "object", "string")]),
        ({"a": []}, {"a": [{"b": 1}]}, []),
        ({"a": [{"b": 1}]}, {"a": []}, []),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}]}, []),
        ({"a": [{"b": 1}]}, {"a": [{"c": 1}]}, [("lost", "$.a[].b", "integer", ""), ("added", "$.a[].c", "", "integer")]),
        ({"a": 1, "a b": 2}, {"a": 1}, [("lost", '$["a b"]', "integer", "")]),
        ({"role": "assistant"}, {"role": "bot"}, []),
        ([], {}, [("retyped", "$", "array", "object")]),
    ],
)  # fmt: skip
def test_changes(before: object, after: object, expected: list[tuple[str, str, str, str]]) -> None:
    rows = shape([before]), shape([after])  # type: ignore[list-item]
    assert changes(*rows) == [Change(*change) for change in expected]
    assert changes(rows[0], rows[0]) == []


def test_words_of_a_member() -> None:
    rows = shape([{"choices": [{"finish_reason": "stop"}, {"finish_reason": "length"}, {"finish_reason": None}]}])
    assert words(rows, "finish_reason") == {"stop", "length"}
    assert words(rows, "role") == set()


def test_long_names_do_not_fill_the_record() -> None:
    """Names of the server's choosing, nested: each path may be long, all together may not."""

    def nest(depth: int, seed: str) -> object:
        return {f"\u6f22{seed}{i}" * 12: nest(depth - 1, f"{seed}{i}") for i in range(4)} if depth else 1

    rows = shape([nest(6, "n")])
    assert sum(len(path) for path, _ in rows) < 20_000 and rows[-1] == ["…", "more paths"]
