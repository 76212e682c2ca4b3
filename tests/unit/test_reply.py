"""What one reply says: the kind of its body, its error, its events; and what it does not say when it was not captured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatproof.evidence.parsed_bodies import is_done
from chatproof.evidence.reply import Reply, or_default, sniff
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.view import reasoning_of, text_of
from chatproof.wire.exchange import BODY, END, HEADERS, STATUS, Exchange, Fault, NotCaptured
from tests.support import exchange, wire

SSE = "text/event-stream"
CUT = Fault("net.closed", "body", "closed")


def reply(body: bytes, media: str = "application/json", status: int = 200, *headers: str, lacks: str = "") -> Reply:
    """A reply of which all is known but the part that it lacks."""
    head = "\n".join([f"{status} {media}", *headers]).encode()
    made = exchange("happy", wire(head + b"\n\n" + body))
    return Reply(made._replace(missing=frozenset({lacks} if lacks else ())))


def without_response() -> Exchange:
    return exchange("happy", Fault("net.refused", "connect", "refused"))


def stream(*data: str) -> bytes:
    return b"".join(f"data: {text}\n\n".encode() for text in data)


def test_nothing_is_left_open_where_nothing_came() -> None:
    assert not Reply(without_response()).left_open


# --- what a body is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"a":1}', "json"),
        (b"[", "json"),
        (b" \t\r\n{", "json"),
        (b"\xef\xbb\xbf{}", "json"),
        (b'"a bare string"', "json"),
        (b"null", "json"),
        (b"xml?", "text"),
        (b"no healthy upstream", "text"),
        (b"data: {}", "sse"),
        (b"event: error", "sse"),
        (b"id: 7", "sse"),
        (b"retry: 100", "sse"),
        (b": keep-alive", "sse"),
        (b"\n\ndata: {}", "sse"),
        (b"<html>", "html"),
        (b"\r\n<!doctype html>", "html"),
        (b"", "empty"),
        (b" \t\r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        ("{}".encode("utf-16-le"), "json"),  # without its mark it begins as JSON does, and is found to be none later
        (b"\xff\xfe{\0}\0", "binary"),  # UTF-16, with the mark of either order
        (b"\xfe\xff\0{\0}", "binary"),
        (b"\xff\xfeplain", "binary"),
        (b"\xfe\xffplain", "binary"),
        (b"x" * 1023 + b"\0", "binary"),
        (b"x" * 1024 + b"\0", "text"),
    ],
)
def test_a_body_is_what_its_first_bytes_show(body: bytes, kind: str) -> None:
    assert sniff(body) == reply(body, "application/x-anything").kind == kind


@pytest.mark.parametrize(
    ("declared", "media_types"),
    [
        (["application/json"], ["application/json"]),
        (["Application/JSON; charset=utf-8"], ["application/json"]),
        (["text/html", "application/json"], ["text/html", "application/json"]),
        (["application/json", "application/json; charset=utf-8"], ["application/json"]),
        (["application/json, application/json"], ["application/json"]),  # merged by a proxy
        (["application/json; a=b,c"], ["application/json"]),  # the comma is in a parameter
        (["application/json, , text/html"], ["application/json", "", "text/html"]),  # an empty one contradicts as well
        ([""], [""]),
        ([], []),
    ],
)
def test_media_types_are_the_distinct_ones_declared(declared: list[str], media_types: list[str]) -> None:
    made = exchange("happy", wire("\n".join(["200", *(f"Content-Type: {value}" for value in declared)]) + "\n\n{}"))
    found = Reply(made)
    assert found.media_types == media_types
    assert found.media_type == (media_types[0] if media_types else "")


@pytest.mark.parametrize(
    ("media", "says_json"),
    [
        ("application/json", True),
        ("text/json", False),
        ("application/problem+json", True),
        ("image/x+json", False),
        ("application/jsonl", False),
        ("application/json, text/html", False),
        ("", False),
    ],
)
def test_json_is_said_by_every_media_type_or_not_at_all(media: str, says_json: bool) -> None:
    assert reply(b"{}", media).says_json is says_json


# --- what is in it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "choices", "message", "finish_reason"),
    [
        (b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"},{"finish_reason":"length"}]}', 2, {"content": "a"}, "stop"),
        (b'{"choices":[{"message":"a"}]}', 1, {}, None),
        (b'{"choices":[7]}', 1, {}, None),
        (b'{"choices":[]}', 0, {}, None),
        (b'{"choices":{"0":1}}', 0, {}, None),
        (b"{}", 0, {}, None),
        (b"[1]", 0, {}, None),
        (b'{"choices":[', 0, {}, None),
    ],
)  # fmt: skip
def test_a_completion_is_read_as_far_as_it_has_the_shape(
    body: bytes, choices: int, message: Any, finish_reason: Any
) -> None:
    found = reply(body)
    assert (len(view.choices(found)), view.message(found), view.finish_reason(found)) == (
        choices,
        message,
        finish_reason,
    )
    assert view.is_success(found) is (choices > 0)
    assert found.is_object is (found.json_problem is None and body.startswith(b"{"))


@pytest.mark.parametrize(
    ("chunk", "first"),
    [
        ({"choices": [{"index": 0}, {"index": 1}]}, {"index": 0}),
        ({"choices": [{"index": 0}]}, {"index": 0}),
        ({"choices": []}, {}),
        ({"choices": ["a"]}, {}),
        ({"choices": {"0": {"index": 0}}}, {}),
        ({"choices": "index"}, {}),
        ({}, {}),
    ],
)
def test_the_first_choice_is_an_object_or_nothing(chunk: dict[str, Any], first: dict[str, Any]) -> None:
    assert view.first_choice(chunk) == first


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("pong", "pong"),
        ([{"type": "text", "text": "po"}, {"type": "text", "text": "ng"}], "pong"),
        (["po", {"text": 7}, {"type": "image"}, None, {"text": "ng"}], "ng"),
        ({"text": "pong"}, ""),
        (None, ""),
        (7, ""),
    ],
)
def test_the_text_of_content_is_a_string_or_its_parts(content: Any, text: str) -> None:
    assert text_of(content) == text


@pytest.mark.parametrize(
    ("message", "reasoning"),
    [
        ({"reasoning_content": "hm"}, "hm"),
        ({"reasoning": "hm"}, "hm"),
        ({"thinking": "hm"}, "hm"),
        ({"reasoning_content": " \n", "reasoning": "hm"}, "hm"),
        ({"reasoning_content": None, "reasoning": {"effort": "low"}, "thinking": ""}, ""),
        ({"content": [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": "hm"}]}, "thinking parts"),
        ({"content": [{"type": "reasoning"}]}, "thinking parts"),
        ({"content": ["thinking", {"type": "text", "text": "reasoning"}]}, ""),
        ({"content": [{}]}, ""),
        ({"content": []}, ""),
        ({"content": "thinking"}, ""),
        ({"content": None}, ""),
        ({}, ""),
    ],
)
def test_reasoning_is_found_under_the_names_that_providers_give_it(message: dict[str, Any], reasoning: str) -> None:
    assert reasoning_of(message) == reasoning


# --- errors and block pages -------------------------------------------------------------------------------------------

LOOSE = b'{"reason":"no funds"}'  # an error where the status says that there is one
ERROR = b'{"error":{"message":"no funds"}}'


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (ERROR, 200, "no funds"),
        (ERROR, 500, "no funds"),
        (LOOSE, 400, "no funds"),
        (LOOSE, 399, None),
        (LOOSE, 200, None),
        (b'"no funds"', 402, "no funds"),
        (b'{"id":"m"}', 200, None),
        (b'{"error":', 500, None),
        (b"no funds", 402, None),
    ],
)
def test_an_error_is_found_by_its_shape_and_under_a_failing_status_more_freely(
    body: bytes, status: int, message: str | None
) -> None:
    error = reply(body, status=status).error
    assert (error.message if error else None) == message


def test_without_the_status_an_error_is_what_would_be_one_under_any() -> None:
    error = reply(ERROR, lacks=STATUS).error
    assert error is not None and error.message == "no funds"
    assert reply(b'{"id":"m"}', lacks=STATUS).error is None
    assert reply(b"no funds", lacks=STATUS).error is None
    with pytest.raises(NotCaptured, match=STATUS):
        _ = reply(LOOSE, lacks=STATUS).error


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"<title>Just a moment...</title>", "Just a moment..."),
        (b"Just a moment", "Just a moment"),
        (b"<h1>Attention Required!</h1>", "Attention Required!"),
        (b"<script src=/cdn-cgi/x.js>", "/cdn-cgi/x.js>"),
        (b'<div class="cf-error">', "cf-error"),
        (b"<p>Error code: 1020", "Error code: 1020"),
        (b"<p>error-1010</p>", "error-1010"),
        (b"<p>solve this CAPTCHA", "CAPTCHA"),
        (b"<title>Access denied | llm.test", "Access denied | llm.test"),
        (b"<p>Request blocked", "Request blocked"),
        (b"<p>a Web Application Firewall", "Web Application Firewall"),
        (b"<p>Incapsula", "Incapsula"),
        (b"<p>Akamai", "Akamai"),
    ],
)
@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_block_page_is_known_by_its_words(status: int, body: bytes, shown: str) -> None:
    assert shown.lower() in reply(body, "text/html", status).challenge
    assert reply(body, "text/html", 404).challenge == ""


@pytest.mark.parametrize(
    ("body", "challenged"),
    [
        (b"x" * (4096 - len("captcha")) + b"captcha", True),
        (b"x" * (4097 - len("captcha")) + b"captcha", False),
        (b'{"message":"complete the captcha"}', False),  # a provider's own words
        (b'{"message":"error-1010: banned by a rule"}', True),  # Cloudflare's, as JSON
        (b"<p>no such page", False),
    ],
)
def test_a_block_page_says_so_early_and_is_no_json_of_the_provider(body: bytes, challenged: bool) -> None:
    assert bool(reply(body, "text/html", 403).challenge) is challenged


def test_a_block_page_may_say_so_in_a_header() -> None:
    assert (
        reply(b"{}", "application/json", 403, "cf-mitigated: challenge").challenge == "header cf-mitigated is present"
    )


def test_a_block_page_that_did_not_come_whole_is_none() -> None:
    whole = reply(b"<p>captcha", "text/html", 403)
    assert whole.challenge
    assert Reply(whole.exchange._replace(fault=CUT)).challenge == ""


# --- streams ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "seen", "last"),
    [
        (stream("{}", "[DONE]"), True, True),
        (stream("{}") + b"data: [DONE]", True, True),  # nor an end of its line
        (stream("{}") + b"data:[DONE]", True, True),
        (stream("{}") + b"event: [DONE]", False, False),
        (stream("{}") + b"data: [DONE]\n", True, True),  # line readers need no blank line
        (stream("{}") + b"data:  [DONE] \n", True, True),
        (stream("[DONE]", "{}"), True, False),
        (stream("[DONE]") + b"data: {}\n", True, True),  # what has no blank line is no event
        (stream("{}"), False, False),
        (stream("done [DONE]"), False, False),
        (b"data: [DONE]\n", True, True),
        (b": nothing yet\n\n", False, False),
        (b"", False, False),
    ],
)
def test_the_terminator_is_seen_anywhere_and_ends_only_at_the_end(body: bytes, seen: bool, last: bool) -> None:
    found = reply(body, SSE)
    assert found.done_seen is seen
    assert found.ends_with_done is last


def test_the_terminator_is_matched_by_its_beginning() -> None:
    assert is_done(b"[DONE]") and is_done(b" [DONE]\r") and is_done(b"[DONE] bye")
    assert not is_done(b"[done]") and not is_done(b"{}[DONE]")


def test_chunks_are_the_events_that_are_objects() -> None:
    found = reply(stream('{"n":1}', "[1]", "7", "{oops", '{"n":2}', "[DONE]"), SSE)
    assert found.chunks == [{"n": 1}, {"n": 2}]
    assert len(found.parsed_events) == 5 and len(found.events[0]) == 6
    assert [problem is None for _, problem in found.parsed_events] == [True, True, True, False, True]


def test_what_an_unfinished_event_has_is_no_event() -> None:
    events, rest, limit = reply(b": hi\n\n" + stream("{}") + b'data: {"cho\n', SSE).events
    assert [event.data for event in events] == [b"{}"] and rest == b'{"cho' and limit == ""


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (stream("{}", "[DONE]"), ""),
        (stream("{}", "{oops"), ""),  # broken, but not by a limit of ours
        (stream("{oops", f"[{'0,' * 200_000}0]", "{}"), "more than 200000 values and keys"),
        (b"data:\n\n" * 10_001, "more than 10000 events"),
    ],
    ids=["whole", "broken", "values", "events"],
)
def test_a_limit_of_ours_is_told_from_what_is_broken(body: bytes, limit: str) -> None:
    assert reply(body, SSE).stream_limit == limit


def test_comments_are_counted() -> None:
    assert reply(b": hi\n\n" + stream("{}") + b": ho\n\n", SSE).comments == 2


def test_deltas_are_those_of_the_first_choices() -> None:
    found = reply(
        stream(
            '{"choices":[{"delta":{"role":"assistant"}}]}',
            '{"choices":[{"index":0}]}',
            '{"choices":[],"usage":{}}',
            '{"choices":[{"delta":"a"}]}',
            '{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}',
        ),
        SSE,
    )
    assert view.deltas(found) == [{"role": "assistant"}, {"content": "a"}]


@pytest.mark.parametrize(
    ("data", "is_completion"),
    [
        (('{"choices":[{"delta":{}}]}', '{"choices":[],"usage":{}}'), True),
        (('{"choices":[]}', '{"error":{}}'), False),
        (("[DONE]",), False),
    ],
)
def test_a_stream_is_a_completion_when_a_chunk_has_choices(data: tuple[str, ...], is_completion: bool) -> None:
    assert view.is_success(reply(stream(*data), SSE)) is is_completion


# --- what was not observed --------------------------------------------------------------------------------------------


def test_an_exchange_without_a_response_says_nothing() -> None:
    found = Reply(without_response())
    assert (found.status, found.body, found.kind, found.media_types, found.header(b"server")) == (
        0,
        b"",
        "empty",
        [],
        "",
    )
    assert (found.error, view.choices(found), found.chunks, found.done_seen, found.challenge) == (
        None,
        [],
        [],
        False,
        "",
    )
    assert not found.complete and not view.is_success(found) and found.endings(view.ENDINGS) == []


def test_complete_is_a_response_that_nothing_stopped() -> None:
    whole = reply(b"{}")
    assert whole.complete
    assert not Reply(whole.exchange._replace(fault=CUT)).complete
    assert not Reply(without_response()._replace(fault=None)).complete


ASKED: list[tuple[str, Callable[[Reply], object]]] = [
    (STATUS, lambda r: r.status),
    (HEADERS, lambda r: r.media_types),
    (HEADERS, lambda r: r.header(b"content-type")),
    (BODY, lambda r: r.body),
    (BODY, lambda r: r.kind),
    (BODY, lambda r: r.json),
    (BODY, lambda r: r.chunks),
]


@pytest.mark.parametrize(("part", "ask"), ASKED)
def test_what_a_capture_does_not_hold_is_not_known(part: str, ask: Callable[[Reply], object]) -> None:
    lacking, whole = reply(b"{}", lacks=part), reply(b"{}")
    with pytest.raises(NotCaptured, match=part):
        ask(lacking)
    assert or_default(lambda: ask(lacking), "otherwise") == "otherwise"
    assert or_default(lambda: ask(whole), "otherwise") == ask(whole)


def test_a_capture_lacks_only_what_it_lacks() -> None:
    found = reply(b"{}", lacks=STATUS)
    assert found.lacks(STATUS) and not found.lacks(BODY)
    assert (found.kind, found.media_type, found.header(b"content-type")) == ("json", *["application/json"] * 2)
    found.need(HEADERS, BODY, END)
    with pytest.raises(NotCaptured, match=STATUS):
        found.need(HEADERS, STATUS)
    assert not reply(b"{}").lacks(STATUS)


@pytest.mark.parametrize(
    "body",
    [b"", b" \n", b'{"a":', b'{"a":"b', b'{"a":1', '{"a":"é'.encode()[:-1], '{"a":"€'.encode()[:-2]],
)
def test_a_document_whose_end_is_not_known_may_have_gone_on(body: bytes) -> None:
    for ask in (lambda r: r.json, lambda r: r.json_problem):
        with pytest.raises(NotCaptured, match=END):
            ask(reply(body, lacks=END))
    assert reply(body).json_problem is not None, "where the end is known it is broken"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":1}', ""),
        (b'{"a":1} x', "trailing"),
        (b'{"a" 1', "syntax"),
        (b'{"a":"\xff', "not_utf8"),
        (b'{"a":"\xe2\x28', "not_utf8"),
    ],
)
def test_no_end_mends_what_is_broken_before_it(body: bytes, reason: str) -> None:
    problem = reply(body, lacks=END).json_problem
    assert (problem.reason if problem else "") == reason


def test_a_body_whose_end_is_not_known_is_not_known_to_be_empty() -> None:
    with pytest.raises(NotCaptured, match=END):
        _ = reply(b"\n", lacks=END).kind
    assert reply(b"\n").kind == "empty"
    assert reply(b"<html>", lacks=END).kind == "html"


# --- how a stream may have gone on ------------------------------------------------------------------------------------

FIRST = '{"choices":[{"delta":{"content":"a"}}]}'


@pytest.mark.parametrize("cut", [b"", b"d", b"data: ", b'data: {"choices":[{"del', b"event: message\n", b": keep"])
@pytest.mark.parametrize(
    "whole",
    [
        stream(FIRST),
        stream("{}", FIRST),
        stream(FIRST).replace(b"\n", b"\r\n"),
        stream(FIRST).replace(b"\n", b"\r"),
        stream("{}").replace(b"\n", b"\r") + stream(FIRST),
        stream("{}") + stream(FIRST).replace(b"\n", b"\r"),
        stream("{}") + stream(FIRST).replace(b"\n", b"\r\n"),
        stream(FIRST).removesuffix(b"\n") + b"\r\n",
    ],
)
def test_a_stream_may_have_gone_on_well_or_not_after_its_last_whole_event(whole: bytes, cut: bytes) -> None:
    here = reply(whole + cut, SSE, lacks=END)
    well, error, torn = here.endings(view.ENDINGS)
    for ending in (well, error, torn):
        assert ending.chunks[: len(here.chunks)] == here.chunks and here.chunks[-1]["choices"]
        assert not ending.lacks(END) and ending.status == 200 and ending.media_type == SSE
    assert [text_of(delta.get("content")) for delta in view.deltas(well)] == ["a", "pong"] and well.ends_with_done
    assert len(error.chunks) == len(here.chunks) + 1 and error.chunks[-1]["error"]
    assert len(torn.chunks) == len(here.chunks)
    assert [problem is None for _, problem in torn.parsed_events] == [True] * len(here.chunks) + [False]


@pytest.mark.parametrize(
    "body", [b'data: {"choices":[{"del', b"data", b": keep-alive", b'\n\ndata: {"cho', b"event: x\n"]
)
def test_a_stream_that_was_cut_within_its_first_event_may_have_gone_on_well(body: bytes) -> None:
    made = reply(b"data:" if body == b"data" else body, SSE, lacks=END)
    well, error, torn = made.endings(view.ENDINGS)
    assert len(well.chunks) == len(error.chunks) == 1 and torn.chunks == []
    assert well.ends_with_done and view.is_success(well)


@pytest.mark.parametrize(
    ("body", "lacks"),
    [
        (stream("{}"), ""),  # its end is known
        (stream("{}"), BODY),
        (stream("{}", "[DONE]"), END),  # so it is here
        (stream("{}") + b"data: [DONE]\n", END),
        (b"{}", END),
        (b"<html>", END),
        (b"", END),
    ],
)
def test_what_is_no_stream_without_its_end_has_no_endings(body: bytes, lacks: str) -> None:
    assert reply(body, SSE, lacks=lacks).endings(view.ENDINGS) == []


def test_what_else_a_capture_lacks_its_endings_lack_as_well() -> None:
    found = Reply(reply(stream("{}"), SSE).exchange._replace(missing=frozenset({END, STATUS})))
    assert [ending.exchange.missing for ending in found.endings(view.ENDINGS)] == [{STATUS}] * 3
    without_body = Reply(found.exchange._replace(missing=frozenset({END, BODY})))
    assert without_body.endings(view.ENDINGS) == [], "a clause that asks for the status only is judged all the same"


# --- large bodies -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unseen", ["", " ", "\t\r\n", "\0", "\x1f", "\x85", "\xa0", "\u1680", "\u2000", "\u200b", "\u200f",
                                    "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff", "\0 \u200b\n"])  # fmt: skip
def test_what_nobody_sees_is_blank(unseen: str) -> None:
    assert view.is_blank(unseen) and not view.is_blank(f"{unseen}.{unseen}")


@pytest.mark.parametrize(
    "seen", ["!", "~", "\x7f", "\u1fff", "\xa1", "\u2010", "\u203f", "\u30fb", "\u1681", "é", "\U0001f3d3"]
)
def test_what_is_seen_is_not_blank(seen: str) -> None:
    assert not view.is_blank(seen)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b'{"title":"Error 1020: Access denied","cloudflare_error":true}', 403, "Error 1020: Access denied"),
        (b'{"title":"Error 1015","cloudflare_error":true}', 429, ""),
        (b'{"title":"Error 1020","cloudflare_error":false}', 403, ""),
        (b'{"title":"Error 1020","cloudflare_error":1}', 403, ""),
        (b'["cloudflare_error"]', 403, ""),
        (b'{"x":"%b","title":"Error 1020","cloudflare_error":true}' % (b"x" * 9000), 403, ""),
    ],
)
def test_cloudflares_error_in_json_is_its_block_under_403(body: bytes, status: int, said: str) -> None:
    found = reply(body, "application/json", status).challenge
    assert (said in found) if said else found == ""
    assert reply(body, "application/json", status).is_cloudflares is (b":true" in body and len(body) < 8192)


@pytest.mark.parametrize(("before", "seen"), [(8174, True), (8175, False)])
def test_cloudflares_word_is_looked_for_in_the_first_8192_bytes(before: int, seen: bool) -> None:
    body = b'{"x":"%b","cloudflare_error":true}' % (b"x" * (before - 8))
    assert body.index(b'"cloudflare_error"') == before
    assert reply(body, "application/json", 403).is_cloudflares is seen


def test_cloudflares_word_needs_a_body_that_is_json() -> None:
    assert not reply(b'{"cloudflare_error":true', "application/json", 403).is_cloudflares
    assert not reply(b'<html>"cloudflare_error"', "text/html", 403).is_cloudflares
