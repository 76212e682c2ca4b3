"""Runs of the Messages API in which one thing is not as it should be."""

from __future__ import annotations

from chatproof.surfaces.event_examples import Event, drop, event, put
from chatproof.surfaces.messages.examples import (
    BODY,
    CALL_EVENTS,
    CONTENT,
    ERROR_EVENT,
    EVENTS,
    GOOD,
    STREAMED,
    THINKING_EVENTS,
    USAGE,
    altered,
    body,
    changed,
    put_before,
    streamed,
    without,
)
from chatproof.wire.exchange import Fault
from tests.api_rows import SSE, Reply, Row, cut_off, error, says

_DOUBLED = streamed(
    [
        *EVENTS[:2],
        *({**EVENTS[2], "delta": {"type": "text_delta", "text": text}} for text in ("po", "po", "ng", "ng")),
        *EVENTS[4:],
    ]
)
_FAILS = b'event: error\ndata: {"type":"error","error":{"type":"authentication_error","message":"invalid key"}}\n\n'
_PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_DEAD = Fault("net.reset", "read", "the connection was reset")
_GARBLED = "cafÃ©"
_WORD = b'[{"type":"tool_use","id":"t_1","name":"record_word","input":{"word":"pong"}}]'
_NULL = b'"stop_sequence":null'


def _row(name: str, **replies: Reply | None) -> Row:
    known = {probe.replace("__", "."): reply for probe, reply in replies.items()}
    return Row("messages", f"messages: {name}", known, brief=True)


def _kept(*types: str, events: tuple[Event, ...] = CALL_EVENTS) -> Reply:
    """The stream of a call without the index of what is left."""
    return streamed(
        [{name: it for name, it in one.items() if name != "index"} for one in events if one["type"] in types]
    )


_NO_DELTAS = ("message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop")
_BESIDE = altered(_NULL, b'"error":{"type":"api_error","message":"slow"}')
_BEGUN = [
    EVENTS[0],
    {**EVENTS[1], "content_block": {"type": "text", "text": "po"}},
    *EVENTS[3:],
]


def _blocks(*blocks: tuple[Event, str]) -> Reply:
    """A stream of blocks: how each begins, and its delta of text."""
    events: list[Event] = []
    for index, (begun, text) in enumerate(blocks):
        events.append({**EVENTS[1], "index": index, "content_block": begun})
        if text:
            events.append({**EVENTS[2], "index": index, "delta": {"type": "text_delta", "text": text}})
        events.append({**EVENTS[4], "index": index})
    return streamed([EVENTS[0], *events, *EVENTS[5:]])


def _text(begun: object) -> Event:
    return {"type": "text", "text": begun}


