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
from chatproof.surfaces.responses.examples import CALL_EVENTS, EVENTS, STREAMED, streamed
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


@pytest.mark.parametrize("name", ["called", "parallel"])
def test_a_call_beyond_our_own_limit_is_not_judged(name: str) -> None:
    with patch.object(Reply, "stream_limit", "more than 7 events"):
        found = judged("responses", f"responses.tools.stream.{name}", STREAMED)
    assert (found.outcome, found.reason) == (NOT_APPLICABLE, "our own limit was reached: more than 7 events")


# -- streams of another order than the examples have -----------------------------------------------------------------

QUEUED = {"type": "response.queued", "response": {**EVENTS[0]["response"], "status": "queued"}}
DONE = next(one for one in EVENTS if one["type"] == "response.output_item.done")
AT_DONE = EVENTS.index(DONE)


def streams(id: str, *events: dict[str, object]) -> Outcome:
    return judged("responses", f"responses.{id}", streamed(events))


def test_a_response_that_waits_in_a_queue_is_the_same_and_whole() -> None:
    assert streams("stream.one_response", EVENTS[0], QUEUED, *EVENTS[1:]).outcome == HOLDS
    other = {**QUEUED, "response": {**EVENTS[0]["response"], "id": "resp_2"}}
    assert streams("stream.one_response", EVENTS[0], other, *EVENTS[1:]).at == "event 1, $.response.id"
    lacking = {**QUEUED, "response": {"id": EVENTS[0]["response"]["id"]}}
    assert streams("stream.created_whole", EVENTS[0], lacking, *EVENTS[1:]).at == "event 1, $.response.output"


def test_the_first_of_several_ends_of_an_item_is_told() -> None:
    without = {name: it for name, it in DONE.items() if name != "item"}
    found = streams("stream.item_done", *EVENTS[:AT_DONE], DONE, without, without, *EVENTS[AT_DONE + 1 :])
    assert found.at == f"event {AT_DONE + 1}, $.item"
    found = streams("stream.item_done", *EVENTS[:AT_DONE], DONE, DONE, DONE, *EVENTS[AT_DONE + 1 :])
    assert found.at == f"event {AT_DONE + 1}"


def with_texts(streamed_text: str, whole: str) -> tuple[dict[str, object], ...]:
    """The good stream with another text in its deltas, and in the item that ends it."""
    made: list[dict[str, object]] = []
    first = True
    for one in EVENTS:
        if one["type"] == "response.output_text.delta":
            made += [{**one, "delta": streamed_text}] if first else []
            first = False
        elif one is DONE:
            content = [{**DONE["item"]["content"][0], "text": whole}]
            made.append({**DONE, "item": {**DONE["item"], "content": content}})
        else:
            made.append(one)
    return tuple(made)


def test_an_item_without_text_is_told_as_that() -> None:
    found = streams("stream.joined", *with_texts("pong", " \n"))
    assert (found.outcome, found.observed) == (BROKEN, 'no text; the deltas join to "pong"')
    assert streams("stream.joined", *with_texts(" ", "")).observed != 'no text; the deltas join to " "'


def test_deltas_of_another_call_may_follow_the_end_of_one() -> None:
    added, delta, done, ended = (
        next(one for one in CALL_EVENTS if one["type"] == f"response.{kind}")
        for kind in (
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
        )
    )
    calls = []
    for place in (0, 1):
        named = {"item_id": f"fc_{place}", "output_index": place}
        item = {"id": f"fc_{place}", "call_id": f"call_{place}"}
        calls += [{**added, "output_index": place, "item": {**added["item"], **item}}, {**delta, **named}]
        calls += [{**done, **named}, {**ended, "output_index": place, "item": {**ended["item"], **item}}]
    final = {**CALL_EVENTS[-1], "response": {**CALL_EVENTS[-1]["response"], "output": []}}
    assert streams("tools.stream.deltas", *CALL_EVENTS[:2], *calls, final).outcome == HOLDS


