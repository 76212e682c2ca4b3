"""What real clients send and other servers refuse, forget or answer otherwise: named, and nothing told of what is none."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from chatproof.analysis.comparison import document
from chatproof.analysis.comparison.difference import NOTE, Difference
from chatproof.analysis.comparison.own_shapes import spared
from chatproof.surfaces.chat.request_parts import parts_of
from chatproof.surfaces.own.optional import without
from chatproof.surfaces.own.smallest_refusal import MOST, Answer, Explained, Search
from tests.migration.front import refusing
from tests.migration.modes import Body, chat, say, talk, tool
from tests.migration.more_modes import BREAK, CONTROLS, IGNORED, MORE, Control, Ignored, More
from tests.migration.test_modes import BESIDE, error, searched
from tests.migration.test_own_requests import asked, nothing, own


def found(mode: More, body: Body, words: str) -> Explained:
    """What a search finds where the server has these words for what it refuses."""

    def ask(smaller: Body) -> Answer:
        said = mode.refuses(smaller)
        return Answer(said is None, None if said is None else error(words or said))

    first = mode.refuses(body)
    assert first, "the server answers the request: nothing is asked here"
    return searched(Search(body, parts_of(body)), error(words or first), ask)


@pytest.mark.parametrize("mode", MORE, ids=lambda mode: mode.id)
@pytest.mark.parametrize("words", ["", "Bad Request"], ids=["in-words", "silent"])
@pytest.mark.parametrize("beside", [{}, BESIDE], ids=["alone", "among-others"])
def test_what_is_refused_is_named(mode: More, words: str, beside: Body) -> None:
    body = {**beside, **mode.body}
    explained = found(mode, body, words)
    named = " | ".join(part.name for part in explained.parts)
    assert re.search(mode.named, named), named
    assert 1 <= explained.asked <= MOST
    assert any(part.needed for part in explained.parts) == (mode.effect == BREAK)
    changed = copy.deepcopy(body)
    for part in explained.parts:
        part.change(changed)
    assert mode.refuses(changed) is None, "with the change that is told it is answered"


def test_a_part_that_is_refused_alone_is_not_said_to_be_refused_beside_another() -> None:
    mode = More(
        "tools",
        "",
        next(mode.body for mode in MORE if mode.id == "schema-beside-tools"),
        lambda b: "no tools" if b.get("tools") else None,
        "",
    )
    assert {"tools", "response_format"} <= mode.body.keys()
    for words in ("", "Bad Request"):
        assert [part.name for part in found(mode, mode.body, words).parts] == ["`tools`"]


def test_what_only_some_servers_want_is_tried_where_they_name_it() -> None:
    """A member that one server wants is refused by another: it is no part of the plainest form."""
    wanted = "The `reasoning_content` in the thinking mode must be passed back to the API."
    body = next(mode.body for mode in MORE if mode.id == "calls-in-one-message")

    def wants(asked: Body) -> str | None:
        calls = [message for message in asked["messages"] if message.get("tool_calls")]
        return wanted if any("reasoning_content" not in message for message in calls) else None

    [part] = found(More("wants", "", body, wants, ""), body, "").parts
    assert (
        part.name == "tool calls in the conversation without `reasoning_content`"
        and part.instead == "with a text there"
    )

    def refuses(asked: Body) -> str | None:
        return "extra_forbidden" if "reasoning_content" in repr(asked) else "no" if "tool_choice" in asked else None

    silent = {**body, "tool_choice": "auto"}
    assert [part.name for part in found(More("", "", silent, refuses, ""), silent, "").parts] == ["`tool_choice` auto"]


def test_there_are_47_and_8_controls() -> None:
    assert len({mode.id for mode in (*MORE, *IGNORED)}) == len(MORE) + len(IGNORED) == 47
    assert len({row.id for row in CONTROLS}) == len(CONTROLS) == 8


def differences(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in made["differences"] if row["effect"] in ("breaks", "change")]


def moved(row: Ignored | Control | More, **b: Any) -> dict[str, Any]:
    refuses = b.pop("refuses", nothing)
    with refusing(nothing) as here, refusing(refuses, **b) as there:
        runs = [asked(side.target, own(row.body)) for side in (here, there)]
    return document.build(runs, frozenset(), "2026-11-29T00:00:00.000Z")


@pytest.mark.parametrize("row", IGNORED, ids=lambda row: row.id)
def test_what_is_taken_and_not_done_is_told(row: Ignored) -> None:
    told = [one for one in differences(moved(row, takes=row.forgets)) if one["probes"] == ["request.1"]]
    assert told and re.search(row.named, f"{told[0]['clauses']} {told[0]['a']} {told[0]['b']} {told[0]['change']}")
    assert {one["effect"] for one in told} == {row.effect}


@pytest.mark.parametrize("row", CONTROLS, ids=lambda row: row.id)
def test_what_needs_no_change_is_not_told(row: Control) -> None:
    reached = []

    def takes(body: Body) -> Body:
        return row.takes(body) if body["messages"] == row.body["messages"] else body

    def answers(body: Body, reply: Body) -> Body:
        if body["messages"] != row.body["messages"]:
            return reply
        reached.append(1)
        return row.answers(reply)

    made = moved(row, takes=takes, answers=answers)
    assert (differences(made), made["decision"]) == ([], "GO")
    assert reached, "the reply of the request was the one that was changed"


def test_an_error_under_200_and_one_of_500_are_refusals() -> None:
    for mode in (mode for mode in MORE if mode.status != 400):
        said = {"message": "Something", "type": "server_error", "param": None, "code": None}

        def refuses(body: Body, mode: More = mode, said: Body = said) -> tuple[int, Any] | None:
            return (mode.status, {"error": said}) if mode.refuses(body) else None

        made = moved(mode, refuses=refuses)
        assert made["decision"] == "GO WITH CHANGES"
        assert re.search(mode.named, differences(made)[0]["change"])


@pytest.mark.parametrize(("needed", "effect"), [([], NOTE), (["`response_format` json_object"], BREAK)])
def test_an_ability_that_their_request_reaches_with_a_told_change_is_no_break(needed: list[str], effect: str) -> None:
    """json_object is refused, and their request with json_schema in its place is answered: that is the change."""
    lost = Difference(
        "capability", ("json_object",), "status", "done", "clearly refused", BREAK, "x", (), "json_object"
    )
    refused = {"parts": ["`response_format` json_object"], "needed": needed}
    shape = [["$.response_format.type", "string=json_object"]]
    run = {"requests": [{"probe": "request.1", "shape": shape, "refused": refused}], "findings": []}
    assert spared(lost, run, frozenset()).effect == effect
    assert spared(lost, run, frozenset({"json_object"})).effect == BREAK


def test_a_picture_is_not_lost_with_the_form_of_its_message() -> None:
    """Where parts are refused as a form, the message with an image cannot be written as one text."""
    picture = next(mode.body for mode in MORE if mode.id == "picture-detail")
    joined = [part for part in parts_of(picture) if "list of parts" in part.name]
    assert joined and "image_url" in repr(without(picture, joined))


def test_calls_of_their_own_keep_their_results_and_ids() -> None:
    body = next(mode.body for mode in MORE if mode.id == "calls-in-one-message")
    [part] = [part for part in parts_of(body) if "several calls" in part.name]
    messages = without(body, [part])["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant", "tool", "assistant", "tool"]
    assert messages[1]["tool_calls"][0]["id"] == messages[2]["tool_call_id"]
    assert messages[3]["tool_calls"][0]["id"] == messages[4]["tool_call_id"]


def test_a_renamed_tool_has_its_new_name_everywhere() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "a.b", "arguments": "{}"}}
    body = talk(
        say("user", "Look."),
        say("assistant", None, tool_calls=[call]),
        {"role": "tool", "tool_call_id": "c", "name": "a.b", "content": "found"},
        tools=[tool(name="a.b"), tool(name="good")],
        tool_choice={"type": "function", "function": {"name": "a.b"}},
    )
    changed = without(body, [part for part in parts_of(body) if part.instead == "renamed"])
    assert "a.b" not in repr(changed) and repr(changed).count("tool_0") == 4 and "good" in repr(changed)


def test_odd_requests_are_read() -> None:
    """A request of the user's may hold anything: no part may stumble over it."""
    odd: list[Any] = [None, 1, "x", [], {}, [None], [1], [{}], {"function": 1}, [{"function": {"name": 1}}]]
    for value in odd:
        for name in ("tools", "tool_choice", "response_format", "messages", "stream", "stop", "n"):
            body = chat(tools=[tool()]) | {name: value}
            without(body, parts_of(body))
        for name in ("role", "content", "tool_calls", "name", "tool_call_id"):
            body = talk(say("user", "Hello."), {**say("assistant", "x"), name: value}, say("user", "Well?"))
            without(body, parts_of(body))
