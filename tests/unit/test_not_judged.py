"""What a clause says where it cannot judge: another answer than was asked for, a request that is not ours, a model that
does no better when it is asked plainly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, UNDECIDED, VALIDATE, Context, Example, Outcome
from chatproof.evidence.reply import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.everyday import NOT_FOLLOWED
from chatproof.surfaces.places import LONG, WORDS
from chatproof.surfaces.streamed_rule import RULE
from chatproof.surfaces.tool_result import OTHER_RESULT, RECEIPT
from chatproof.target import profile
from tests.support import exchange, from_example

APIS = ("chat", "responses", "messages")
EACH = pytest.mark.parametrize("api", APIS)
JSON = "application/json"


def clause(api: str, name: str) -> Any:
    return surface_of(api).clauses(VALIDATE)[name if api == "chat" else f"{api}.{name}"]


def judged(api: str, name: str, reply: Example, *, asked: bytes | None = None, **others: Example) -> Outcome:
    """What a clause says of a reply, beside others by their probes; `asked` is the request's body, if not ours."""
    one = clause(api, name)
    replies = {probe: Reply(exchange(probe, from_example(it), api=api)) for probe, it in others.items()}
    sent = exchange(one.probe, from_example(reply), api=api)
    if asked is not None:
        sent = sent._replace(request=sent.request._replace(body=asked))
    replies[one.probe] = Reply(sent)
    return one.judge(replies[one.probe], Context(profile.load("generic"), "m", None, replies, surface_of(api)))


def says(api: str, text: str) -> Example:
    """The good answer with this text in it."""
    good = clause(api, "everyday.heard").holds_on[0]
    assert good.body.count(b'"pong"') == 1
    return good._replace(body=good.body.replace(b'"pong"', json.dumps(text).encode()))


def no(reason: str) -> Outcome:
    return Outcome(NOT_APPLICABLE, reason=reason)


def id_of(api: str, name: str) -> str:
    return name if api == "chat" else f"{api}.{name}"


# -- the request of every day ----------------------------------------------------------------------------------------


@EACH
def test_a_stream_in_place_of_a_reply_is_told_by_its_own_clause(api: str) -> None:
    (stream,) = clause(api, "everyday.unstreamed").breaks_on
    own = id_of(api, "everyday.unstreamed")
    assert judged(api, "everyday.heard", stream) == no(f"a stream came: see {own}")
    assert judged(api, "everyday.unstreamed", stream).outcome == BROKEN
    asked = b'{"model":"m","stream":true}'
    assert judged(api, "everyday.unstreamed", stream, asked=asked) == no("the request has `stream`")


@EACH
def test_a_first_message_is_lost_only_where_the_model_follows_the_plain_request(api: str) -> None:
    lost = says(api, "Which one?")
    assert judged(api, "everyday.heard", lost).outcome == BROKEN, "nothing is known of the plain request"
    assert judged(api, "everyday.heard", lost, happy=says(api, "It is PONG.")).outcome == BROKEN
    neither = judged(api, "everyday.heard", lost, happy=says(api, "Hello!"))
    assert neither == Outcome(UNDECIDED, observed='"Which one?"', reason=NOT_FOLLOWED)
    assert judged(api, "everyday.heard", says(api, "Pong"), happy=says(api, "Hello!")).outcome == HOLDS


@EACH
@pytest.mark.parametrize("words", ["Temperature (temperature) is Unsupported", "temperature IS NOT SUPPORTED"])
def test_a_model_without_a_temperature_is_told_as_such(api: str, words: str) -> None:
    refused = Example(400, JSON, json.dumps({"error": {"message": words}}).encode())
    found = judged(api, "everyday.cold", refused)
    assert found == no(f"this model takes no temperature: {found.reason.partition(': ')[2]}")
    assert words in found.reason


# -- the results of tools --------------------------------------------------------------------------------------------

