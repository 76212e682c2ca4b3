"""Runs of the Responses API in which one thing is not as it should be, or only just is."""

from __future__ import annotations

import json

from chatproof.surfaces.event_examples import Event, drop, event, put
from chatproof.surfaces.responses.clauses.happy import (
    BODY,
    CONTENT,
    GOOD,
    ITEM,
    altered,
    body,
    with_content,
    with_output,
)
from chatproof.surfaces.responses.examples import (
    CALL_EVENTS,
    EVENTS,
    STREAMED,
    THOUGHTFUL,
    TWO_EVENTS,
    changed,
    put_before,
    streamed,
    without,
)
from chatproof.wire.exchange import Fault
from tests.api_rows import SSE, Reply, Row, cut_off, error, says

_AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
_REFUSED = {"type": "response.refusal.delta", **_AT, "delta": "no"}
_REFUSED_DONE = {"type": "response.refusal.done", **_AT, "refusal": "no"}
_SEARCH = {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"}
_OUTPUT = EVENTS[-1]["response"]["output"]
_COMPLETED = EVENTS[-1]["response"]
_OF_TEXT = tuple(one["type"].removeprefix("response.") for one in EVENTS[2:-1])
_CALL = CALL_EVENTS[-1]["response"]["output"][0]
_CALLED = json.dumps(_CALL).encode()


def _row(name: str, **replies: Reply | None) -> Row:
    known = {probe.replace("__", "."): reply for probe, reply in replies.items()}
    return Row("responses", f"responses: {name}", known, brief=True)


def _in_pieces(whole: str, *pieces: str) -> Reply:
    """The good stream with these deltas, and this text in each place that has the whole."""
    told = json.loads(json.dumps(EVENTS).replace('"pong"', json.dumps(whole)))
    return streamed([*told[:4], *({**told[4], "delta": piece} for piece in pieces), *told[6:]])


def _without_ends(*pieces: str) -> Reply:
    """The good stream with these deltas, in which only the last response has the whole."""
    deltas = [{**EVENTS[4], "delta": piece} for piece in pieces]
    done = {**EVENTS[8], "item": {**EVENTS[8]["item"], "content": []}}
    return streamed([*EVENTS[:4], *deltas, done, EVENTS[9]])


def _arguments(whole: str, begun: str, *deltas: str) -> Reply:
    """The stream of a call with these arguments, which begins with some of them, and has these deltas."""
    told: list[Event] = json.loads(json.dumps(CALL_EVENTS).replace(json.dumps(_CALL["arguments"]), json.dumps(whole)))
    told[2]["item"]["arguments"] = begun
    return streamed([*told[:3], *({**told[3], "delta": piece} for piece in deltas), *told[5:]])


_TWICE = _in_pieces("popongng", "po", "po", "ng", "ng")


def _placed(*events: Event, at: int = 1) -> list[Event]:
    return [{**one, "output_index": at} for one in events]


def _numbered(*events: Event) -> Reply:
    return streamed([{**one, "sequence_number": number} for number, one in enumerate(events)])


def _parts(*kinds: str) -> Reply:
    """The good stream whose message has parts of these types after its text: empty texts, and others that say x."""
    parts = [{"type": kind, "text": "" if kind == "output_text" else "x"} for kind in kinds]
    more = [
        one
        for number, part in enumerate(parts, 1)
        for one in (
            {"type": "response.content_part.added", **_AT, "content_index": number, "part": part},
            {"type": "response.content_part.done", **_AT, "content_index": number, "part": part},
        )
    ]
    done = {**EVENTS[8]["item"], "content": [*EVENTS[8]["item"]["content"], *parts]}
    return _numbered(*EVENTS[:8], *more, {**EVENTS[8], "item": done}, EVENTS[9])


_OTHER_END = {
    **EVENTS[-1],
    "type": "response.incomplete",
    "response": {
        **_COMPLETED,
        "object": "other",
        "created_at": None,
        "status": "in_progress",
        "output": [],
        "usage": {"prompt_tokens": 6, "input_tokens_details": 0},
    },
}
_NEW: Event = {"id": "x_1", "type": "vendor:note", "content": [{"type": "output_text", "text": ""}]}
_NOTE = _placed(
    {"type": "response.output_item.added", "item": _NEW},
    *({**one, "item_id": "x_1"} for one in EVENTS[3:8]),
    {"type": "response.output_item.done", "item": {**_NEW, "content": EVENTS[8]["item"]["content"]}},
)
_UNNAMED: Event = {"type": "reasoning", "summary": []}
_FULL: Event = {**EVENTS[8]["item"], "id": "msg_2", "status": "in_progress"}

PLAIN = [
    *(
        _row(f"the date {said.decode()}", happy=altered(b"1795379441", said))
        for said in (b"8640000000000", b"8640000000001", b"-8640000000000")
    ),
    _row("an empty id", happy=altered(b'"resp_1"', b'""')),
    _row("a refusal beside the text", happy=with_content(b'[{"type":"refusal","refusal":"no"},' + CONTENT[1:])),
    _row("no usage", happy=altered(b',"usage":{"input_tokens":6,"output_tokens":1,"total_tokens":7}', b"")),
    _row("an error beside the answer", tools__result=altered(b'"error":null', b'"error":{"message":"slow"}')),
    _row(
        "all tokens went into reasoning",
        max_output_tokens=body(
            BODY.replace(ITEM, b"").replace(
                b'"completed","error":null', b'"incomplete","incomplete_details":{"reason":"max_output_tokens"}'
            )
        ),
    ),
    _row(
        "cut, and no output",
        max_output_tokens=says(200, b'{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}'),
    ),
    _row("an unknown previous response is refused for the store", error__unknown_previous=error(400, "store is off")),
    _row("six items and no call", tools=with_output(*[ITEM.replace(b"msg_1", b"msg_%d" % n) for n in range(6)])),
]
_SECOND_END = "the second end says something else"
STREAMS = [
    _row(f"a stream in which {name}", stream=reply)._replace(brief=name != _SECOND_END)
    for name, reply in (
        ("a refusal comes before its item", put_before("output_item.added", _REFUSED)),
        ("a refusal is done before its item", put_before("output_item.added", _REFUSED_DONE)),
        ("a refusal names no item", put_before("output_text.done", {**_REFUSED, "item_id": None})),
        ("a refusal comes after its item", put_before("completed", _REFUSED)),
        ("two deltas come after their item", streamed([*EVENTS[:4], EVENTS[8], *EVENTS[4:8], EVENTS[9]])),
        ("a search comes before the item", put_before("output_item.added", _SEARCH)),
        ("false is the place of the item", changed("output_item.added", put(False, "output_index"))),
        ("false is the place of the part", changed("content_part.added", put(False, "content_index"))),
        ("false is the first number", changed("created", put(False, "sequence_number"))),
        (
            "both items are numbered from 1",
            streamed(
                [
                    {**one, "output_index": one["output_index"] + 1} if "output_index" in one else one
                    for one in TWO_EVENTS
                ]
            ),
        ),
        ("the message has three parts", _parts("output_text", "output_text")),
        ("the message has a note", _parts("vendor:note")),
        ("the text that is done is absent", changed("output_text.done", drop("text"))),
        ("the text that is done is a number", changed("output_text.done", put(7, "text"))),
        ("the text that is done names no item", changed("output_text.done", drop("item_id"))),
        ("the part that is done is a number", changed("content_part.done", put(7, "part"))),
        (
            "the item that is done has a line end",
            changed("output_item.done", put("pong\n", "item", "content", 0, "text")),
        ),
        ("the deltas have spaces", changed("output_text.delta", put(" pong\n", "delta"), (*EVENTS[:5], *EVENTS[6:]))),
        (
            "the response is queued under another id",
            put_before(
                "created",
                {**EVENTS[0], "type": "response.queued", "response": {**EVENTS[0]["response"], "id": "resp_2"}},
            ),
        ),
        (
            "the response is queued without output",
            put_before("created", {"type": "response.queued", "response": {"id": "resp_1"}}),
        ),
        (
            "the response is incomplete under another id",
            streamed(
                [
                    *EVENTS[:-1],
                    {**EVENTS[-1], "type": "response.incomplete", "response": {**_COMPLETED, "id": "resp_2"}},
                ]
            ),
        ),
        ("the id of the response is a number", changed("created", put(7, "response", "id"))),
        ("the id of the response becomes a number", changed("in_progress", put(7, "response", "id"))),
        ("nothing is said of the response", streamed([{"type": "keepalive"}])),
        (
            "the output comes after another event",
            streamed([{"type": "keepalive"}, {**EVENTS[0], "response": {"id": "resp_1"}}, *EVENTS[1:]]),
        ),
        ("progress shows the items", changed("in_progress", put(_OUTPUT, "response", "output"))),
        (
            "progress shows the items, the second time",
            put_before("completed", {**EVENTS[1], "response": {**EVENTS[1]["response"], "output": _OUTPUT}}),
        ),
        ("the response begins with an empty error", changed("created", put({}, "response", "error"))),
        ("an error has its type alone", streamed(EVENTS[:5], event({"type": "error", "message": "died"}, ""))),
        ("the usage is empty", changed("completed", put({}, "response", "usage"))),
        ("the response is no object", changed("completed", put(None, "response"))),
        ("the response is of another type", changed("completed", put("list", "response", "object"))),
        (_SECOND_END, _numbered(*EVENTS, _OTHER_END)),
        ("six ends come", _numbered(*EVENTS, *[EVENTS[-1]] * 5)),
        (
            "no item comes",
            without(*_OF_TEXT, events=(*EVENTS[:-1], {**EVENTS[-1], "response": {**_COMPLETED, "output": []}})),
        ),
        ("two items come that nobody added", without("output_item.added", events=TWO_EVENTS)),
        ("a thought comes first", THOUGHTFUL),
        ("a note has a text when it is added", put_before("completed", *_NOTE)),
        (
            "a message is added whole, and has no parts",
            put_before(
                "completed",
                *_placed(
                    {"type": "response.output_item.added", "item": _FULL},
                ),
            ),
        ),
        (
            "a thought without id never ends",
            put_before("completed", *_placed({"type": "response.output_item.added", "item": _UNNAMED})),
        ),
        (
            "a tool of its own never ends",
            put_before(
                "completed",
                *_placed({"type": "response.output_item.added", "item": {"id": "ct_1", "type": "custom_tool_call"}}),
            ),
        ),
        (
            "the second item is done under the first's id",
            streamed(
                [
                    {**one, "item": {**one["item"], "id": "msg_1"}}
                    if (one["type"], one.get("output_index")) == ("response.output_item.done", 1)
                    else one
                    for one in TWO_EVENTS
                ]
            ),
        ),
        (
            "the first item is added under the second's id",
            streamed(
                [
                    {**one, "item": {**one["item"], "id": "msg_2"}}
                    if (one["type"], one.get("output_index")) == ("response.output_item.added", 0)
                    else one
                    for one in TWO_EVENTS
                ]
            ),
        ),
        (
            "no text comes anywhere",
            streamed([*EVENTS[:4], *EVENTS[6:-1], {**EVENTS[-1], "response": {**_COMPLETED, "output": []}}]),
        ),
    )
]


_LONGER: tuple[Event, ...] = tuple(json.loads(json.dumps(CALL_EVENTS).replace('pong\\"}', 'pong\\",\\"n\\":1}')))
_NAMELESS = [
    {**one, "item": {name: it for name, it in one["item"].items() if name != "id"}} if "item" in one else one
    for one in CALL_EVENTS
]
_TORN = b'data: {"type":"response.output_text.delta","delta":"p{"error":{"message":"quota used up"}}\n\n'
UNASKED = [
    _row("a line without its data: has the output", stream=streamed(EVENTS, b'{"id":"x","output":[]}\n\n')),
    _row("an event behind [DONE] is no JSON", stream=streamed(EVENTS, b"data: [DONE]\n\ndata: {oops\n\n")),
    _row("an error begins within an event", stream=streamed(EVENTS[:5], _TORN)),
    *(
        _row(f"a call in place of the text {name}", stream=reply)
        for name, reply in (
            ("loses its id when it is done", changed("output_item.done", drop("item", "id"), CALL_EVENTS)),
            ("gets its id when it is done", changed("output_item.added", drop("item", "id"), CALL_EVENTS)),
            ("has no id anywhere", streamed([{n: it for n, it in one.items() if n != "item_id"} for one in _NAMELESS])),
        )
    ),
]
CALLS = [
    _row(f"the stream of a call {name}", tools__stream=reply)
    for name, reply in (
        ("has an event that is no object", streamed(CALL_EVENTS, b"data: 7\n\n")),
        ("has no deltas, and no arguments", _arguments("{}", "")),
        ("has no deltas, and its arguments as it begins", _arguments('{"word":"pong"}', '{"word":"pong"}')),
        ("has an empty delta alone", _arguments('{"word":"pong"}', "", "")),
        ("begins without output", changed("created", drop("response", "output"), CALL_EVENTS)),
        ("has chat's usage", changed("completed", put({"prompt_tokens": 6}, "response", "usage"), CALL_EVENTS)),
        (
            "has details of the usage that are none",
            changed("completed", put(0, "response", "usage", "input_tokens_details"), CALL_EVENTS),
        ),
        ("is one of a text, with an event without type", streamed([*EVENTS, {"x": 1}])),
        (
            "is one of a text, and the call at its end",
            streamed([*EVENTS[:-1], {**EVENTS[-1], "response": {**_COMPLETED, "output": [*_OUTPUT, _CALL]}}]),
        ),
        (
            "has a message in its place",
            streamed(
                [
                    {**one, "item": {**one["item"], "type": "message", "content": []}} if "item" in one else one
                    for one in CALL_EVENTS
                ]
            ),
        ),
        (
            "is one of a text, with arguments of an item that nobody added",
            put_before(
                "completed",
                *_placed({"type": "response.function_call_arguments.delta", "item_id": "fc_1", "delta": "{}"}),
            ),
        ),
        ("has no item", streamed([*EVENTS[:2], {**EVENTS[-1], "response": {**_COMPLETED, "output": []}}])),
        (
            "has other arguments that are no JSON when they are done",
            streamed(
                [
                    {name: {"delta": "{", "arguments": "}"}.get(name, it) for name, it in one.items()}
                    for one in CALL_EVENTS
                ]
            ),
        ),
        ("has no id of its own", streamed(_NAMELESS)),
        ("is done without a name", changed("output_item.done", drop("item", "name"), CALL_EVENTS)),
        ("is incomplete", changed("output_item.done", put("incomplete", "item", "status"), CALL_EVENTS)),
        ("is in progress at its end", changed("output_item.done", put("in_progress", "item", "status"), CALL_EVENTS)),
        (
            "has a call_id that is a list in the end",
            changed("completed", put([], "response", "output", 0, "call_id"), CALL_EVENTS),
        ),
        (
            "has arguments that are an object in the end",
            changed("completed", put({"word": "pong"}, "response", "output", 0, "arguments"), CALL_EVENTS),
        ),
        (
            "has arguments that are no JSON in the end",
            changed("completed", put("{", "response", "output", 0, "arguments"), CALL_EVENTS),
        ),
        (
            "has its arguments in another order in the end",
            changed("completed", put('{"n": 1, "word": "pong"}', "response", "output", 0, "arguments"), _LONGER),
        ),
    )
]
_NO_STREAMS = "Streaming is not supported on this upstream"
OTHER_FORMATS = [
    _row("a stream is refused by its name", stream=error(400, _NO_STREAMS)),
    _row("an upstream refuses a request", stream=error(400, "an upstream does not take this")),
    _row("streams and all else are refused", happy=error(400, _NO_STREAMS), stream=error(400, _NO_STREAMS)),
    *(
        _row(f"a stream comes as {name}", stream=says(200, body, "text/event-stream"))
        for name, body in (
            ("one document a line", b"".join(json.dumps(one).encode() + b"\n" for one in EVENTS)),
            ("one document in lines", json.dumps(_COMPLETED, indent=1).encode()),
            ("bytes that gzip made", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\x00\x00"),
            ("UTF-16", "data: {}\n\n".encode("utf-16")),
        )
    ),
    _row("the text is in an item of another kind", happy=with_output(ITEM.replace(b'"message"', b'"assistant"'))),
]
_OWN_CHOICE = "tool_choice: only auto is supported"
CHOICES = [
    _row(
        "a choice is refused",
        tools=with_output(_CALLED),
        tools__named=error(400, _OWN_CHOICE),
        tools__none=error(400, _OWN_CHOICE),
    ),
    _row(
        "a choice is limited",
        tools=with_output(_CALLED),
        tools__named=error(429, "slow down"),
        tools__none=error(429, "slow down"),
    ),
    _row(
        "a choice fails under 200",
        tools=with_output(_CALLED),
        tools__named=error(200, "no"),
        tools__none=error(200, "no"),
    ),
    *(
        _row(
            f"a choice fails by the name of {name}",
            tools=with_output(_CALLED),
            tools__named=says(500, b'{"error":{"message":"failed","param":"%s"}}' % name.encode()),
        )
        for name in ("tool_choice", "tools", "tool")
    ),
]
REPEATED = [
    _row("each delta twice, and the texts as well", stream=_TWICE),
    _row("each delta twice, the answer among white space", stream=_TWICE, happy=altered(b'"pong"', b'" pong "')),
    _row("each delta twice, no plain answer", stream=_TWICE, happy=None),
    _row("each delta twice, the plain answer broken off", stream=_TWICE, happy=cut_off(GOOD)),
    _row("empty deltas among others that repeat", stream=_in_pieces("pong", "po", "", "po", "ng", "ng")),
    _row("a delta again, told by the last response alone", stream=_without_ends("po", "ng", "ng")),
    _row("a delta again, of two messages", stream=streamed([*TWO_EVENTS[:6], TWO_EVENTS[5], *TWO_EVENTS[6:]])),
]
_FAILS = b'event: error\ndata: {"type":"error","code":"invalid_api_key","message":"Invalid token"}\n\n'
_DEAD = Fault("net.reset", "read", "the connection was reset")
_GARBLED = "cafÃ©"
_PING = b'event: ping\ndata: {"type":"ping"}\n\n'
FURTHER = [
    *(
        _row(f"input in an array is not heard, {name}", happy=happy, codex=altered(b'"pong"', b'"Hello!"'))
        for name, happy in (
            ("nor that in a string", altered(b'"pong"', b'"Hello!"')),
            ("but that in a string, in capitals", altered(b'"pong"', b'"PONG"')),
            ("and that in a string is not sent", None),
            ("and that in a string breaks off", cut_off(altered(b'"pong"', b'"Hello!"'))),
        )
    ),
    *(
        _row(f"the stream of a wrong key is {name}", auth__invalid_stream=says(200, body, SSE))
        for name, body in (
            ("a ping", _PING),
            ("an event of errors, of no object", b"event: error\ndata: 7\n\n"),
            ("an error by its type alone", b'data: {"type":"error","message":"Invalid token"}\n\n'),
            ("a failed response", b'data: {"type":"response.failed","response":{"status":"failed"}}\n\n'),
            ("an error of chat", b'data: {"error":{"message":"Invalid token"}}\n\n'),
        )
    ),
    _row(
        "two tools are called with the same arguments",
        tools=with_output(
            _CALLED, _CALLED.replace(b"record_word", b"record_it").replace(b"c_1", b"c_2").replace(b"call_1", b"call_2")
        ),
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
                {"happy": altered(b"pong", _GARBLED.encode()), "unicode": _in_pieces(_GARBLED, "caf", _GARBLED[3:])},
            ),
            (
                "is garbled, and there is no plain answer",
                {"happy": None, "unicode": _in_pieces(_GARBLED, "caf", _GARBLED[3:])},
            ),
        )
    ),
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
        tools=with_output(_CALLED),
        tools__named=with_output(_CALLED.replace(b'"name": "record_word", ', b"")),
    ),
]
ROWS = [*PLAIN, *STREAMS, *UNASKED, *REPEATED, *CALLS, *CHOICES, *OTHER_FORMATS, *FURTHER]
