"""A table of types is held to values of any shape: what stands in no object is not looked at."""

import pytest

from chatproof.evidence.field_types import ABSENT, ARRAY, NULL, NUMBER, OBJECT, STRING, misfit
from chatproof.wire.strictjson import Json


@pytest.mark.parametrize(
    ("value", "wanted", "fits"),
    [
        ({"a": "x"}, STRING, True),
        ({"a": 7}, STRING, False),
        ({}, STRING, False),
        ({}, STRING + NULL, True),
        ({}, STRING + ABSENT, True),
        ({"a": None}, NUMBER + NULL, True),
        ({"a": None}, NUMBER + ABSENT, False),
        ({"a": True}, NUMBER, False),
        ({"a": 0.5}, NUMBER, True),
        ({"a": []}, ARRAY, True),
        ({"a": {}}, OBJECT, True),
        ({"a": []}, OBJECT + NULL, False),
    ],
)
def test_types(value: dict[str, Json], wanted: str, fits: bool) -> None:
    assert misfit(value, {"a": wanted}) == (("", "") if fits else ("a", wanted))
    assert misfit({"in": value}, {"in.a": wanted}) == (("", "") if fits else ("in.a", wanted))


@pytest.mark.parametrize("value", [None, 7, "x", [], {"in": 7}, {"in": None}, {"in": ["a"]}, {}])
def test_what_stands_in_no_object_is_not_looked_at(value: Json) -> None:
    assert misfit(value, {"in.a": STRING, "in.b.c": STRING}) == ("", "")