MARK = {
    "chat": b'{"role":"tool","tool_call_id":"call_1","content":"%b"}',
    "responses": b'{"type":"function_call_output","output":"%b"}',
    "messages": b'{"type":"tool_result","content":"%b"}',
}


@EACH
def test_another_call_in_place_of_an_answer_is_no_answer(api: str) -> None:
    for call in clause(api, "tools.result_used").breaks_on:
        assert judged(api, "tools.result_heard", call) == no("another call in place of an answer")


@EACH
def test_a_result_that_is_not_ours_need_not_be_heard(api: str) -> None:
    made_up = says(api, "I have recorded it.")
    other, ours = (MARK[api] % result for result in (b"done", RECEIPT.encode()))
    assert judged(api, "tools.result_heard", made_up, asked=other) == no("the request is not ours")
    assert judged(api, "tools.result_heard", made_up, asked=ours).outcome == BROKEN
    assert judged(api, "tools.result_heard", made_up, asked=b"{}").outcome == BROKEN, "its result was lost on the way"


@EACH
def test_a_result_is_lost_only_where_the_model_follows_the_plain_request(api: str) -> None:
    made_up = says(api, "I have recorded it.")
    assert judged(api, "tools.result_heard", made_up, happy=says(api, "It is PONG.")).outcome == BROKEN
    neither = judged(api, "tools.result_heard", made_up, happy=says(api, "Hello!"))
    assert neither == Outcome(UNDECIDED, observed='"I have recorded it."', reason=NOT_FOLLOWED)


CALL: dict[str, Any] = {"type": "tool_use", "id": "toolu_2", "name": "record_word", "input": {"word": "pong"}}


def called(**fields: object) -> Example:
    good = clause("messages", "everyday.heard").holds_on[0]
    return good._replace(body=json.dumps({**json.loads(good.body), "content": [{**CALL, **fields}]}).encode())


@pytest.mark.parametrize(
    ("what", "fields", "again"),
    [
        ("the same", {}, '"{"word": "pong"}"'),
        ("in another case", {"input": {"word": "PONG"}}, '"{"word": "PONG"}"'),
        ("another word", {"input": {"word": "next"}}, ""),
        ("another tool", {"name": "other"}, ""),
        ("no word", {"input": {}}, ""),
        ("no object", {"input": "pong"}, ""),
    ],
)
def test_the_same_call_again_is_one_of_the_same_tool_with_the_same_word(
    what: str, fields: dict[str, object], again: str
) -> None:
    found = judged("messages", "tools.result_used", called(**fields))
    expected = Outcome(BROKEN, "$.content", "an answer, or another call", f"the call again: {again}")
    assert found == (expected if again else Outcome(HOLDS)), what


def test_two_results_are_asked_for_where_an_answer_came_and_both_were_sent() -> None:
    name, made_up = "claude_code.results", says("messages", "pong")
    assert judged("messages", name, called()) == no("another call in place of an answer")
    for asked in (b"{}", RECEIPT.encode(), OTHER_RESULT.encode()):
        assert judged("messages", name, made_up, asked=asked) == no("the request is not ours")
    assert judged("messages", name, made_up).outcome == BROKEN
    assert judged("messages", name, says("messages", "52968 and 40713")) == Outcome(HOLDS)


# -- rules -----------------------------------------------------------------------------------------------------------

RULES = [  # by API: the clause, the request with a plain rule, and what is said
    (
        "responses",
        "roles.developer",
        "instructions",
        "the request is not ours, or has no such item because it is refused",
        "rules in `instructions` are not followed, either: see responses.instructions.heard",
    ),
    (
        "responses",
        "roles.system",
        "instructions",
        "the request is not ours, or has no such item because it is refused",
        "rules in `instructions` are not followed, either: see responses.instructions.heard",
    ),
    (
        "messages",
        "system.blocks",
        "system",
        "the request is not ours",
        "rules in a string are not followed, either: see messages.system.heard",
    ),
]


