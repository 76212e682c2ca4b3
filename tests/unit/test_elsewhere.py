"""Which replies of a run the clauses on all other answers look at, and what the plain one excuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof.contract.clause import (
    BROKEN,
    HOLDS,
    NOT_APPLICABLE,
    OPENAI_SPEC,
    RFC_8259,
    UNDECIDED,
    VALIDATE,
    Context,
    Example,
    Outcome,
)
from chatproof.evidence.reply import Reply
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import judge
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.embeddings import examples as embeddings
from chatproof.surfaces.messages import examples as messages
from chatproof.surfaces.responses import examples as responses
from chatproof.surfaces.responses.clauses import happy as plain
from chatproof.surfaces.shared_clauses import SSE
from chatproof.target import profile
from chatproof.wire.exchange import Fault
from tests.api_rows import cut_off, error, says
from tests.support import exchange, from_example
from tests.unit.test_api_clauses import ANOTHER, GOOD, SURFACES

Held = Example | bytes | Fault
APIS = pytest.mark.parametrize("api", GOOD)
NOBODY = Outcome(NOT_APPLICABLE, reason="no other answer")


def made(api: str, probe: str, reply: Held, *, asked: bytes | None = None) -> Reply:
    sent = from_example(reply) if isinstance(reply, Example) else reply
    known = exchange(probe, sent, api=api)
    if asked is not None:
        known = known._replace(request=known.request._replace(body=asked))
    return Reply(known)


def judged(api: str, name: str, reply: Held, probe: str = "", *, asked: bytes | None = None, **others: Held) -> Outcome:
    """What the clause of this name says of the reply to a probe, beside the replies to others."""
    surface, probe = SURFACES[api], probe or ANOTHER[api]
    replies = {other: made(api, other, it) for other, it in others.items()}
    replies[probe] = made(api, probe, reply, asked=asked)
    context = Context(profile.load("generic"), EXAMPLE_MODEL, None, replies, surface)
    return surface.clauses(VALIDATE)[f"{api}.elsewhere.{name}"].judge(replies[probe], context)


def without_label(api: str) -> Example:
    return GOOD[api]._replace(media="")


UNLABELLED = Outcome(BROKEN, "header Content-Type", "application/json", "no Content-Type header")


# -- which replies are judged ----------------------------------------------------------------------------------------


@APIS
def test_each_answer_to_a_request_of_this_path_is_judged_but_the_plain_one(api: str) -> None:
    surface = SURFACES[api]
    judges = {
        probe: judged(api, "media_type_json", without_label(api), probe)
        for probe in (*surface.rows(VALIDATE), surface.again, "burst.1", "request.1", "refused.happy")
    }
    spared = {"responses": {"tools"}, "messages": {"tools", "tools.stream", "count_tokens"}, "embeddings": set()}[api]
    streams = {
        "tools.stream",
        "tools.parallel.stream",
        "thinking.stream",
        "unicode",
    }  # their clauses say that no stream came
    roles = {probe: row.role for probe in judges if (row := surface.row(probe)) is not None}
    expected = {
        probe for probe, role in roles.items() if role in ("feature", "twin", "again") and probe not in spared | streams
    }
    assert {probe for probe, found in judges.items() if found == UNLABELLED} == expected
    assert [found for probe, found in judges.items() if probe not in expected and found != NOBODY] == []


@APIS
def test_what_is_no_whole_answer_is_not_judged(api: str) -> None:
    unlabelled = without_label(api)
    assert judged(api, "media_type_json", unlabelled) == UNLABELLED, "the premise"
    for no_answer in (
        cut_off(unlabelled),
        Fault("net.reset", "read", "the connection was reset"),
        unlabelled._replace(status=201),
        unlabelled._replace(status=400),
        unlabelled._replace(body=b""),
        unlabelled._replace(body=b"[]"),
        unlabelled._replace(body=b"<html>Welcome</html>"),
        unlabelled._replace(body=b'{"error":{"message":"boom"}}'),
    ):
        assert judged(api, "media_type_json", no_answer) == NOBODY


@APIS
def test_a_reply_from_an_unknown_probe_is_not_judged(api: str) -> None:
    surface = SURFACES[api]
    reply = made(api, ANOTHER[api], without_label(api))
    reply.probe = "nobody.knows"
    context = Context(profile.load("generic"), EXAMPLE_MODEL, None, {}, surface)
    clause = surface.clauses(VALIDATE)[f"{api}.elsewhere.media_type_json"]
    assert clause.judge(reply, context) == NOBODY


@APIS
def test_an_error_beside_an_answer_is_told_and_one_in_its_place_is_not(api: str) -> None:
    beside = GOOD[api]._replace(
        body=b'{"error":{"message":"boom"},' + GOOD[api].body.replace(b'"error":null,', b"")[1:]
    )
    assert judged(api, "no_error_field", beside).at == "$.error"
    assert judged(api, "no_error_field", error(200, "boom")) == NOBODY
    assert judged(api, "no_error_field", GOOD[api]).outcome == HOLDS


@APIS
@pytest.mark.parametrize("what", ["in its request", "in its reply"])
def test_a_stream_is_no_document(api: str, what: str) -> None:
    events = says(200, b'data: {"type":"ping"}\n\n', "text/event-stream")
    page = says(200, b"<html>Welcome</html>", "text/html")
    if what == "in its request":
        assert judged(api, "body_json", page, asked=b'{"model": "m", "stream": true}') == NOBODY
        assert judged(api, "body_json", page, asked=b'{"model": "m", "stream": false}').outcome == BROKEN
        assert judged(api, "body_json", events, asked=b'{"model": "m"}').outcome == BROKEN
    else:  # of a capture without requests
        assert judged(api, "body_json", events, asked=b"") == NOBODY
        assert judged(api, "body_json", page, asked=b"").outcome == BROKEN


@pytest.mark.parametrize(
    ("api", "probe", "spared", "judging"),
    [
        ("responses", "tools", ("media_type_json", "form", "content", "details"), ("body_json",)),
        ("messages", "tools", ("media_type_json", "form", "content", "details"), ("body_json",)),
        ("embeddings", "float", ("data", "encoding", "usage", "body_json"), ("media_type_json", "details")),
    ],
)
def test_what_a_reply_has_clauses_of_its_own_for_is_not_told_twice(
    api: str, probe: str, spared: tuple[str, ...], judging: tuple[str, ...]
) -> None:
    clauses = SURFACES[api].clauses(VALIDATE)
    breaks = {name: clauses[f"{api}.elsewhere.{name}"].breaks_on[0] for name in (*spared, *judging)}
    assert {name: judged(api, name, breaks[name], probe) for name in spared} == dict.fromkeys(spared, NOBODY)
    assert [judged(api, name, breaks[name], probe).outcome for name in judging] == [BROKEN] * len(judging)


def test_an_array_in_the_place_of_an_answer_is_told_by_one_clause() -> None:
    array = says(200, b"[]")
    for api, name in (("responses", "output"), ("messages", "content"), ("embeddings", "data")):
        told = [
            clause.partition("elsewhere.")[2]
            for clause in SURFACES[api].clauses(VALIDATE)
            if ".elsewhere." in clause and judged(api, clause.partition("elsewhere.")[2], array).outcome == BROKEN
        ]
        assert told == [name]


@APIS
def test_each_clause_names_the_document_that_its_rule_is_from(api: str) -> None:
    clauses = SURFACES[api].clauses(VALIDATE)
    assert clauses[f"{api}.elsewhere.body_json"].source == RFC_8259
    usual = {"responses": OPENAI_SPEC, "messages": messages.COMETAPI, "embeddings": OPENAI_SPEC}[api]
    assert clauses[f"{api}.elsewhere.media_type_json"].source == usual


# -- streams ---------------------------------------------------------------------------------------------------------

FAILED = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'


def of_stream(name: str, reply: Held, probe: str = "thinking.stream", **others: Held) -> Outcome:
    return judged("messages", name, reply, probe, **others)


def test_another_stream_is_judged_as_the_plain_one_and_a_call_s_has_clauses_of_its_own() -> None:
    for name in ("stream_form", "stream_details"):
        flawed = SURFACES["messages"].clauses(VALIDATE)[f"messages.elsewhere.{name}"].breaks_on[0]
        assert of_stream(name, flawed).outcome == BROKEN
        assert of_stream(name, flawed, "tools.stream") == NOBODY
        assert of_stream(name, flawed, "stream") == NOBODY
        assert of_stream(name, cut_off(flawed)) == NOBODY
        assert of_stream(name, messages.GOOD) == NOBODY


@pytest.mark.parametrize(
    ("api", "probe"), [("messages", "thinking.stream"), ("messages", "tools.stream"), ("responses", "tools.stream")]
)
def test_an_error_in_any_other_stream_is_told(api: str, probe: str) -> None:
    failed = says(200, FAILED, "text/event-stream")
    assert judged(api, "no_error", failed, probe).outcome == BROKEN
    assert judged(api, "no_error", failed, "stream") == NOBODY
    assert judged(api, "no_error", GOOD[api], probe) == NOBODY
    good = {"messages": messages.STREAMED, "responses": responses.STREAMED}[api]
    assert judged(api, "no_error", good, probe).outcome == HOLDS


def test_what_an_error_ends_is_not_told_as_a_stream_of_another_form() -> None:
    ended = messages.streamed(messages.EVENTS[:3], FAILED)
    assert of_stream("stream_form", ended) == NOBODY
    assert of_stream("stream_form", messages.streamed(messages.EVENTS[:3])).outcome == BROKEN


# -- what the plain reply excuses ------------------------------------------------------------------------------------


@APIS
def test_what_the_plain_reply_has_too_is_told_once(api: str) -> None:
    unlabelled = without_label(api)

    def beside(happy: Held) -> Outcome:
        return judged(api, "media_type_json", unlabelled, happy=happy)

    assert beside(unlabelled) == Outcome(NOT_APPLICABLE, reason="the plain reply fails in the same way")
    assert beside(GOOD[api]) == UNLABELLED
    assert beside(cut_off(unlabelled)) == UNLABELLED, "what was cut off excuses nothing"
    assert beside(Fault("net.reset", "read", "the connection was reset")) == UNLABELLED
    assert beside(unlabelled._replace(body=b"<html>Welcome</html>")) == UNLABELLED, "a page is no reply of its kind"
    assert judged(api, "media_type_json", GOOD[api], happy=unlabelled) == Outcome(HOLDS, observed="")


def test_the_first_fault_that_the_plain_reply_does_not_have_is_told() -> None:
    nameless = plain.altered(b'"object":"response",', b"")
    both = nameless._replace(body=nameless.body.replace(b"1795379441", b"null"))
    found = judged("responses", "form", both, happy=nameless)
    assert (found.outcome, found.at) == (BROKEN, "$.created_at")
    assert judged("responses", "form", both).at == "$.object", "the first comes first"
    alike = judged("responses", "form", nameless, happy=both)
    assert (alike.outcome, alike.reason) == (NOT_APPLICABLE, "the plain reply fails in the same way")


def test_a_stream_is_compared_with_the_plain_stream_and_no_other_reply() -> None:
    lost = messages.without("message_start")
    alike = Outcome(NOT_APPLICABLE, reason="the plain stream fails in the same way")
    assert of_stream("stream_form", lost, stream=lost) == alike
    assert of_stream("stream_form", lost, stream=messages.STREAMED).outcome == BROKEN
    assert of_stream("stream_form", lost, happy=lost).outcome == BROKEN
    assert of_stream("stream_form", lost, stream=cut_off(lost)).outcome == BROKEN
    unlabelled = without_label("messages")
    assert judged("messages", "media_type_json", unlabelled, stream=unlabelled) == UNLABELLED


EVERY_STREAM = {
    "messages": {
        "no start": messages.without("message_start"),
        "an error alone": says(200, FAILED, "text/event-stream"),
        "no JSON": says(200, b"data: {oops\n\n", "text/event-stream"),
        "a comment alone": says(200, b": hello\n\n", "text/event-stream"),
    },
    "responses": {
        "no start": responses.without("created", events=responses.CALL_EVENTS),
        "no end": responses.without("completed", events=responses.CALL_EVENTS),
        "two ends": responses.streamed([*responses.CALL_EVENTS, responses.CALL_EVENTS[-1]]),
        "no JSON": says(200, responses.CALLED.body + b"data: {oops\n\n", "text/event-stream"),
    },
}
STREAMS = ("stream", "tools.stream", "thinking.stream")


@pytest.mark.parametrize(("api", "what"), [(api, what) for api, those in EVERY_STREAM.items() for what in those])
def test_a_fault_of_every_stream_is_told_of_the_plain_one(api: str, what: str) -> None:
    """What stands behind a step that is missing in all of them cannot be judged, and is not."""
    surface, reply = SURFACES[api], from_example(EVERY_STREAM[api][what])
    exchanges = [exchange(surface.control, from_example(GOOD[api]), api=api)]
    exchanges += [exchange(probe, reply, api=api) for probe in STREAMS if surface.row(probe)]
    contract = contract_of(VALIDATE, profile.load("generic"), Choice(api=api, stream=True))
    found = judge(contract, exchanges, model=EXAMPLE_MODEL).findings
    assert BROKEN in {one.outcome for one in found if one.probe == "stream"}
    form = {"messages": "messages.elsewhere.stream_form", "responses": "responses.tools.stream.in_order"}[api]
    assert BROKEN not in {one.outcome for one in found if one.clause == form}


@pytest.mark.parametrize("what", EVERY_STREAM["messages"])
def test_the_details_of_a_stream_wait_for_its_form(what: str) -> None:
    exchanges = [
        exchange(probe, from_example(it), api="messages")
        for probe, it in (
            ("happy", messages.GOOD), ("stream", messages.STREAMED), ("thinking.stream", EVERY_STREAM["messages"][what])
        )
    ]  # fmt: skip
    contract = contract_of(VALIDATE, profile.load("generic"), Choice(api="messages", stream=True))
    found = judge(contract, exchanges, model=EXAMPLE_MODEL).findings
    of = {one.clause: one.outcome for one in found if one.probe == "thinking.stream"}
    assert BROKEN in (of["messages.elsewhere.stream_form"], of["messages.elsewhere.no_error"])
    assert of["messages.elsewhere.stream_details"] in (UNDECIDED, NOT_APPLICABLE)


# -- what is looked at in an answer ----------------------------------------------------------------------------------


def test_each_item_of_vectors_is_looked_at() -> None:
    def of(second: dict[str, object]) -> Outcome:
        items = [embeddings.item(0, embeddings.A), second]
        return judged("embeddings", "details", embeddings.body(embeddings.whole(embeddings.A) | {"data": items}))

    good = embeddings.item(1, embeddings.B)
    assert of(good).outcome == HOLDS
    for name, other, at, expected, said in (
        ("object", "vector", "$.data[1].object", "embedding", '"vector"'),
        ("index", "1", "$.data[1].index", "an integer", '"1"'),
        ("index", True, "$.data[1].index", "an integer", "true"),
    ):
        assert of({**good, name: other}) == Outcome(BROKEN, at, expected, said)
    swapped = of({**good, "index": 0})
    assert swapped.outcome == HOLDS, "the order has clauses of its own"


def test_an_answer_without_a_text_may_be_whole_and_a_text_that_is_none_is_not() -> None:
    for api, empty, unread, at in (
        (
            "responses",
            plain.with_content(b"[]"),
            plain.with_content(b'[{"type":"output_text"}]'),
            "$.output[0].content[0].text",
        ),
        ("messages", messages.with_content(b"[]"), messages.with_content(b'[{"type":"text"}]'), "$.content[0].text"),
    ):
        assert judged(api, "content", empty).outcome == HOLDS
        assert judged(api, "content", unread).at == at


PLAIN_RULES = {  # by API and clause: the clauses of the plain reply whose rules it has, in their order
    "responses": {
        "form": ("happy.object", "happy.created_at"),
        "content": ("happy.message_shape",),
        "details": ("envelope.id", "happy.items", "happy.annotations", "happy.field_types"),
    },
    "messages": {
        "content": ("happy.content_array",),
        "form": ("happy.type", "happy.stop_reason"),
        "details": (
            "happy.envelope",
            "happy.stop_reason_said",
            "happy.thinking_signed",
            "happy.known_blocks",
            "happy.citations",
            "happy.field_types",
        ),
        "stream_form": (
            "stream.events_parse",
            "stream.typed",
            "stream.event_lines",
            "stream.start",
            "stream.start_content",
            "stream.start_usage",
            "stream.block_start",
            "stream.indexes",
            "stream.block_once",
            "stream.block_open",
            "stream.end",
            "stream.usage",
            "stream.finished",
            "stream.once",
        ),
        "stream_details": ("stream.start_envelope", "stream.field_types", "stream.known_events"),
    },
    "embeddings": {"details": ("happy.object",), "usage": ("happy.usage",)},
}
RULES = [(api, name, rule) for api, those in PLAIN_RULES.items() for name, rules in those.items() for rule in rules]


@pytest.mark.parametrize(("api", "name", "rule"), RULES)
def test_each_rule_of_the_plain_reply_is_the_rule_of_every_other(api: str, name: str, rule: str) -> None:
    """Some example that breaks the plain rule is told here in the same words."""
    surface = SURFACES[api]
    clause = surface.clauses(VALIDATE)[f"{api}.{rule}"]
    probe = "thinking.stream" if clause.probe == "stream" else ANOTHER[api]

    def on_the_plain_one(example: Example) -> Outcome:
        reply = made(api, clause.probe, example)
        return clause.judge(
            reply, Context(profile.load("generic"), EXAMPLE_MODEL, None, {clause.probe: reply}, surface)
        )

    told = [(on_the_plain_one(example), judged(api, name, example, probe)) for example in clause.breaks_on]
    assert [other for own, other in told if own == other], told[0]


# -- what the examples are but for their one fault: clients are run on them ------------------------------------------


def examples(api: str, name: str) -> list[Any]:
    """The JSON of the examples that break a clause; of a stream, its last event."""
    breaks_on = SURFACES[api].clauses(VALIDATE)[f"{api}.elsewhere.{name}"].breaks_on
    return [json.loads(one.body.rpartition(b"data: ")[2] if one.media == SSE else one.body) for one in breaks_on]


def test_the_vectors_of_an_example_are_sound_but_for_its_fault() -> None:
    good = json.loads(embeddings.GOOD.body)
    a, b = (item["embedding"] for item in good["data"])
    assert [one["data"] for one in examples("embeddings", "data")[::3]] == [None, [a, b]]
    floats = [item["embedding"] for item in examples("embeddings", "encoding")[0]["data"]]
    assert floats == [[1, 0, 0], [0, 1, 0]], "one unit vector for each text"
    _, _, unnumbered = examples("embeddings", "details")
    assert unnumbered == {**good, "data": [good["data"][0], {"object": "embedding", "embedding": b}]}
    _, of_text = examples("embeddings", "usage")
    assert of_text == {**good, "usage": {**good["usage"], "prompt_tokens": str(good["usage"]["prompt_tokens"])}}
    (beside,) = examples("embeddings", "no_error_field")
    assert beside == {**good, "error": {"code": "server_error", "message": "boom"}}


def test_the_error_of_an_example_has_all_that_the_api_writes() -> None:
    error_event, named, failed = examples("responses", "no_error")
    assert error_event == {"type": "error", "code": "server_error", "message": "upstream died", "param": None}
    assert named == {"message": "overloaded"}
    id = responses.EVENTS[0]["response"]["id"]
    assert failed == {"type": "response.failed", "response": {"id": id, "status": "failed"}}
    overloaded, other = examples("messages", "no_error")
    assert overloaded == {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert other == {"error": {"message": "upstream died", "code": 502}}
