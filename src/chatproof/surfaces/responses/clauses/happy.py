"""The happy path: one valid request, not streamed. What makes a client lose its answer is a must, and names it."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    SMOKE,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.provider_error import told
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.chat.view import is_blank
from chatproof.surfaces.responses import view
from chatproof.surfaces.shared_clauses import add_plain_reply
from chatproof.wire.exchange import ASKED
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add

COMETAPI = Source("https://apidoc.cometapi.com/api/text/responses", "2026-11-28")
_RFC_9110 = Source("https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1", "2026-11-23")
SHAPE = "Response shape"
_LAST_SECOND = 8_640_000_000_000  # that JavaScript's dates know
BODY = (
    b'{"id":"resp_1","object":"response","created_at":1795379441,"status":"completed","error":null,"model":"m","output":'
    b'[{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":'
    b'"pong","annotations":[]}]}],"usage":{"input_tokens":6,"output_tokens":1,"total_tokens":7}}'
)
ITEM = BODY[BODY.index(b'{"id":"msg_1"') : BODY.index(b'],"usage"')]
CONTENT = BODY[BODY.index(b'[{"type":"output_text"') : BODY.index(b'}],"usage"')]
THOUGHT = b'{"id":"rs_1","type":"reasoning","summary":[]}'


def body(text: bytes) -> Example:
    return Example(200, JSON, text)


def altered(old: bytes, new: bytes) -> Example:
    """The good reply with another piece in the place of one of its own."""
    return body(BODY.replace(old, new))


def with_content(content: bytes) -> Example:
    return altered(CONTENT, content)


def with_output(*items: bytes) -> Example:
    return altered(ITEM, b",".join(items))


def _status(field: bytes) -> Example:
    return altered(b'"status":"completed","error"', field + b'"error"')


GOOD = body(BODY)
REASONED = with_output(THOUGHT, ITEM)

add_plain_reply(
    CLAUSES,
    "responses",
    GOOD,
    COMETAPI,
    mislabelled="openai-node returns a plain string if the type is not JSON.",
)


@clause(
    "responses.happy.media_type_lower",
    layer=TRANSPORT,
    area=SHAPE,
    code="contract.headers",
    level=SHOULD,
    says="The Content-Type header spells its media type in lower case.",
    source=_RFC_9110,
    probe="happy",
    needs=("responses.happy.media_type_json",),
    why="openai-node before its version 7 compares it letter by letter: it returns a plain string, not an object.",
    holds_on=(GOOD, Example(200, "application/json; Charset=UTF-8", BODY)),
    breaks_on=(Example(200, "Application/JSON", BODY), Example(200, "application/JSON; charset=utf-8", BODY)),
)
def media_type_lower(reply: Reply, context: Context) -> Outcome:
    assert reply.response  # only a whole reply is judged
    for value in reply.response.values(b"content-type"):
        media = value.partition(";")[0]
        if media != media.lower():
            return broken("header Content-Type", reply.media_type, quote(media, 80))
    return holds()


@clause(
    "responses.happy.output_array",
    layer=SCHEMA,
    area=SHAPE,
    says="`output` is an array of objects, each with a string `type`.",
    source=COMETAPI,
    probe="happy",
    needs=("responses.happy.body_json",),
    why="openai-python, openai-node, the AI SDK and LangChain read it without a check: TypeError.",
    holds_on=(GOOD, REASONED, with_output(b'{"type":"vendor:search"}'), altered(b"[" + ITEM + b"]", b"[]")),
    breaks_on=(
        body(b"[]"),
        body(b"{}"),
        altered(b'"output":[' + ITEM + b"],", b""),
        altered(b"[" + ITEM + b"]", b"null"),
        altered(b"[" + ITEM + b"]", b'{"0":' + ITEM + b"}"),
        altered(b"[" + ITEM + b"]", b'"pong"'),
        with_output(b"null"),
        with_output(ITEM.replace(b'"type":"message",', b"")),
        with_output(ITEM.replace(b'"type":"message"', b'"type":7')),
    ),
)
def output_array(reply: Reply, context: Context) -> Outcome:
    expected = "an array of items"
    if not reply.is_object:
        return broken("$", "an object with output", quote(reply.json))
    if "output" not in reply.object:
        return broken("$.output", expected, f"absent from {quote(reply.json)}")
    found = reply.object["output"]
    if not isinstance(found, list):
        return broken("$.output", expected, quote(found))
    for number, item in enumerate(found):
        if not isinstance(item, dict):
            return broken(f"$.output[{number}]", "an object", quote(item))
        if not isinstance(item.get("type"), str):
            return broken(f"$.output[{number}].type", "a string", shown(item, "type"))
    return holds(f"{len(found)} item" + ("" if len(found) == 1 else "s"))


def shown(held: dict[str, Json], name: str) -> str:
    """A member as it stands there, or that it does not."""
    return quote(held[name]) if name in held else f"absent from {quote(held)}"


@clause(
    "responses.happy.object",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    says="`object` is `response`.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="openai-node creates `output_text` only for an object of this name: the caller reads undefined.",
    holds_on=(GOOD,),
    breaks_on=(
        altered(b'"object":"response",', b""),
        altered(b'"object":"response"', b'"object":"chat.completion"'),
        altered(b'"object":"response"', b'"object":null'),
    ),
)
def named(reply: Reply, context: Context) -> Outcome:
    if reply.object.get("object") == "response":
        return holds()
    return broken("$.object", "response", shown(reply.object, "object"))


@clause(
    "responses.happy.created_at",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    says="`created_at` is a number of seconds.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="The AI SDK makes a date from it: RangeError, or the reply is refused as invalid.",
    holds_on=(GOOD, altered(b"1795379441", b"1795379441.5")),
    breaks_on=(
        altered(b'"created_at":1795379441,', b""),
        altered(b"1795379441", b'"1795379441"'),
        altered(b"1795379441", b"null"),
        altered(b"1795379441", b"true"),
        altered(b"1795379441", b"1795379441000000000"),
    ),
)
def created_at(reply: Reply, context: Context) -> Outcome:
    problem = undated(reply.object)
    return broken("$.created_at", "a number of seconds", problem) if problem else holds()


def undated(response: dict[str, Json]) -> str:
    """What keeps a response's `created_at` from being a date; empty where nothing does."""
    value = response.get("created_at")
    good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LAST_SECOND
    return "" if good else shown(response, "created_at")


