"""The happy path: one valid request, not streamed. What makes a client lose its answer is a must, and names it."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    SCHEMA,
    SMOKE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
)
from chatproof.evidence.json_values import is_number
from chatproof.evidence.provider_error import find_error, told
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.view import is_blank
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.examples import (
    AI_SDK,
    COMETAPI,
    CONTENT,
    GOOD,
    JSON,
    SDK,
    THOUGHT,
    THOUGHTFUL,
    USAGE,
    altered,
    body,
    with_content,
)
from chatproof.surfaces.shared_clauses import add_plain_reply
from chatproof.wire.exchange import ASKED
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add

SHAPE = "Response shape"

add_plain_reply(
    CLAUSES,
    "messages",
    GOOD,
    COMETAPI,
    unavailable=Example(529, JSON, b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
    mislabelled="@anthropic-ai/sdk returns a plain string if the type is not JSON.",
)


@clause(
    "messages.happy.content_array",
    layer=SCHEMA,
    area=SHAPE,
    says="`content` is an array of blocks: objects, each with a string `type`.",
    source=COMETAPI,
    probe="happy",
    needs=("messages.happy.body_json",),
    why=(
        "anthropic-python and @anthropic-ai/sdk return a value that a loop cannot read "
        "(TypeError); the AI SDK refuses it."
    ),
    holds_on=(GOOD, THOUGHTFUL, with_content(b'[{"type":"vendor"}]'), with_content(b"[]")),
    breaks_on=(
        body(b"[]"),
        body(b"{}"),
        altered(b'"content":' + CONTENT + b",", b""),
        with_content(b"null"),
        with_content(b'"pong"'),
        with_content(CONTENT[1:-1]),
        with_content(b'["pong"]'),
        with_content(b"[null]"),
        with_content(b'[{"text":"pong"}]'),
        with_content(b'[{"type":7,"text":"pong"}]'),
    ),
)
def content_array(reply: Reply, context: Context) -> Outcome:
    expected = "an array of blocks"
    if not reply.is_object:
        return broken("$", "an object with content", quote(reply.json))
    if "content" not in reply.object:
        return broken("$.content", expected, f"absent from {quote(reply.json)}")
    found = reply.object["content"]
    if not isinstance(found, list):
        return broken("$.content", expected, quote(found))
    for number, block in enumerate(found):
        if not isinstance(block, dict):
            return broken(f"$.content[{number}]", "an object", quote(block))
        if not isinstance(block.get("type"), str):
            return broken(f"$.content[{number}].type", "a string", shown(block, "type"))
    return holds(f"{len(found)} block" + ("" if len(found) == 1 else "s"))


def shown(held: dict[str, Json], name: str) -> str:
    """A member as it stands there, or that it does not."""
    return quote(held[name]) if name in held else f"absent from {quote(held)}"


@clause(
    "messages.happy.type",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    says="The reply is labelled as a message: its `type` is `message`.",
    source=AI_SDK,
    probe="happy",
    needs=("messages.happy.content_array",),
    why="The AI SDK refuses the complete reply: Invalid JSON response.",
    holds_on=(GOOD,),
    breaks_on=(
        altered(b'"type":"message",', b""),
        altered(b'"type":"message"', b'"type":"chat.completion"'),
        altered(b'"type":"message"', b'"type":null'),
    ),
)
def named(reply: Reply, context: Context) -> Outcome:
    if reply.object.get("type") == view.MESSAGE:
        return holds()
    return broken("$.type", view.MESSAGE, shown(reply.object, "type"))


@clause(
    "messages.happy.no_error_field",
    layer=BEHAVIOUR,
    area="Error response shape",
    says="No error appears beside the answer (null is allowed).",
    source=COMETAPI,
    probe="happy",
    needs=("messages.happy.body_json",),
    why="anthropic-python and @anthropic-ai/sdk check only the status: they return no answer, or half of one.",
    holds_on=(GOOD, altered(b'"stop_sequence":null', b'"error":null')),
    breaks_on=(
        altered(b'"stop_sequence":null', b'"error":{"type":"api_error","message":"upstream died"}'),
        body(b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
        body(b'{"error":"Unexpected endpoint or method."}'),
    ),
)
def no_error_field(reply: Reply, context: Context) -> Outcome:
    error = reply.object.get("error")
    if not error:
        return holds()
    return broken("$.error", "no error, or null", told(find_error({"error": error}), "type", error))


@clause(
    "messages.happy.content_non_empty",
    layer=BEHAVIOUR,
    area=SHAPE,
    says="The texts of the blocks of type `text` join to a non-empty text.",
    source=SDK,
    probe="happy",
    needs=("messages.happy.content_array",),
    why="Every client shows the texts of these blocks and no others; the AI SDK refuses a text that is not a string.",
    holds_on=(GOOD, THOUGHTFUL),
    breaks_on=(
        with_content(b"[]"),
        with_content(b'[{"type":"output_text","text":"pong"}]'),
        with_content(b'[{"type":"text","text":""}]'),
        with_content(b'[{"type":"text","text":"\\u0000\\u200b"}]'),
        with_content(b'[{"type":"text","text":null}]'),
        with_content(b'[{"type":"text","text":["pong"]}]'),
        with_content(b'[{"type":"text"}]'),
        with_content(b'[{"type":"text","content":"pong"}]'),
        with_content(b"[" + THOUGHT + b"]"),
        with_content(b"[" + b",".join([THOUGHT] * 6) + b"]"),
        with_content(b"[" + CONTENT[1:-1] + b',{"type":"text","text":null}]'),
    ),
)
def content_non_empty(reply: Reply, context: Context) -> Outcome:
    found = view.blocks(reply.object)
    if unread := unread_text(reply):
        return unread
    text = view.text_of(reply.object)
    if not is_blank(text):
        return holds(number_of(len(text), "character"))
    if any(block.get("type") not in view.OWN for block in found) or reply.object.get("stop_reason") == "stop_sequence":
        reply.need(ASKED)  # with tools a call is a whole answer, and with stop sequences nothing is
    if not any(block.get("type") == view.TEXT for block in found):
        kinds = ", ".join(quote(block.get("type"), 40) for block in found[:5])
        return broken("$.content", "a block of type text", f"only {kinds}" if kinds else "an empty array")
    return broken("$.content", "a text", "only white space" if text else "only empty texts")


def unread_text(reply: Reply) -> Outcome | None:
    """The first text that is not a string; None where all are."""
    for number, block in enumerate(view.blocks(reply.object)):
        if block.get("type") == view.TEXT and not isinstance(block.get("text"), str):
            return broken(f"$.content[{number}].text", "a string", shown(block, "text"))
    return None


@clause(
    "messages.happy.stop_reason",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    says="`stop_reason`, if present, is a string.",
    source=AI_SDK,
    probe="happy",
    needs=("messages.happy.content_array",),
    why="The AI SDK refuses the complete reply: Invalid JSON response.",
    holds_on=(GOOD, altered(b'"end_turn"', b'"vendor_reason"'), altered(b'"end_turn"', b"null")),
    breaks_on=(altered(b'"end_turn"', b"7"), altered(b'"end_turn"', b'["end_turn"]')),
)
def stop_reason(reply: Reply, context: Context) -> Outcome:
    found = reply.object.get("stop_reason")
    if found is None or isinstance(found, str):
        return holds(quote(found, 40))
    return broken("$.stop_reason", "a string", shown(reply.object, "stop_reason"))


@clause(
    "messages.happy.usage",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.usage",
    says="`usage` has input_tokens and output_tokens as numbers; its cache counts are numbers or null.",
    source=COMETAPI,
    probe="happy",
    needs=("messages.happy.content_array",),
    why="Without them, the AI SDK refuses the complete reply, and the other clients count zero tokens.",
    holds_on=(
        GOOD,
        altered(USAGE, b'{"input_tokens":0,"output_tokens":4,"cache_read_input_tokens":14}'),
        altered(USAGE, b'{"input_tokens":14,"output_tokens":4,"cache_read_input_tokens":null}'),
        altered(USAGE, b'{"input_tokens":14.0,"output_tokens":4.5}'),
    ),
    breaks_on=(
        altered(b',"usage":' + USAGE, b""),
        altered(USAGE, b"null"),
        altered(USAGE, b"18"),
        altered(USAGE, b'{"prompt_tokens":14,"completion_tokens":4,"total_tokens":18}'),
        altered(b'"input_tokens":14', b'"input_tokens":"14"'),
        altered(b'"output_tokens":4', b'"output_tokens":null'),
        altered(b'"output_tokens":4', b'"output_tokens":4,"cache_read_input_tokens":"0"'),
        altered(b'"output_tokens":4', b'"output_tokens":4,"cache_creation_input_tokens":{}'),
    ),
)
def usage(reply: Reply, context: Context) -> Outcome:
    found = reply.object.get("usage")
    if not isinstance(found, dict):
        return broken("$.usage", "an object", shown(reply.object, "usage"))
    return miscounted(found, "$.usage", "input_tokens", "output_tokens") or holds()


def miscounted(usage: view.Fields, at: str, *needed: str) -> Outcome | None:
    """What keeps clients from reading a usage: a count that is needed and is no number, or another that is neither a
    number nor null. None where nothing does."""
    for name in view.COUNTS:
        value = usage.get(name)
        if not (is_number(value) or (value is None and name not in needed)):
            return broken(f"{at}.{name}", "a number" if name in needed else "a number or null", shown(usage, name))
    return None
