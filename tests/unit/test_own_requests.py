"""The user's own requests: how files are read, what is sent, how a reply to one is judged, what a record keeps."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import pytest

from chatproof.captures import Unreadable, request_bodies
from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, Context, Example
from chatproof.contract.probe import OWN
from chatproof.evidence.reply import Reply
from chatproof.record.own_texts import MARK, Texts
from chatproof.running.own_requests import hide
from chatproof.running.plan import Settings
from chatproof.running.run import validate
from chatproof.simulator import chat
from chatproof.simulator.server import Server
from chatproof.simulator.wire import Asked, Script
from chatproof.simulator.wire import Reply as Reply400
from chatproof.surfaces.chat import clauses
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON
from chatproof.surfaces.chat.clauses.own.requests import CALLED
from chatproof.surfaces.chat.clauses.stream import SSE, STREAMED
from chatproof.surfaces.own.own_request import OwnRequest, shape_of, with_model
from chatproof.target import profile
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret
from tests.support import CHAT, exchange, from_example

OWN_CLAUSES = clauses.load(OWN)
CANARY = "Zebrafish-77"
WORD = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
TOOL = {"type": "function", "function": {"name": "record_word", "parameters": WORD}}
FORCED = {"type": "function", "function": {"name": "record_word"}}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hello."}], "tools": [TOOL], "tool_choice": FORCED}
PLAIN = {name: ASKED[name] for name in ("model", "messages")}


def outcome(clause: str, asked: dict[str, Any], example: Example) -> str:
    sent = exchange("happy", from_example(example))
    request = sent.request._replace(body=json.dumps(asked).encode())
    reply = Reply(sent._replace(probe="request.1", request=request))
    context = Context(profile.load("generic"), "m", None, {"request.1": reply}, CHAT)
    return OWN_CLAUSES[clause].judge(reply, context).outcome


def answer(content: str, finish: str = "stop", **more: Any) -> Example:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish, **more}
    return Example(200, JSON, json.dumps({"id": "c", "object": "chat.completion", "choices": [choice]}).encode())


@pytest.mark.parametrize(
    ("id", "example", "wanted"),
    [
        (c.id, e, wanted)
        for c in OWN_CLAUSES.values()
        for wanted, held in ((HOLDS, c.holds_on), (BROKEN, c.breaks_on))
        for e in held
    ],
)
def test_examples(id: str, example: Example, wanted: str) -> None:
    streamed = {"stream": True} if example == STREAMED and wanted == HOLDS else {}
    assert outcome(id, {**ASKED, **streamed}, example) == wanted


def allowed(mode: str, name: str = "record_word") -> dict[str, Any]:
    """A choice among some of the tools only."""
    tools = [{"type": "function", "function": {"name": name}}]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": WORD}}
ROWS = [
    ("request.finished", {"stream": True}, STREAMED, HOLDS),
    ("request.finished", {"stream": True}, Example(200, SSE, STREAMED.body.replace(b"data: [DONE]\n\n", b"")), BROKEN),
    ("request.readable", {"stream": True}, GOOD, BROKEN),
    ("request.schema", {"response_format": SCHEMA}, answer('{"word": "pong"}'), HOLDS),
    ("request.schema", {"response_format": SCHEMA}, answer('{"term": "pong"}'), BROKEN),
    ("request.schema", {"response_format": {"type": "json_object"}}, answer("pong"), BROKEN),
    ("request.schema", {"response_format": {"type": "json_object"}}, answer('{"a', "length"), NOT_APPLICABLE),
    ("request.schema", {"response_format": {"type": "text"}}, answer("pong"), NOT_APPLICABLE),
    ("request.parameters", {"stop": ["7"]}, answer("1 2 3"), HOLDS),
    ("request.parameters", {"stop": "7"}, answer("6 7 8"), BROKEN),
    ("request.parameters", {"n": 2}, answer("pong"), BROKEN),
    ("request.parameters", {"logprobs": True}, answer("pong"), BROKEN),
    ("request.parameters", {}, answer("pong"), NOT_APPLICABLE),
    ("request.cap", {"max_tokens": 2}, CALLED, HOLDS),
    ("request.cap", {"max_tokens": 2}, Example(200, JSON, CALLED.body.replace(b'tokens":2', b'tokens":90')), BROKEN),
    ("request.cap", {}, CALLED, NOT_APPLICABLE),
    ("request.content", {}, answer("", "length"), NOT_APPLICABLE),
    ("request.usage", {"stream": True}, STREAMED, NOT_APPLICABLE),
    ("request.usage", {"stream": True, "stream_options": {"include_usage": True}}, STREAMED, BROKEN),
    ("request.calls", {}, CALLED, NOT_APPLICABLE),  # no tools were asked for
    ("request.tool_choice", {"tools": [TOOL]}, GOOD, NOT_APPLICABLE),  # the model was free
    ("request.tool_choice", {"tools": [TOOL], "tool_choice": allowed("auto")}, GOOD, NOT_APPLICABLE),
    ("request.tool_choice", {"tools": [TOOL], "tool_choice": allowed("required")}, GOOD, BROKEN),
    ("request.tool_choice", {"tools": [TOOL], "tool_choice": allowed("auto")}, CALLED, HOLDS),
    ("request.tool_choice", {"tools": [TOOL], "tool_choice": allowed("auto", "other")}, CALLED, BROKEN),
    ("request.tool_choice", {"tools": [TOOL], "tool_choice": "none"}, CALLED, BROKEN),
    ("request.tool_choice", {"tools": [TOOL], "tool_choice": "required"}, GOOD, BROKEN),
]


@pytest.mark.parametrize(("id", "asked", "example", "wanted"), ROWS)
def test_what_was_asked_for_decides(id: str, asked: dict[str, Any], example: Example, wanted: str) -> None:
    assert outcome(id, {**PLAIN, **asked}, example) == wanted


def test_each_clause_is_seen_to_hold_and_to_break() -> None:
    shown = {(id, wanted) for id, _, _, wanted in ROWS}
    shown |= {(c.id, HOLDS) for c in OWN_CLAUSES.values() if c.holds_on}
    shown |= {(c.id, BROKEN) for c in OWN_CLAUSES.values() if c.breaks_on}
    assert {(id, wanted) for id in OWN_CLAUSES for wanted in (HOLDS, BROKEN)} - shown == set()
    assert all(c.says.endswith(".") and c.why.endswith(".") and c.probe == OWN for c in OWN_CLAUSES.values())
    assert all(c.code or id == "request.answered" for id, c in OWN_CLAUSES.items())


# -- files ------------------------------------------------------------------------------------------------------------


def bodies(text: str | bytes, **options: Any) -> list[dict[str, Any]]:
    data = text if isinstance(text, bytes) else text.encode()
    return [own.value for own in request_bodies.read(data, "f", **options)]


def har(*posted: dict[str, Any]) -> str:
    entries = [
        {
            "startedDateTime": "2026-11-28T10:00:00.000Z",
            "request": {
                "method": "POST",
                "url": "https://llm.test/v1/chat/completions?key=QUERYCANARY77",
                "headers": [{"name": "Authorization", "value": "Bearer sk-headercanary77"}],
                "cookies": [{"name": "s", "value": "cookiecanary77"}],
                "postData": {"mimeType": "application/json", "text": json.dumps(body)},
            },
            "response": {"status": 200, "headers": [], "content": {"text": "{}"}},
        }
        for body in posted
    ]
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}})


SECOND = {**PLAIN, "temperature": 0.5}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PLAIN) + "\n" + json.dumps(SECOND) + "\n\n",
        json.dumps([PLAIN, SECOND]),
        "\n".join(json.dumps({"custom_id": "1", "url": "/v1/chat/completions", "body": b}) for b in (PLAIN, SECOND)),
        "\n".join(json.dumps({"request": {"body": b}}) for b in (PLAIN, SECOND)),
        "\n".join(json.dumps({"request_body": json.dumps(b)}) for b in (PLAIN, SECOND)),
        har(PLAIN, SECOND, PLAIN),
    ],
    ids=["jsonl", "array", "batch", "log", "text-in-log", "har"],
)
def test_every_layout_gives_the_bodies(text: str) -> None:
    assert bodies(text) == [PLAIN, SECOND]


def test_of_a_capture_only_the_bodies_are_taken() -> None:
    made = request_bodies.read(har(PLAIN).encode(), "f")
    assert "canary77" not in repr([(own.body, own.row) for own in made]).lower()


def test_equal_ones_are_sent_once_and_counted_whatever_their_model() -> None:
    other = {**PLAIN, "model": "another"}
    streamed = {**PLAIN, "stream": True}
    (plain, both) = request_bodies.read("\n".join(map(json.dumps, (PLAIN, other, streamed))).encode(), "f")
    assert (plain.times, both.times, both.value["stream"]) == (2, 1, True)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"messages": []', '{"messages": [], "messages": []}', '{"messages": [NaN]}', "sk-abc\nx", "[1]",
     '{"messages": []}\n{"no": 1}', "\x00", har()],
)  # fmt: skip
def test_what_is_no_request_is_refused_without_a_quotation(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        request_bodies.read(text.encode(), "f")
    assert "sk-abc" not in str(refused.value)


def test_where_json_breaks_off_is_told() -> None:
    with pytest.raises(Unreadable, match=r"it is no JSON: .* at line 2, column 1"):
        request_bodies.read(b'{"messages": [],\n]', "f")


def test_too_many_are_refused_with_the_way_out() -> None:
    many = "\n".join(json.dumps({**PLAIN, "seed": n}) for n in range(request_bodies.MOST + 1))
    with pytest.raises(Unreadable, match="requests from"):
        request_bodies.read(many.encode(), "f")


HOSTED = {"type": "web_search"}


@pytest.mark.parametrize(
    ("more", "kept", "left_out"),
    [
        ({"store": True, "metadata": {"a": "b"}}, {}, ("store", "metadata")),
        ({"store": False, "metadata": {"a": "b"}}, {"store": False, "metadata": {"a": "b"}}, ()),
        ({"background": True, "web_search_options": {}}, {}, ("background", "web_search_options")),
        ({"tools": [HOSTED, TOOL]}, {"tools": [TOOL]}, ("hosted tools",)),
        ({"tools": [HOSTED], "tool_choice": "auto"}, {}, ("hosted tools",)),
    ],
)
def test_effects_are_sent_only_when_allowed(
    more: dict[str, Any], kept: dict[str, Any], left_out: tuple[str, ...]
) -> None:
    text = json.dumps({**PLAIN, **more}).encode()
    (own,) = request_bodies.read(text, "f")
    assert own.value == {**PLAIN, **kept} and own.left_out == left_out
    (allowed,) = request_bodies.read(text, "f", effects=True)
    assert allowed.body == text and allowed.left_out == ()


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (
            '{"messages": [], "model": "old", "temperature": 0.70}',
            '{"messages": [], "model": "n\\"w", "temperature": 0.70}',
        ),
        ('{ "model":null,"messages":[{"model":"mine"}]}', '{ "model":"n\\"w","messages":[{"model":"mine"}]}'),
        ('{"messages":[],"x":1e-7}', '{"model": "n\\"w", "messages":[],"x":1e-7}'),
        ("{}", '{"model": "n\\"w"}'),
        ('{"a": "\\"model\\": 1", "model" : "x"}', '{"a": "\\"model\\": 1", "model" : "n\\"w"}'),
    ],
)
def test_every_byte_but_the_models_stays(body: str, sent: str) -> None:
    assert with_model(body.encode(), 'n"w').decode() == sent


# -- what is kept -----------------------------------------------------------------------------------------------------


def test_the_shape_has_no_name_and_no_value_that_the_user_chose() -> None:
    body = {
        **PLAIN,
        "metadata": {CANARY: CANARY},
        "tools": [{"type": "function", "function": {"name": CANARY, "parameters": {
            "type": "object", "properties": {CANARY: {"enum": [CANARY], "default": {CANARY: 1}}}}}}],
        "messages": [{"role": CANARY, "content": [{"type": CANARY, "text": CANARY}]}],
        f"{CANARY} x": 1,
        "seed": 7,
    }  # fmt: skip
    own = OwnRequest(json.dumps(body).encode(), "f")
    assert CANARY not in repr((own, own.row)) and ["$.seed", "integer"] in shape_of(body)


REQUEST = {
    "model": "m",
    "messages": [{"role": "user", "content": f"Please tell John Q. Publican of {CANARY} what the contract says."}],
    "tools": [{"type": "function", "function": {"name": "fetch_ledger", "description": "Reads the northern books."}}],
    "stop": ["\n\nHuman:"],
    "metadata": {"customer": "ACME-9", "place": "Großmarkt, 你好世界"},
}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"content {CANARY} is not allowed", f"content {MARK} is not allowed"),
        ("quoted: tell John Q. Publican of", f"quoted: {MARK}"),
        ("tool fetch_ledger is unknown", f"tool {MARK} is unknown"),
        ("the northern books are closed", f"{MARK} are closed"),
        ("customer ACME-9 owes", f"{MARK} {MARK} owes"),
        ("a cut word: Zebrafis…", f"a cut word: {MARK}…"),
        ("line\\x0aPublican", f"line\\x0a{MARK}"),
        ("tools[0].function.fetch_ledger", f"tools[0].function.{MARK}"),
        (f"$.{CANARY}.fetch_ledger", f"$.{MARK}.{MARK}"),
        ("mcp__a__fetch_ledger_1", f"mcp__a__{MARK}_1"),
        ("fetch_ledger_fetch_ledger", f"{MARK}_{MARK}"),
        ("northern_books_closed", None),
        ("code: Tell_John_Q_Publican_of", f"code: {MARK}"),
        ("reads_the_northern_books_twice", f"{MARK}_twice"),
        ("what_the_model_says", None),
        ("/search?q=tell%20John%20Q.%20Publican&n=1", f"/search?q={MARK}.{MARK}&n=1"),
        ("at?q=the%20northern%20books", f"at?q={MARK}"),
        ("at?q=%74%68%65%20%6e%6frthern%20books", f"at?q={MARK}"),
        ("at?q=the%2520northern%2520books", f"at?q={MARK}"),
        ("at Gro%C3%9Fmarkt", f"at {MARK}"),
        ("100% of tokens, 50%of%20all", None),
        ("says \\u4f60\\u597d", f"says {MARK}"),
        ("says \\\\u4F60\\\\u597D\\\\uff01", f"says {MARK}"),
        ("in Mu\\u0308nster\\u00dfe", None),
        ("at Gro\\u00dfmarkt", f"at {MARK}"),
        ("the request\\u2019s model", None),
        ("Unsupported parameter: 'tools' is not supported with this model.", None),
        ("the request must not say what the model says", None),
        ("temperature must be 1", None),
    ],
)
def test_what_a_reply_quotes_is_replaced_and_its_own_words_stay(said: str, shown: str | None) -> None:
    assert Texts([REQUEST]).without(said) == (said if shown is None else shown)


def test_what_a_broken_reply_quotes_is_replaced_too() -> None:
    """A server that ends its error in the wrong place has said it all the same."""
    fault = {"code": "http.malformed", "phase": "headers", "detail": f'header line 1: no colon: "for {CANARY}: no"'}
    sent = {"id": "x1", "probe": "request.1", "request": {}, "response": None, "fault": fault}
    seen: dict[str, Any] = {"exchanges": [sent], "findings": []}
    hide(seen, Settings(requests=(OwnRequest(json.dumps(REQUEST).encode(), "f"),)))
    assert sent["fault"] == {**fault, "detail": f'header line 1: no colon: "for {MARK}: no"'}


def test_a_long_request_and_a_long_record_take_linear_time() -> None:
    texts = Texts([{"messages": [{"role": "user", "content": "word " * 50_000}]}])
    assert texts.without("word " * 400).count(MARK) >= 0
    assert texts.without("%2525" * 400).count(MARK) == 0


TOKEN = "q8Zr4Kd1TqlhQCvpm8FOFlEsD4xW7nB2yG5j"
FORMS = {
    "plain": TOKEN,
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "hex": TOKEN.encode().hex(),
    "reversed": TOKEN[::-1],
    "spelt": "-".join(TOKEN),
}
CARRY = {
    "an MCP server's token": {"mcp_servers": [{"type": "url", "url": "https://h.test/", "authorization_token": TOKEN}]},
    "an MCP server's header": {"tools": [{"type": "mcp", "headers": {"Authorization": f"Bearer {TOKEN}"}}]},
    "an MCP server's password": {"tools": [{"type": "mcp", "server_url": f"https://me:{TOKEN}@h.test/mcp"}]},
    "a key of the gateway": {"api_key": TOKEN},
}


@pytest.mark.parametrize("carried", CARRY)
def test_a_secret_in_a_body_is_in_no_record(carried: str) -> None:
    """In whatever form any reply quotes it, to this request or another; it is a secret, and no text."""
    said = itertools.cycle(FORMS.values())

    def respond(asked: Asked) -> Reply400 | Script:
        if TOKEN.encode() not in asked.body and b"stream_options" not in asked.body:
            return chat.respond(asked)
        body = json.dumps({"error": f"no {next(said)} here"}).encode()
        return Reply400(400, (("Content-Type", "application/json"),), body)

    server = Server(respond, "sk-of-the-server-0123456789")
    try:
        target = Target(f"http://127.0.0.1:{server.port}/v1", "simulator-mini", Secret("sk-of-the-server-0123456789"))
        bodies = [json.dumps({**PLAIN, **CARRY[carried], "seed": seed}).encode() for seed in range(len(FORMS))]
        own = tuple(OwnRequest(body, f"a.json:{number}") for number, body in enumerate(bodies))
        told = json.dumps(validate(target, Settings(requests=own), environ={}).document)
    finally:
        server.stop()
    assert "request.5" in told
    assert not [form for form, text in FORMS.items() if any(text[at : at + 10] in told for at in range(len(text) - 9))]