@pytest.mark.parametrize(("api", "name", "plain", "not_ours", "neither"), RULES)
def test_a_rule_is_missed_where_it_was_sent_and_plain_ones_are_followed(
    api: str, name: str, plain: str, not_ours: str, neither: str
) -> None:
    broken = says(api, "Here it is.")
    followed = clause(api, f"{plain}.heard")
    good, bad = followed.holds_on[0], followed.breaks_on[0]
    assert judged(api, name, broken, asked=b"{}") == no(not_ours)
    assert judged(api, name, broken, asked=json.dumps(RULE).encode()).outcome == BROKEN
    assert judged(api, name, broken, **{plain: bad}) == no(neither)
    assert judged(api, name, broken, **{plain: good}).outcome == BROKEN
    for nothing in ("", " \n"):
        assert judged(api, name, says(api, nothing)) == no("the answer has no text")
    assert judged(api, name, says(api, "BRAVO! Here it is.")).outcome == HOLDS


# -- counts ----------------------------------------------------------------------------------------------------------


@EACH
def test_a_stream_without_counts_has_none_that_is_too_small(api: str) -> None:
    small = clause(api, "usage.streamed_whole").breaks_on[0]
    silent = small._replace(body=small.body.replace(b"output_tokens", b"x").replace(b"completion_tokens", b"x"))
    assert judged(api, "usage.streamed_whole", small).outcome == BROKEN
    assert judged(api, "usage.streamed_whole", silent) == no("no such count")


def test_a_stream_that_repeats_its_text_is_not_told_of_twice() -> None:
    name = "usage.streamed_whole"
    stream = clause("chat", name).breaks_on[0]
    head, text, rest = stream.body.partition(b", ".join(b"%d" % number for number in range(1, 30)))
    chunk, rest = head + text + rest.partition(b"\n\n")[0] + b"\n\n", rest.partition(b"\n\n")[2]
    growing = b"".join(chunk.replace(text, text[:size]) for size in range(10, len(text), 20))
    said = no("the stream repeats its text: see envelope.elsewhere.text_once")
    assert judged("chat", name, stream._replace(body=growing + rest)) == said


@EACH
def test_a_long_text_is_counted_where_it_was_sent_and_the_plain_one_is_counted_well(api: str) -> None:
    name = "usage.long_counted"
    few, plain = clause(api, name).breaks_on[0], clause(api, "usage.plausible")
    silent = few._replace(body=few.body.replace(b"prompt_tokens", b"x").replace(b"input_tokens", b"x"))
    nothing = no("no such count, or a request that is not long")
    assert judged(api, name, few, happy=plain.holds_on[0]).outcome == BROKEN
    assert judged(api, name, few) == nothing, "no plain reply"
    assert judged(api, name, silent, happy=plain.holds_on[0]) == nothing
    assert judged(api, name, few, asked=b'{"model":"m"}', happy=plain.holds_on[0]) == nothing
    assert judged(api, name, few, asked=b"x" * (LONG - 1), happy=plain.holds_on[0]) == nothing
    assert judged(api, name, few, asked=b"x" * LONG, happy=plain.holds_on[0]).outcome == BROKEN
    many = no(f"the plain request has too many tokens: see {id_of(api, 'usage.plausible')}")
    assert judged(api, name, few, happy=plain.breaks_on[0]) == many


@EACH
def test_a_long_text_needs_its_own_tokens_beside_those_of_the_plain_request(api: str) -> None:
    name, needed = "usage.long_counted", LONG // 24
    plain = clause(api, "usage.plausible").holds_on[0]

    def counted(tokens: int, of: Example = plain) -> Example:
        return of._replace(body=of.body.replace(b'tokens":14', b'tokens":%d' % tokens))

    silent = plain._replace(body=plain.body.replace(b"prompt_tokens", b"x").replace(b"input_tokens", b"x"))
    for before, least in ((plain, 14 + needed), (silent, needed)):
        assert judged(api, name, counted(least), happy=before).outcome == HOLDS
        assert judged(api, name, counted(least - 1), happy=before).expected == f"at least {least:,}"
    most = 2000 + len(exchange("happy", from_example(plain), api=api).request.body)
    assert judged(api, name, counted(14), happy=counted(most)).outcome == BROKEN
    assert judged(api, name, counted(14), happy=counted(most + 1)).outcome == NOT_APPLICABLE


