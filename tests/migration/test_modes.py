"""What another server refuses of a request is named, in its own words or none, within eight more requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from chatproof.evidence.provider_error import ProviderError
from chatproof.surfaces.chat.request_parts import parts_of
from chatproof.surfaces.own.form import CAP
from chatproof.surfaces.own.optional import without
from chatproof.surfaces.own.smallest_refusal import MOST, Answer, Explained, Search
from tests.migration.modes import MODES, Body, Mode, chat, tool

BESIDE: Body = {"temperature": 0.7, "top_p": 0.9, "user": "u", "seed": 1, "presence_penalty": 0.0, "stop": ["x"]}
"""Fields beside the refused one: what is named must be that one, and not the first that is left out."""


def error(words: str) -> ProviderError:
    return ProviderError("$.error", words, "", "invalid_request_error", "")


def searched(search: Search, first: ProviderError | None, ask: Callable[[Body], Answer | None]) -> Explained:
    """What a search finds where each smaller request is answered by `ask`."""
    steps = search.run(first)
    try:
        body = next(steps)
        while True:
            body = steps.send(ask(body))
    except StopIteration as end:
        assert isinstance(end.value, Explained)
        return end.value


def asked(mode: Mode, body: Body, *, silent: bool) -> tuple[str, int, bool]:
    """(the parts that are named, requests that it took, the request without them is answered)."""

    def ask(smaller: Body) -> Answer:
        words = mode.refuses(smaller)
        return Answer(words is None, None if words is None else error("Bad Request" if silent else words))

    words = mode.refuses(body)
    assert words is not None, "the server answers the request: nothing is asked here"
    search = Search(body, parts_of(body))
    found = searched(search, error("Bad Request" if silent else words), ask)
    answered = mode.refuses(without(body, [part for part in search.parts if part in found.parts])) is None
    return " | ".join(part.name for part in found.parts), found.asked, answered


def test_there_are_44() -> None:
    assert len({mode.id for mode in MODES}) == len(MODES) == 44


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.id)
@pytest.mark.parametrize("silent", [False, True], ids=["in-words", "silent"])
@pytest.mark.parametrize("crowded", [False, True], ids=["alone", "among-others"])
def test_what_is_refused_is_named(mode: Mode, silent: bool, crowded: bool) -> None:
    body = {**BESIDE, **mode.body} if crowded else mode.body
    named, cost, answered = asked(mode, body, silent=silent)
    assert re.search(mode.named, named), named
    assert " | " not in named, "one part is refused, and one is named"
    assert answered and 1 <= cost <= MOST


def test_two_refused_fields_are_both_named() -> None:
    def refuses(body: Body) -> str | None:
        return next((f"Unsupported parameter: '{n}'" for n in ("top_p", "seed") if n in body), None)

    mode = Mode("two", chat(**BESIDE), refuses, "")
    for silent in (False, True):
        named, cost, answered = asked(mode, mode.body, silent=silent)
        assert "top_p" in named and "seed" in named and answered and cost <= MOST


def test_a_refusal_of_everything_names_nothing() -> None:
    mode = Mode("all", chat(**BESIDE), lambda body: "We do not serve you.", "")
    named, cost, answered = asked(mode, mode.body, silent=False)
    assert (named, answered) == ("", False) and cost <= MOST
    found = searched(Search(mode.body, parts_of(mode.body)), error("no"), lambda body: Answer(False, error("no")))
    assert "even its plainest form is refused" in found.sentence


def test_a_field_that_the_words_blame_wrongly_is_not_believed() -> None:
    mode = Mode("lie", chat(**BESIDE), lambda b: "temperature is not supported" if "seed" in b else None, "")
    named, cost, answered = asked(mode, mode.body, silent=False)
    assert "seed" in named and answered and cost <= MOST


def test_no_answer_ends_the_search_and_claims_nothing() -> None:
    found = searched(Search(chat(seed=7), parts_of(chat(seed=7))), error("seed: no"), lambda body: None)
    assert (found.parts, found.asked) == ((), 1)
    assert "it answers" not in found.sentence


def test_the_request_itself_is_never_changed() -> None:
    for mode in MODES:
        before = repr(mode.body)
        for part in parts_of(mode.body):
            without(mode.body, [part])
        without(mode.body, parts_of(mode.body))
        assert repr(mode.body) == before


def test_names_say_nothing_that_the_user_wrote() -> None:
    canary = "CANARY7"
    body: dict[str, Any] = chat(
        tools=[tool({"type": "string", "description": canary, "enum": [canary]}, name=canary), tool(name=canary)],
        tool_choice={"type": "function", "function": {"name": canary}},
        stop=[canary, canary],
        user=canary,
        metadata={canary: canary},
        response_format={
            "type": "json_schema",
            "json_schema": {"name": canary, "schema": {"properties": {canary: {}}}},
        },
        **{f"{canary} is no name": canary},
    )
    body["messages"] = [
        {"role": "user", "name": canary, "content": canary, f"{canary} {canary}": 1},
        {"role": "assistant", "content": None, "tool_calls": [{"id": canary, "function": {"name": canary}}]},
    ]
    assert [part.name for part in parts_of(body) if canary in part.name + part.instead] == []


def test_a_property_called_like_a_keyword_is_none() -> None:
    schema = {"type": "object", "properties": {"enum": {"type": "string"}, "format": {"type": "string"}}}
    names = [part.name for part in parts_of(chat(tools=[tool(schema)]))]
    assert not any("enum" in name or "format" in name for name in names)


def test_a_cap_is_lowered_and_not_raised() -> None:
    assert without(chat(max_tokens=9000), parts_of(chat(max_tokens=9000))[:1])["max_tokens"] == CAP
    assert not any("with 16" in part.instead for part in parts_of(chat(max_tokens=8)))