def test_a_part_that_is_no_text_is_no_part_of_the_json() -> None:
    answer = {"type": "output_text", "text": '{"word":"pong","letters":4}', "annotations": []}
    content = json.dumps([answer, {"type": "output_image", "image": "aGk="}]).encode()
    found = judged("responses", "responses.json_schema.honoured", responses.altered(responses.CONTENT, content))
    assert found.outcome == HOLDS


def test_a_signature_that_is_a_text_is_well() -> None:
    made = messages.streamed(messages.THINKING_EVENTS)
    assert any("signature_delta" in str(one) for one in messages.THINKING_EVENTS), "the premise"
    assert judged("messages", "messages.stream.field_types", made).outcome == HOLDS


# -- texts that are none ---------------------------------------------------------------------------------------------

PART = next(one for one in EVENTS if one["type"] == "response.content_part.added")


def with_part(**changed: object) -> Outcome:
    """What `part_added` says of the good stream whose message has a second part, before the events that end it."""
    second = {**PART, "content_index": 1, **changed}
    return streams("stream.part_added", *EVENTS[:AT_DONE], second, *EVENTS[AT_DONE:])


def test_a_part_that_is_added_has_a_text_if_it_is_one() -> None:
    text = PART["part"]
    assert with_part(part=text).outcome == HOLDS
    assert with_part(part={"type": "refusal", "refusal": ""}).outcome == HOLDS
    assert with_part(part={"type": "refusal", "text": None}).outcome == HOLDS
    done = with_part(type="response.content_part.done", content_index=0, part={"type": "output_text"})
    assert done.outcome == HOLDS, "stream.field_types tells it"
    for said, shown in (({"type": "output_text", "text": 7}, "7"), ({"type": "output_text", "text": None}, "null")):
        found = with_part(part=said)
        assert found == Outcome(BROKEN, f"event {AT_DONE}, $.part.text", "a string", shown)
    absent = with_part(part={"type": "output_text"})
    assert (absent.at, absent.observed[:11]) == (f"event {AT_DONE}, $.part.text", "absent from")


def test_the_first_text_that_is_none_is_told_where_it_stands() -> None:
    item, text = responses.ITEM, b'{"type":"output_text","text":"pong"}'
    second = item.replace(responses.CONTENT, b"[" + text + b',{"type":"output_text","text":7}]')
    thought = item.replace(b'"type":"message"', b'"type":"reasoning"').replace(b'"text":"pong"', b'"text":null')
    other = item.replace(responses.CONTENT, b'[{"type":"vendor:text","text":null},' + text + b"]")
    expected = Outcome(BROKEN, "$.output[2].content[1].text", "a string", "7")
    for id in ("responses.happy.content_non_empty", "responses.elsewhere.content"):
        surface = SURFACES["responses"]
        clause = surface.clauses(VALIDATE)[id]
        probe = "happy" if clause.probe == "happy" else "instructions"
        reply = Reply(exchange(probe, from_example(responses.with_output(thought, other, second)), api="responses"))
        context = Context(profile.load("generic"), EXAMPLE_MODEL, None, {probe: reply}, surface)
        assert clause.judge(reply, context) == expected
        fine = Reply(exchange(probe, from_example(responses.with_output(thought, other, item)), api="responses"))
        assert clause.judge(fine, context).outcome == HOLDS


def test_the_first_block_whose_text_is_none_is_told_where_it_stands() -> None:
    blocks = b'[{"type":"vendor:text","text":null},{"type":"text","text":"pong"},{"type":"text","text":7}]'
    expected = Outcome(BROKEN, "$.content[2].text", "a string", "7")
    assert judged("messages", "messages.happy.content_non_empty", messages.with_content(blocks)) == expected
    fine = messages.with_content(blocks.replace(b"7", b'"pong"'))
    assert judged("messages", "messages.happy.content_non_empty", fine).outcome == HOLDS