ROWS = [
    _row("white space begins the block, and the deltas", stream=_blocks((_text(" "), " pong"))),
    _row(
        "the whole text begins a block, and is the next one's delta",
        stream=_blocks((_text("pong"), ""), (_text(""), "pong")),
    ),
    _row(
        "the text is in a block of another type",
        stream=_blocks(({**_text("pong"), "type": "note"}, ""), (_text(""), "ping")),
    ),
    _row("the text of the stream goes on in another block", stream=_blocks((_text(""), "pong"), (_text(""), "!"))),
    _row("a number begins the block", stream=_blocks((_text(7), "pong")), happy=altered(b'"pong"', b'"7pong"')),
    *(
        _row(f"the text begins in its block, {name}", stream=streamed(_BEGUN), happy=happy)
        for name, happy in (
            ("as the plain one", GOOD),
            ("the plain one has white space", altered(b'"pong"', b'" pong\\n"')),
            ("the plain one is another", altered(b'"pong"', b'"ping"')),
            ("no plain one", None),
            ("the plain one is cut off", cut_off(GOOD)),
        )
    ),
    _row("the text begins in its block, and is whole without", stream=streamed([*_BEGUN[:2], *EVENTS[2:]])),
    _row(
        "the text begins in its second block",
        stream=streamed(
            [
                *THINKING_EVENTS[:5],
                {**THINKING_EVENTS[5], "content_block": {"type": "text", "text": "po"}},
                *THINKING_EVENTS[7:],
            ]
        ),
    ),
    _row("thinking begins in its block", stream=changed("content_block_start", put("po", "content_block", "text"))),
    _row("stop_details is no object", happy=altered(_NULL, b'"stop_details":7')),
    *(
        _row(f"{'.'.join(path)} of {kind} is of another type", stream=changed(kind, put([7], *path)))
        for kind, path in (
            ("message_start", ("message", "model")),
            ("message_start", ("message", "role")),
            ("message_delta", ("delta", "stop_details")),
            ("message_delta", ("context_management",)),
            ("message_delta", ("usage", "output_tokens_details")),
        )
    ),
    _row("an error without words", happy=altered(_NULL, b'"error":7')),
    _row("an error with a type alone", happy=altered(_NULL, b'"error":{"type":"api_error"}')),
    _row("an error beside the answer", tools__result=_BESIDE, thinking__result=_BESIDE),
    *(
        _row(f"the other form is refused: {status}, {message}", happy__other_form=error(status, message, type))
        for status, message, type in (
            (403, "invalid api key", "authentication_error"),
            (403, "no auth credentials found", "api_error"),
            (403, "mismatched organization", "api_error"),
            (400, "authorization: unexpected", "invalid_request_error"),
            (400, "bearer: unexpected", "invalid_request_error"),
            (400, "anthropic-version: unexpected", "invalid_request_error"),
        )
    ),
    _row("the other form is refused, and the first cut off", happy=cut_off(GOOD), happy__other_form=error(400, "no")),
    _row("the text in pieces, and the plain answer is cut off", happy=cut_off(GOOD), stream=_DOUBLED),
    _row(
        "an event line says error, the data a reason",
        stream=streamed(EVENTS[:4], b'event: error\ndata: {"reason":"x"}\n\n'),
    ),
    _row("an event line says error, the data nothing", stream=streamed(EVENTS[:4], b"event: error\ndata: {}\n\n")),
    _row(
        "thinking that is no text",
        thinking__stream=changed("content_block_delta", put(7, "delta", "thinking"), THINKING_EVENTS),
    ),
    _row(
        "the cache is read nothing, and nothing else counted", cache=altered(USAGE, b'{"cache_read_input_tokens":0}')
    )._replace(required=("cache",)),
    *(
        _row(f"a failure that blames {name} of the cache", cache__first=error(500, f"{name}: failed"))._replace(
            required=("cache",)
        )
        for name in ("cache_control", "system")
    ),
    _row("the count is refused without words", count_tokens=says(404, b"{}")),
    _row("one call of the first tool", tools__parallel=body(BODY.replace(CONTENT, _WORD))),
    *(
        _row(f"the stream of a call {name}", tools__stream=reply)
        for name, reply in (
            ("has an event that is no object", streamed(CALL_EVENTS, b"data: 7\n\n")),
            ("has an event without type", streamed(CALL_EVENTS, event({"x": 1}, "ping"))),
            ("has an error", put_before("message_delta", ERROR_EVENT, events=CALL_EVENTS)),
            ("begins without usage", changed("message_start", put(None, "message", "usage"), CALL_EVENTS)),
            ("ends without delta", changed("message_delta", drop("delta"), CALL_EVENTS)),
            ("begins twice", put_before("content_block_start", EVENTS[0], events=CALL_EVENTS)),
            ("has deltas without a block", without("content_block_start", events=CALL_EVENTS)),
            ("has a block without index", _kept(*_NO_DELTAS)),
            ("has no block", _kept("message_start", "message_delta", "message_stop")),
            ("has six texts", streamed([EVENTS[0], *({**EVENTS[1], "index": n} for n in range(6)), *EVENTS[5:]])),
        )
    ),
    _row("a stream is refused by its name", stream=error(400, "stream: not supported")),
    _row("the plain text is there twice, and once in the stream", happy=altered(b'"pong"', b'"pongpong"')),
    *(
        _row(f"the stream of a wrong key {name}", auth__invalid_stream=reply)
        for name, reply in (
            ("has its error under HTTP 299", says(299, _FAILS, SSE)),
            ("has its error under HTTP 300", says(300, _FAILS, SSE)),
            ("has the answer before its error", streamed(EVENTS, _FAILS)),
        )
    ),
    _row(
        "the stream of a wrong key fails as all do", happy=error(200, "no"), auth__invalid_stream=says(200, _FAILS, SSE)
    ),
    _row("the earlier word comes back in capitals", turns=altered(b'"pong"', b'"PONG"')),
    _row(
        "the call that is asked for has no name",
        tools=body(BODY.replace(CONTENT, _WORD)),
        tools__named=body(BODY.replace(CONTENT, _WORD.replace(b'"name":"record_word",', b""))),
    ),
    *(
        _row(f"text outside ASCII {name}", **replies)
        for name, replies in (
            ("is limited", {"unicode": error(429, "slow down")}),
            ("is streamed under HTTP 503", {"unicode": STREAMED._replace(status=503)}),
            ("is answered by an empty object", {"unicode": says(200, b"{}")}),
            ("is not streamed, as nothing is", {"stream": GOOD, "unicode": GOOD}),
            ("is not streamed, and the plain stream breaks off", {"stream": _DEAD, "unicode": GOOD}),
            (
                "is garbled, as the plain answer is",
                {"happy": altered(b"pong", _GARBLED.encode()), "unicode": _blocks((_text(""), _GARBLED))},
            ),
            ("is garbled, and there is no plain answer", {"happy": None, "unicode": _blocks((_text(""), _GARBLED))}),
        )
    ),
    *(
        _row(f"a text in blocks is not heard, {name}", happy=happy, claude_code=altered(b"pong", b"Hello!"))
        for name, happy in (
            ("nor one in a string", altered(b"pong", b"Hello!")),
            ("but one in a string, in capitals", altered(b"pong", b"PONG")),
            ("and that of the string is not sent", None),
            ("and that of the string breaks off", cut_off(altered(b"pong", b"Hello!"))),
        )
    ),
    _row("the stream of a wrong key is a ping", auth__invalid_stream=says(200, _PING, SSE)),
    _row(
        "two tools are called with the same input",
        tools=body(
            BODY.replace(
                CONTENT, _WORD[:-1] + b"," + _WORD[1:].replace(b"record_word", b"record_it").replace(b"t_1", b"t_2")
            )
        ),
    ),
    _row("[DONE] comes as a ping", stream=streamed(end=b"event: ping\ndata: [DONE]\n\n")),
]
