"""What agents rely on: texts in arguments over two replies, and usual requests whose refusal is explained."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof.analysis.comparison import document
from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, UNDECIDED, Context
from chatproof.evidence.reply import Reply
from chatproof.running.plan import Settings
from chatproof.running.run import run
from chatproof.surfaces.chat.clauses.validate import agents
from chatproof.surfaces.chat.probes_more import URL
from chatproof.surfaces.chat.surface import SURFACE
from chatproof.target import profile
from chatproof.target.target import check
from tests.migration.front import Refuses, refusing
from tests.support import exchange, from_example

OTHER = URL.replace("example.com", "example.net")


def intact(plain: str, streamed: str) -> str:
    """The outcome where the link came back as these texts; "" for no reply, "-" for one without calls."""
    replies: dict[str, Reply] = {}
    for probe, url in (("tools.parallel", plain), ("tools.parallel.stream", streamed)):
        calls = () if url == "-" else (agents._made("record_link", 1, url=url, path=agents.PATH),)
        example = agents._streamed(*range(len(calls)), calls=calls) if "stream" in probe else agents._plain(*calls)
        if url:
            replies[probe] = Reply(exchange(probe, from_example(example)))
    context = Context(profile.load("generic"), "m", None, replies, SURFACE)
    return agents.intact(replies["tools.parallel"], context).outcome


@pytest.mark.parametrize(
    ("plain", "streamed", "wanted"),
    [
        (URL, URL, HOLDS),
        (OTHER, OTHER, BROKEN),
        (OTHER, URL, UNDECIDED),  # a model may copy badly, once
        (URL, OTHER, UNDECIDED),
        (OTHER, OTHER + "x", UNDECIDED),
        (OTHER, "", UNDECIDED),
        (URL, "", HOLDS),
        ("-", "-", NOT_APPLICABLE),
    ],
)
def test_a_rewritten_text_is_one_that_comes_twice(plain: str, streamed: str, wanted: str) -> None:
    assert intact(plain, streamed) == wanted


def no(name: str) -> Refuses:
    def refuses(body: dict[str, Any]) -> tuple[int, Any] | None:
        if f'"{name}"' not in json.dumps(body):
            return None
        return 400, {"error": {"message": f"Unsupported parameter: '{name}'", "param": name}}

    return refuses


def validated(refuses: Refuses) -> dict[str, Any]:
    with refusing(refuses) as server:
        return run(check(server.target), Settings(kind="validate", stream=True), environ={}).document


@pytest.fixture(scope="module")
def good() -> dict[str, Any]:
    return validated(lambda body: None)


@pytest.mark.parametrize("name", ["presence_penalty", "parallel_tool_calls", "anyOf"])
def test_what_is_usual_and_refused_is_named_and_no_break(good: dict[str, Any], name: str) -> None:
    made = validated(no(name))
    assert (made["verdict"], made["diagnoses"]) == ("GO", [])
    (row,) = made["explained"]
    assert name in row["sentence"] and row["asked"] == 1 and "explained" not in good
    assert any(row["sentence"] in note for note in made["notes"])
    compared = document.build([good, made], frozenset(), "2026-11-28T00:00:00.000Z")
    assert compared["decision"] == "GO WITH CHANGES"
    assert [d["kind"] for d in compared["differences"] if d["effect"] != "note"] == ["request"]
    assert name in compared["candidates"][0]["changes"][0]
    assert document.build([made, good], frozenset(), "2026-11-28T00:00:00.000Z")["decision"] == "GO"


def test_headers_of_an_sdk_are_named_where_the_plain_request_is_answered() -> None:
    with refusing(lambda body: None) as server:
        made = run(check(server.target), Settings(kind="validate", stream=True), environ={})
    sent = next(x for x in made.document["exchanges"] if x["probe"] == "usual.sdk")
    assert sent["request"]["header_names"].count("User-Agent") == 1
    assert "X-Stainless-Lang" in sent["request"]["header_names"]


def test_a_forced_call_that_is_refused_is_tried_without_force(good: dict[str, Any]) -> None:
    def refuses(body: dict[str, Any]) -> tuple[int, Any] | None:
        if not isinstance(body.get("tool_choice"), dict):
            return None
        return 400, {"error": {"message": "deepseek-reasoner does not support this tool_choice"}}

    made = validated(refuses)
    states = {row["name"]: row["state"] for row in made["capabilities"]}
    assert (made["verdict"], states["tools"], states["tool_choice"]) == ("GO", "supported", "unsupported")
    probes = [x["probe"] for x in made["exchanges"]]
    assert {"refused.tools", "tools", "tools.result", "refused.tools.stream", "tools.stream"} <= set(probes)
    compared = document.build([good, made], frozenset(), "2026-11-28T00:00:00.000Z")
    assert compared["decision"] == "GO WITH CHANGES"
    told = [d["subject"] for d in compared["differences"] if d["effect"] != "note"]
    assert told == ["tool_choice"]


def test_tools_that_are_refused_are_not_tried_twice() -> None:
    made = validated(no("tools"))
    assert not any(x["probe"].startswith("refused.") for x in made["exchanges"])
