"""The cause is named first, and what follows from it is not named beside it: whole runs against one fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof.contract.clause import Context, Example, holds
from chatproof.evidence import reply as evidence
from chatproof.running.plan import Settings
from chatproof.simulator import messages_side, responses_side
from chatproof.simulator.fault import GO, Alter, Fault, Turn, When, json_of
from chatproof.simulator.typed_events import event, value_of
from chatproof.simulator.wire import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.responses.clauses.happy import GOOD, altered
from chatproof.surfaces.responses.clauses.stream import unnamed
from chatproof.surfaces.responses.clauses.validate.state import is_forgotten
from chatproof.target import profile
from chatproof.wire.exchange import Secret
from tests import in_process
from tests.api_rows import cut_off, error
from tests.support import exchange, from_example

SIDES = {"responses": responses_side.SIDE, "messages": messages_side.SIDE}


def found(api: str, when: When, alter: Alter) -> dict[str, Any]:
    """The document of a run of validate in which `alter` was applied to some replies."""
    fault = Fault("made", "", "", GO, when, alter)
    settings = Settings(kind="validate", stream=True, burst=0)
    document: dict[str, Any] = in_process.run(SIDES[api], api, fault, settings).document
    return document


def codes(document: dict[str, Any]) -> list[str]:
    return [one["code"] for one in document["diagnoses"]]


def nameless(turn: Turn) -> Reply:
    """The reply whose id is null wherever it stands."""

    def of(value: dict[str, Any]) -> dict[str, Any]:
        return {name: {**held, "id": None} if name in ("response", "message") else held for name, held in value.items()}

    if turn.reply.events:
        return turn.reply._replace(events=tuple(event(of(value_of(piece))) for piece in turn.reply.events))
    return turn.reply._replace(body=json.dumps({**json.loads(turn.reply.body), "id": None}).encode())


@pytest.mark.parametrize("api", SIDES)
def test_an_id_that_is_null_is_the_replys_fault_and_not_the_streams(api: str) -> None:
    answered: When = lambda turn: turn.reply.status == 200 and turn.asked.path.endswith(f"/{api}")  # noqa: E731
    assert codes(found(api, answered, nameless))[0] == "contract.schema"


def test_an_id_that_is_absent_is_the_streams_fault() -> None:
    codes = {json.dumps(one): (unnamed(0, one) or holds()).code for one in ({}, {"id": None}, {"id": "resp_1"})}
    assert codes == {"{}": "", '{"id": null}': "contract.schema", '{"id": "resp_1"}': ""}


CAPS = {"responses": ("max_output_tokens", "max_output_tokens.kept"), "messages": ("max_tokens", "max_tokens.kept")}


@pytest.mark.parametrize("api", SIDES)
def test_what_is_looked_for_in_a_body_that_is_no_json_is_not_told_beside_it(api: str) -> None:
    field, clause = CAPS[api]
    capped: When = lambda turn: turn.reply.status == 200 and json_of(turn).get(field) == 16  # noqa: E731
    document = found(api, capped, lambda turn: turn.reply._replace(body=turn.reply.body[:-1] + b',"x":-Infinity}'))
    assert codes(document) == ["body.unsafe_json"]
    (told,) = document["diagnoses"]
    assert told["clauses"] == [f"{api}.{clause}", f"{api}.elsewhere.body_json"]


def test_a_response_that_is_never_continued_is_one_fault() -> None:
    def forgets(turn: Turn) -> Reply:
        asked = {name: value for name, value in json_of(turn).items() if name != "previous_response_id"}
        return SIDES["responses"].respond(turn.asked._replace(body=json.dumps(asked).encode()))

    def of(*stored: bool) -> When:
        return lambda turn: "previous_response_id" in json_of(turn) and json_of(turn).get("store") in stored

    assert codes(found("responses", of(True, False), forgets)) == ["contract.parameter"]
    assert codes(found("responses", of(True), forgets)) == ["contract.validation"]


FORGETFUL = altered(b'"text":"pong"', b'"text":"You gave me no word."')


@pytest.mark.parametrize(
    ("recall", "forgotten"),
    [
        (FORGETFUL, True),
        (GOOD, False),
        (cut_off(FORGETFUL), False),
        (error(400, "no store: previous_response_id"), False),
    ],
)
def test_only_a_whole_answer_shows_that_a_response_is_forgotten(recall: Example | bytes, forgotten: bool) -> None:
    data = from_example(recall) if isinstance(recall, Example) else recall
    reply = evidence.Reply(exchange("store.recall", data, api="responses"))
    surface = surface_of("responses")
    context = Context(profile.load("generic"), "m", Secret("k" * 20), {"store.recall": reply}, surface)
    assert is_forgotten(context) is forgotten
    assert not is_forgotten(context._replace(replies={}))
