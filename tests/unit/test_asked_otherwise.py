"""What clauses of the APIs beside chat say where a request is another one than ours: captured, or in its other form."""

from __future__ import annotations

import json
from unittest.mock import patch

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, VALIDATE, Context, Example, Outcome
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.embeddings import examples as embeddings
from chatproof.surfaces.messages import examples as messages
from chatproof.surfaces.messages.probes import BEARER, NEW, OLD, VERSION
from chatproof.surfaces.responses.clauses import happy as responses
from chatproof.surfaces.responses.examples import EVENTS, STREAMED, streamed
from chatproof.target import profile
from tests.api_rows import JSON
from tests.support import exchange, from_example
from tests.unit.test_api_clauses import SURFACES


def judged(api: str, id: str, example: Example, **fields: object) -> Outcome:
    """What a clause says of a reply to its request with these fields; None leaves a field out."""
    surface = SURFACES[api]
    clause = surface.clauses(VALIDATE)[id]
    made = exchange(clause.probe, from_example(example), api=api)
    asked = {name: it for name, it in {**json.loads(made.request.body), **fields}.items() if it is not None}
    reply = Reply(made._replace(request=made.request._replace(body=json.dumps(asked).encode())))
    context = Context(profile.load("generic"), EXAMPLE_MODEL, None, {clause.probe: reply}, surface)
    return clause.judge(reply, context)


def test_an_encoding_that_we_do_not_know_is_not_judged() -> None:
    id = "embeddings.happy.encoding"
    assert judged("embeddings", id, embeddings.IN_FLOATS, encoding_format="int8").outcome == HOLDS
    assert judged("embeddings", id, embeddings.IN_FLOATS, encoding_format=None).outcome == HOLDS


@pytest.mark.parametrize(
    ("texts", "vectors", "places"),
    [
        (["a", "b", "c"], "ABA", (2, 0)),
        (["a", "b", "c"], "BAA", (2, 1)),
        (["a", "b", "a"], "ABA", ()),
        (["a", "a", "b"], "AAB", ()),
        ([[1, 2], [1, 3]], "AA", (1, 0)),
        (["x" * 999 + "a", "x" * 999 + "b"], "AA", (1, 0)),
    ],
)
def test_texts_that_differ_have_vectors_that_differ(texts: list[object], vectors: str, places: tuple[int, ...]) -> None:
    reply = embeddings.of(*({"A": embeddings.A, "B": embeddings.B}[name] for name in vectors))
    found = judged("embeddings", "embeddings.happy.distinct", reply, input=texts)
    if not places:
        assert found.outcome == HOLDS
    else:
        at, said = (f"$.data[{place}].embedding" for place in places)
        assert (found.outcome, found.at, found.observed) == (BROKEN, at, f"the same numbers as in {said}")


@pytest.mark.parametrize(
    "texts", ["one", ["one", "one"], ["One two", " one  TWO"], [[1, 2], [1, 2]], ["x" * 1000 + "a", "x" * 1000 + "b"]]
)
def test_texts_that_models_may_read_alike_are_not_compared(texts: object) -> None:
    reply = embeddings.of(*[embeddings.A] * (len(texts) if isinstance(texts, list) else 1))
    found = judged("embeddings", "embeddings.happy.distinct", reply, input=texts)
    assert (found.outcome, found.reason) == (NOT_APPLICABLE, "the request has no two texts that differ")


def test_without_a_number_of_dimensions_none_is_missing() -> None:
    for asked in (None, "256"):
        found = judged("embeddings", "embeddings.dimensions.honoured", embeddings.GOOD, dimensions=asked)
        assert (found.outcome, found.reason) == (NOT_APPLICABLE, "the request has no dimensions")


def refused(id: str, message: str, header: str, version: tuple[str, str]) -> str:
    """What the clause says of a refusal of the form with this header and version; the first form is answered."""
    refusal = Example(
        400, JSON, b'{"type":"error","error":{"type":"invalid_request_error","message":"%s"}}' % message.encode()
    )
    made = exchange("happy.other_form", from_example(refusal), api="messages")
    name, value = version
    headers = tuple((name, value) if known == VERSION else (known, it) for known, it in made.request.headers)
    reply = Reply(made._replace(request=made.request._replace(credential_header=header, headers=headers)))
    control = Reply(exchange("happy", from_example(messages.GOOD), api="messages"))
    replies = {"happy": control, "happy.other_form": reply}
    context = Context(profile.load("generic"), EXAMPLE_MODEL, None, replies, SURFACES["messages"])
    return SURFACES["messages"].clauses(VALIDATE)[id].judge(reply, context).expected


@pytest.mark.parametrize(
    ("header", "clients"),
    [
        (BEARER, "anthropic-python and @anthropic-ai/sdk"),
        ("X-API-Key", "the AI SDK"),
        ("api-key", "others"),
    ],
)
def test_the_header_that_is_refused_names_its_clients(header: str, clients: str) -> None:
    said = refused("messages.headers.key", "bearer: unexpected", header, (VERSION, OLD))
    assert said == f"the key accepted in {header}, the header of {clients}"


@pytest.mark.parametrize(
    ("name", "version", "clients"),
    [
        (VERSION, OLD, "the AI SDK"),
        ("Anthropic-Version", NEW, "anthropic-python and @anthropic-ai/sdk"),
        (VERSION, "2027-01-01", "others"),
    ],
)
def test_the_version_that_is_refused_names_its_clients(name: str, version: str, clients: str) -> None:
    said = refused("messages.headers.version", "no such version", BEARER, (name, version))
    assert said == f"an answer to {version}, the version of {clients}"


CUT = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}


@pytest.mark.parametrize("form", ["plain", "streamed"])
def test_an_answer_that_is_cut_where_it_was_asked_to_be_is_right(form: str) -> None:
    streams = form == "streamed"
    id = "responses.stream.completed" if streams else "responses.happy.status"
    good = json.loads(responses.BODY)

    def found(cap: int | None, **more: object) -> Outcome:
        response = {**good, **CUT, **more}
        plain = Example(200, JSON, json.dumps(response).encode())
        ends = streamed([*EVENTS[:-1], {"type": "response.incomplete", "response": response}])
        return judged("responses", id, ends if streams else plain, max_output_tokens=cap)

    right = found(16)
    said = "the request caps the answer at 16 tokens, and the answer reached that limit"
    assert (right.outcome, right.reason) == (NOT_APPLICABLE, said)
    for wrong in (
        found(None),
        found(16, status="in_progress"),
        found(16, incomplete_details={"reason": "content_filter"}),
        found(16, incomplete_details=None),
    ):
        assert wrong.outcome == BROKEN


def test_a_call_beyond_our_own_limit_is_not_judged() -> None:
    with patch.object(Reply, "stream_limit", "more than 7 events"):
        found = judged("responses", "responses.tools.stream.called", STREAMED)
    assert (found.outcome, found.reason) == (NOT_APPLICABLE, "our own limit was reached: more than 7 events")