@clause(
    "responses.happy.no_error_field",
    layer=BEHAVIOUR,
    area="Error response shape",
    says="The response contains no error (only null is allowed, not an empty error).",
    source=COMETAPI,
    probe="happy",
    needs=("responses.happy.body_json",),
    why=(
        "LangChain raises on it, and the AI SDK refuses the reply, even if the error is empty; "
        "openai-python and openai-node show an empty answer."
    ),
    holds_on=(GOOD, altered(b'"error":null,', b"")),
    breaks_on=(
        altered(b'"error":null', b'"error":{"code":"server_error","message":"boom"}'),
        altered(b'"error":null', b'"error":{}'),
        altered(b'"error":null', b'"error":""'),
        body(b'{"error":"Unexpected endpoint or method."}'),
    ),
)
def no_error_field(reply: Reply, context: Context) -> Outcome:
    error = reply.object.get("error")
    if error is None:
        return holds()
    return broken("$.error", "no error, or null", told(reply.error, "code", error))


@clause(
    "responses.happy.not_failed",
    layer=BEHAVIOUR,
    area="Error response shape",
    level=SHOULD,
    says="The response's `status` is neither failed nor cancelled.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.no_error_field",),
    why="Under HTTP 200, openai-python and openai-node return the text that arrived as if it were complete.",
    holds_on=(
        GOOD,
        altered(b'"status":"completed","error"', b'"error"'),
        _status(b'"status":null,'),
    ),
    breaks_on=(
        _status(b'"status":"failed",'),
        _status(b'"status":"cancelled",'),
    ),
)
def not_failed(reply: Reply, context: Context) -> Outcome:
    status = reply.object.get("status")
    if status == "cancelled":
        reply.need(ASKED)
    if status in ("failed", "cancelled"):
        return broken("$.status", "completed", quote(status))
    return holds()


@clause(
    "responses.happy.message_shape",
    layer=SCHEMA,
    area=SHAPE,
    says="The `content` of each message is an array of objects, each with a string `type`.",
    source=COMETAPI,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="openai-python, openai-node, the AI SDK and LangChain read the parts: they fail on a string.",
    holds_on=(GOOD, with_content(b"[]"), with_output(THOUGHT), with_output(THOUGHT, ITEM)),
    breaks_on=(
        with_content(b"null"),
        with_content(b'"pong"'),
        with_content(b'["pong"]'),
        with_content(b'{"type":"output_text","text":"pong"}'),
        with_content(b'[{"text":"pong"}]'),
        altered(b',"content":' + CONTENT, b""),
        with_output(ITEM, ITEM.replace(CONTENT, b"null")),
        with_output(THOUGHT, ITEM.replace(CONTENT, b"null")),
    ),
)
def message_shape(reply: Reply, context: Context) -> Outcome:
    for number, item in enumerate(view.output(reply.object)):
        if item.get("type") != view.MESSAGE:
            continue
        at, content = f"$.output[{number}].content", item.get("content")
        if not isinstance(content, list):
            return broken(at, "an array of parts", shown(item, "content"))
        for place, part in enumerate(content):
            if not isinstance(part, dict) or not isinstance(part.get("type"), str):
                return broken(f"{at}[{place}]", "an object with a string `type`", quote(part))
    return holds()


