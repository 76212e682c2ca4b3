"""What is said of values whose type is right: names of models, lost spaces, requests of every day, counts of tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, VALIDATE, Context, Example, Outcome
from chatproof.contract.probe import REFUSED_FORM, STREAM
from chatproof.evidence.reply import Reply
from chatproof.running.plan import Settings
from chatproof.simulator import embeddings_faults, embeddings_side, messages_side, responses_side
from chatproof.simulator.fault import GO, Fault, error
from chatproof.surfaces import surface_of
from chatproof.surfaces.answering_model import are_related
from chatproof.surfaces.garbled import run_together
from chatproof.surfaces.text_to_repeat import UNICODE
from chatproof.target import profile
from tests import in_process
from tests.support import exchange, from_example

SIDES = {"responses": responses_side.SIDE, "messages": messages_side.SIDE}
JSON = "application/json"
NOT_FOUND = Example(404, JSON, b'{"type":"error","error":{"type":"not_found_error","message":"Not found"}}')


def judged(api: str, id: str, example: Example, model: str = "m", **others: Example) -> Outcome:
    """What a clause says of a reply, beside others by their probes (`__` for a dot)."""
    surface = surface_of(api)
    clause = surface.clauses(VALIDATE)[id]
    known = {clause.probe: example, **{name.replace("__", "."): one for name, one in others.items()}}
    replies = {probe: Reply(exchange(probe, from_example(one), api=api)) for probe, one in known.items()}
    return clause.judge(replies[clause.probe], Context(profile.load("generic"), model, None, replies, surface))


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("openai/gpt-4o", "gpt-4o"),
        ("qwen-max", "qwen3-max-2025"),
        ("claude-sonnet-4-5", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("gpt-4-turbo-preview", "gpt-4-0125-preview"),
        ("Qwen/Qwen3-8B", "qwen3-8b"),
        ("gemini-flash-latest", "models/gemini-2.5-flash"),
        ("o3", "o3-2025-04-16"),
    ],
)
def test_versions_dates_and_paths_are_of_one_model(asked: str, answered: str) -> None:
    assert are_related(asked, answered) and are_related(answered, asked)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("claude-opus-4", "glm-4.6"), ("gpt-4o-mini", "claude-3-mini"), ("text-embedding-3-small", "bge-small")],
)
def test_words_of_every_maker_make_no_relation(asked: str, answered: str) -> None:
    assert not are_related(asked, answered)


def test_a_name_that_is_not_listed_may_stand_for_another_model() -> None:
    id = "responses.model.answers"
    other = surface_of("responses").clauses(VALIDATE)[id].breaks_on[0]
    listing = Example(200, JSON, b'{"object":"list","data":[{"id":"fine"},{"id":"m"}]}')
    assert judged("responses", id, other).outcome == BROKEN
    assert judged("responses", id, other, models=listing).outcome == BROKEN
    assert judged("responses", id, other, "deployment", models=listing).outcome == NOT_APPLICABLE


def test_spaces_that_scripts_do_without_are_not_missed() -> None:
    assert run_together(UNICODE) == run_together(UNICODE.replace(" 你", "你").replace("שלום ", "שלום")) == ""
    assert run_together(UNICODE.replace(" ", "\n")) == ""
    assert run_together(UNICODE.replace(" ", "")) == "naïveΩmega"


@pytest.mark.parametrize("api", SIDES)
@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("temperature: must be greater than 0", BROKEN),
        ("Unsupported parameter: 'temperature' is not supported with this model.", NOT_APPLICABLE),
        ("Unsupported value: 'temperature' does not support 0 with this model.", NOT_APPLICABLE),
        ("user: extra fields not permitted", NOT_APPLICABLE),
    ],
)
def test_a_model_that_takes_no_temperature_is_not_one_that_refuses_zero(api: str, message: str, outcome: str) -> None:
    told = {"type": "invalid_request_error", "message": message}
    refused = Example(400, JSON, json.dumps({"type": "error", "error": told}).encode())
    id = f"{api}.everyday.cold"
    good = surface_of(api).clauses(VALIDATE)[id].holds_on[0]
    assert judged(api, id, refused).outcome == outcome
    assert judged(api, id, good, **{f"{REFUSED_FORM}everyday": refused}).outcome == outcome


@pytest.mark.parametrize("api", SIDES)
def test_the_rest_of_the_request_is_asked_where_only_the_temperature_is_refused(api: str) -> None:
    def cold(turn: Any) -> bool:
        return b'"temperature": 0' in turn.asked.body.replace(b'"temperature":0', b'"temperature": 0')

    refuse = error(400, "Unsupported parameter: 'temperature' is not supported with this model.", param="temperature")
    run = in_process.run(SIDES[api], api, Fault("x", "x", "", GO, cold, refuse), Settings(kind=VALIDATE))
    found = {one["clause"].removeprefix(f"{api}.everyday."): one["outcome"] for one in run.document["findings"]}
    assert [found[name] for name in ("accepted", "heard", "unstreamed")] == [HOLDS] * 3
    assert found["cold"] == NOT_APPLICABLE


def test_a_path_is_refused_for_its_query_only_where_it_is_known_without() -> None:
    id = "messages.claude_code.accepted"
    good = surface_of("messages").clauses(VALIDATE)[id].holds_on[0]
    assert judged("messages", id, NOT_FOUND, system=good).outcome == BROKEN
    assert judged("messages", id, NOT_FOUND, system=NOT_FOUND).outcome != BROKEN


def test_counts_are_judged_only_where_there_are_counts() -> None:
    assert judged("messages", "messages.count_tokens.whole", NOT_FOUND).outcome == NOT_APPLICABLE
    silent = surface_of("responses").clauses(VALIDATE)["responses.usage.plausible"].holds_on[0]
    nothing = silent._replace(body=silent.body.replace(b'"usage"', b'"used"'))
    assert judged("responses", "responses.usage.plausible", nothing).outcome == NOT_APPLICABLE


def test_the_plain_stream_is_asked_for_as_the_sdks_do_and_others_as_codex_does() -> None:
    for api in SIDES:
        for probe, row in surface_of(api).rows(VALIDATE).items():
            sent = dict(exchange(probe, from_example(NOT_FOUND), api=api).request.headers)
            body = row.body("m") if row.body else None
            streams = isinstance(body, dict) and bool(body.get("stream"))
            assert (sent["Accept"] == "text/event-stream") is (streams and row.role != STREAM)


def test_texts_outside_ascii_that_became_one_are_told_as_such() -> None:
    fault = embeddings_faults.ALL["letters-lost"]
    run = in_process.run(embeddings_side.SIDE, "embeddings", fault, Settings(kind=VALIDATE))
    (found,) = (one for one in run.document["findings"] if one["outcome"] == BROKEN)
    assert found["at"] == "$.data[28].embedding"
    assert found["observed"] == "the same numbers as in $.data[27].embedding; this text has no letter of ASCII"