def test_vectors_without_a_count_are_not_counted() -> None:
    good, few = (getattr(clause("embeddings", "usage.counted"), name)[0] for name in ("holds_on", "breaks_on"))
    silent = good._replace(body=good.body.replace(b"prompt_tokens", b"x"))
    assert judged("embeddings", "usage.counted", silent) == no("no such count")
    told = Outcome(BROKEN, "$.usage.prompt_tokens", "at least 2", "0 for 2 texts")
    assert judged("embeddings", "usage.counted", few) == told


# -- every place of a conversation -----------------------------------------------------------------------------------

ASKED = "Which words were given? Answer with all of them, in their order, and nothing else."
PLACES = [("chat", "multi_turn.places"), ("responses", "turns.places"), ("messages", "turns.places")]


@pytest.mark.parametrize(("api", "name"), PLACES)
def test_words_are_missed_where_we_gave_them_and_most_were_said(api: str, name: str) -> None:
    words = [word for word in WORDS if word in clause(api, name).holds_on[0].body.decode()]
    all_said, one_lost = says(api, " ".join(words)), says(api, " ".join(words[1:]))
    not_ours = no("the request is not ours, or was sent in another form")
    assert judged(api, name, one_lost, asked=b"{}") == not_ours
    assert judged(api, name, one_lost, asked=json.dumps(ASKED).encode()).outcome == BROKEN
    assert judged(api, name, all_said) == Outcome(HOLDS, observed=f"{len(words)} words")
    text = words[0]
    few = Outcome(UNDECIDED, observed=f'"{text}"', reason="the model does not name the words that it was given")
    assert judged(api, name, says(api, text)) == few


def test_half_of_the_words_are_enough_to_miss_the_others() -> None:
    words = [word for word in WORDS if word in clause("responses", "turns.places").holds_on[0].body.decode()]
    assert len(words) == 7
    assert judged("responses", "turns.places", says("responses", " ".join(words[3:]))).outcome == BROKEN
    assert judged("responses", "turns.places", says("responses", " ".join(words[4:]))).outcome == UNDECIDED


def test_a_place_is_not_looked_at_where_a_plain_conversation_is_not_read() -> None:
    name = next(name for name in surface_of("chat").clauses(VALIDATE) if name.endswith("messages.places"))
    lost = clause("chat", name).breaks_on[0]
    heard = clause("chat", "multi_turn.heard")
    neither = no("earlier turns are not read in a plain conversation, either")
    assert judged("chat", name, lost).outcome == BROKEN
    assert judged("chat", name, lost, multi_turn=heard.holds_on[0]).outcome == BROKEN
    assert judged("chat", name, lost, multi_turn=heard.breaks_on[0]) == neither
    own = clause("chat", "multi_turn.places").breaks_on[0]
    assert judged("chat", "multi_turn.places", own).outcome == BROKEN, "it has the words for a memory itself"


# -- a system message in a stream ------------------------------------------------------------------------------------


def test_a_stream_that_does_not_do_what_is_asked_says_nothing_of_the_system_message() -> None:
    """A server with canned answers is healthy: it says pong to every stream."""
    lost = clause("chat", "role.system.streamed").breaks_on[0]
    assert judged("chat", "role.system.streamed", lost).outcome == BROKEN
    canned = lost._replace(body=lost.body.replace(json.dumps("mega")[1:-1].encode(), b"pong"))
    assert judged("chat", "role.system.streamed", canned).outcome == UNDECIDED