@clause(
    "responses.happy.content_non_empty",
    layer=BEHAVIOUR,
    area=SHAPE,
    says="The texts of the parts of type `output_text` join to a non-empty text.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.message_shape",),
    why="openai-python, openai-node and LangChain show an empty answer; a part of another type is not shown.",
    holds_on=(GOOD, REASONED),
    breaks_on=(
        with_content(b"[]"),
        with_content(b'[{"type":"text","text":"pong"}]'),
        with_content(b'[{"type":"output_text","text":""}]'),
        with_content(b'[{"type":"output_text","text":"\\u0000\\u200b"}]'),
        with_content(b'[{"type":"output_text","text":null}]'),
        with_content(b'[{"type":"output_text","text":["pong"]}]'),
        with_content(b'[{"type":"output_text"}]'),
        with_content(b'[{"type":"refusal","refusal":"I cannot."}]'),
        with_output(THOUGHT),
        with_output(*[THOUGHT] * 6),
        with_output(ITEM.replace(CONTENT, b"[]"), ITEM.replace(CONTENT, b'[{"type":"refusal"}]')),
        altered(b"[" + ITEM + b"]", b"[]"),
    ),
)
def content_non_empty(reply: Reply, context: Context) -> Outcome:
    expected = "a part of type output_text with a non-empty string"
    text = view.text_of(reply.object)
    messages = _messages(reply)
    if unread := unread_text(reply):
        return unread
    if not is_blank(text):
        return holds(number_of(len(text), "character"))
    other = any(item.get("type") not in (view.MESSAGE, view.REASONING) for item in view.output(reply.object))
    if other or reply.object.get("status") in view.UNFINISHED:
        reply.need(ASKED)  # with tools, or in the background, that is a whole answer
    if not messages:
        kinds = ", ".join(quote(item.get("type"), 40) for item in view.output(reply.object)[:5])
        return broken("$.output", "an item of type message", f"only {kinds}" if kinds else "an empty array")
    at, content = f"$.output[{messages[0][0]}].content", messages[0][1].get("content")
    return broken(at, expected, "only white space" if text else quote(content))


def _messages(reply: Reply) -> list[tuple[int, view.Fields]]:
    return [(n, item) for n, item in enumerate(view.output(reply.object)) if item.get("type") == view.MESSAGE]


def unread_text(reply: Reply) -> Outcome | None:
    """The first text of a message that is not a string; None where all are."""
    for number, item in _messages(reply):
        for place, part in enumerate(view.objects(item.get("content"))):
            if part.get("type") == view.TEXT and not isinstance(part.get("text"), str):
                return broken(f"$.output[{number}].content[{place}].text", "a string", shown(part, "text"))
    return None


@clause(
    "responses.happy.status",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="The response's `status`, if present, is `completed`.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.not_failed", "responses.happy.content_non_empty"),
    why="Clients that wait for `completed` keep waiting, and clients that treat `incomplete` "
    "as an early end ask again.",
    holds_on=(
        GOOD,
        altered(b'"status":"completed","error"', b'"error"'),
        _status(b'"status":null,'),
    ),
    breaks_on=(
        _status(b'"status":"success",'),
        _status(b'"status":"in_progress",'),
        _status(b'"status":"incomplete",'),
        _status(b'"status":7,'),
    ),
)
def said_status(reply: Reply, context: Context) -> Outcome:
    found = reply.object.get("status")
    if found is None or found == "completed":
        return holds()
    return cut_as_asked(reply, reply.object) or broken("$.status", "completed", quote(found))


def cut_as_asked(reply: Reply, response: dict[str, Json]) -> Outcome | None:
    """Why an answer that was cut is right: a captured request may cap it, as none of ours does. None where none did."""
    if response.get("status") != "incomplete" or view.finish_of(response) != "max_output_tokens":
        return None
    from chatproof.surfaces.own.own_request import asked_of

    cap = asked_of(reply).get("max_output_tokens")
    return (
        not_applicable(f"the request caps the answer at {quote(cap, 20)} tokens, and the answer reached that limit")
        if cap
        else None
    )
