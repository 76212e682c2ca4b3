"""How the pieces of a streamed call are joined: as clients do, and in time that grows with their number alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chatproof.surfaces.chat.said import calls_of
from tests.pace import within


def streamed(*pieces: dict[str, Any]) -> Any:
    return SimpleNamespace(kind="sse", chunks=[{"choices": [{"delta": {"tool_calls": [piece]}}]} for piece in pieces])


def piece(arguments: Any, index: Any = 0, **more: Any) -> dict[str, Any]:
    return {"index": index, **more, "function": {"arguments": arguments}}


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        (["", '{"a"', ":1}"], '{"a":1}'),
        ([None, "{}", None], "{}"),
        ([{"a": 1}], {"a": 1}),
        (["{", {"a": 1}], {"a": 1}),
        ([[1], "x"], "[1]x"),
        ([], ""),
    ],
)
def test_pieces_are_joined(pieces: list[Any], arguments: Any) -> None:
    [call] = calls_of(streamed({"index": 0, "id": "c", "function": {"name": "f"}}, *map(piece, pieces)))
    assert (call.id, call.name, call.arguments, call.trouble) == ("c", "f", arguments, None)


def test_calls_are_told_apart_by_index_and_an_index_of_two_ids_is_told() -> None:
    both = calls_of(streamed(piece("b", 1, id="two"), piece("a", 0, id="one"), piece("B", 1), piece("A", 0)))
    assert [(call.id, call.arguments) for call in both] == [("one", "aA"), ("two", "bB")]
    [call] = calls_of(streamed(piece("a", 0, id="one"), piece("b", 0, id="two")))
    assert call.trouble is not None and call.arguments == "a"
    [call] = calls_of(streamed(piece("a", 0), piece("b", "1")))
    assert call.trouble is not None and call.trouble[2] == "1"


def test_sixty_thousand_pieces_cost_little() -> None:
    """A minute, when each piece made a new text of all that were before."""
    many = streamed(*(piece("x" * 100) for _ in range(60_000)))
    with within(0.8):
        [call] = calls_of(many)
    assert call.arguments == "x" * 6_000_000
