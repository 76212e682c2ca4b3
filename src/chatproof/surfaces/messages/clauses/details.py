"""What stands around the answer: what some clients want, and those that were measured do without, or one alone."""

from chatproof.contract.clause import BEHAVIOUR, SCHEMA, SHOULD, SMOKE, Clauses, Context, Outcome, broken, holds
from chatproof.evidence.field_types import NULL, NUMBER, STRING, misfit
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.clauses.happy import SHAPE, shown
from chatproof.surfaces.messages.examples import (
    AI_SDK,
    COMETAPI,
    CONTENT,
    GOOD,
    SDK,
    THOUGHT,
    THOUGHTFUL,
    altered,
    with_content,
)
from chatproof.surfaces.messages.kinds import BLOCKS, REASONS_OF_CHAT
from chatproof.wire.exchange import ASKED
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)
_QUOTED = {"cited_text": STRING, "document_index": NUMBER, "document_title": STRING + NULL}
_CITATIONS = {
    "web_search_result_location": dict.fromkeys(("cited_text", "url", "title", "encrypted_index"), STRING),
    "page_location": {**_QUOTED, "start_page_number": NUMBER, "end_page_number": NUMBER},
    "char_location": {**_QUOTED, "start_char_index": NUMBER, "end_char_index": NUMBER},
}
"""The kinds of citations, and what the AI SDK wants of each."""
clause = CLAUSES.add
_OF_THINKING = {view.THINKING: ("thinking", "signature"), "redacted_thinking": ("data",)}


@clause(
    "messages.happy.envelope",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="The message has a string id, the role assistant and the name of a model.",
    source=SDK,
    probe="happy",
    needs=("messages.happy.content_array",),
    why="Typed clients require them, and the role is sent back with the message; the AI SDK "
    "refuses an id that is a number.",
    holds_on=(GOOD, altered(b'"model":"m"', b'"model":"m-2026-11-01"')),
    breaks_on=(
        altered(b'"id":"msg_1",', b""),
        altered(b'"id":"msg_1"', b'"id":7'),
        altered(b'"role":"assistant",', b""),
        altered(b'"role":"assistant"', b'"role":"model"'),
        altered(b'"model":"m",', b""),
        altered(b'"model":"m"', b'"model":null'),
    ),
)
def envelope(reply: Reply, context: Context) -> Outcome:
    for name in ("id", "model"):
        if not isinstance(reply.object.get(name), str):
            return broken(f"$.{name}", "a string", shown(reply.object, name))
    if reply.object.get("role") != "assistant":
        return broken("$.role", "assistant", shown(reply.object, "role"))
    return holds()


@clause(
    "messages.happy.stop_reason_said",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="The message gives the reason why it ends: `stop_reason` is present, not empty, and no word of chat (stop, "
    "length, tool_calls).",
    source=COMETAPI,
    probe="happy",
    needs=("messages.happy.stop_reason",),
    why="No client reports it, including the SDKs' tool runners and Claude Code: an incomplete answer looks complete; "
    "and the AI SDK takes chat's words for an unknown end.",
    holds_on=(GOOD, altered(b'"end_turn"', b'"vendor_reason"')),
    breaks_on=(
        altered(b'"stop_reason":"end_turn",', b""),
        altered(b'"end_turn"', b"null"),
        altered(b'"end_turn"', b'""'),
        altered(b'"stop_reason"', b'"finish_reason"'),
        altered(b'"end_turn"', b'"stop"'),
        altered(b'"end_turn"', b'"length"'),
        altered(b'"end_turn"', b'"tool_calls"'),
    ),
)
def stop_reason_said(reply: Reply, context: Context) -> Outcome:
    found = reply.object.get("stop_reason")
    if isinstance(found, str) and found in REASONS_OF_CHAT:
        return broken("$.stop_reason", "a reason of this API", shown(reply.object, "stop_reason"))
    if isinstance(found, str) and found:
        return holds()
    return broken("$.stop_reason", "a reason", shown(reply.object, "stop_reason"))


@clause(
    "messages.happy.thinking_signed",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says=(
        "Each block of type `thinking` has the strings thinking and signature; each block of type "
        "`redacted_thinking` has data."
    ),
    source=COMETAPI,
    probe="happy",
    needs=("messages.happy.content_array",),
    why=(
        "The AI SDK refuses the complete reply; and it cannot be sent back, which the API "
        "requires in a turn with tools."
    ),
    holds_on=(
        GOOD,
        THOUGHTFUL,
        with_content(b"[" + THOUGHT.replace(b"c2ln", b"") + b"," + CONTENT[1:]),
        with_content(b'[{"type":"redacted_thinking","data":"ZGF0YQ=="},' + CONTENT[1:]),
    ),
    breaks_on=(
        with_content(b"[" + THOUGHT.replace(b',"signature":"c2ln"', b"") + b"," + CONTENT[1:]),
        with_content(b"[" + THOUGHT.replace(b'"c2ln"', b"null") + b"," + CONTENT[1:]),
        with_content(b"[" + THOUGHT.replace(b'"Hm."', b"null") + b"," + CONTENT[1:]),
        with_content(b'[{"type":"redacted_thinking"},' + CONTENT[1:]),
    ),
)
def thinking_signed(reply: Reply, context: Context) -> Outcome:
    for number, block in enumerate(view.blocks(reply.object)):
        for name in _OF_THINKING.get(str(block.get("type")), ()):
            if not isinstance(block.get(name), str):
                return broken(f"$.content[{number}].{name}", "a string", shown(block, name))
    return holds()


@clause(
    "messages.happy.known_blocks",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="Each block has a type that the reference names.",
    source=AI_SDK,
    probe="happy",
    needs=("messages.happy.content_array",),
    why="If there is any other type, the AI SDK refuses the complete reply: Invalid JSON response.",
    holds_on=(GOOD, THOUGHTFUL),
    breaks_on=(with_content(b'[{"type":"vendor_search"},' + CONTENT[1:]),),
)
def known_blocks(reply: Reply, context: Context) -> Outcome:
    for number, block in enumerate(view.blocks(reply.object)):
        kind = block.get("type")
        if not isinstance(kind, str) or kind not in BLOCKS:
            return broken(f"$.content[{number}].type", "a type of the reference", quote(kind, 60))
    return holds()


@clause(
    "messages.happy.citations",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="The citations of a text, if present, are an array of objects of the reference's kinds, with their fields.",
    source=AI_SDK,
    probe="happy",
    needs=("messages.happy.content_array",),
    why="The AI SDK refuses the complete reply if they are null, unknown or lack a field: Invalid JSON response.",
    holds_on=(
        GOOD,
        with_content(CONTENT.replace(b"}", b',"citations":[]}')),
        with_content(
            CONTENT.replace(
                b"}",
                b',"citations":[{"type":"char_location","cited_text":"a","document_index":0,"document_title":null,'
                b'"start_char_index":0,"end_char_index":1}]}',
            )
        ),
    ),
    breaks_on=(
        with_content(CONTENT.replace(b"}", b',"citations":null}')),
        with_content(CONTENT.replace(b"}", b',"citations":["a"]}')),
        with_content(CONTENT.replace(b"}", b',"citations":[{"cited_text":"a"}]}')),
        with_content(CONTENT.replace(b"}", b',"citations":[{"type":"char_location"}]}')),
        with_content(CONTENT.replace(b"}", b',"citations":[{"type":"vendor_note","cited_text":"a"}]}')),
        with_content(CONTENT[:-1] + b',{"type":"text","text":"","citations":null}]'),
    ),
)
def citations(reply: Reply, context: Context) -> Outcome:
    for number, block in enumerate(view.blocks(reply.object, view.TEXT)):
        if "citations" not in block:
            continue
        found, at = block["citations"], f"block of text {number}, $.citations"
        if not isinstance(found, list):
            return broken(at, "an array", quote(found))
        for place, one in enumerate(found):
            expected = uncited(one)
            if expected:
                return broken(f"{at}[{place}]", expected, quote(one))
    return holds()


def uncited(value: Json) -> str:
    """What a citation must be, where the AI SDK refuses it; empty where it does not."""
    if not isinstance(value, dict) or (fields := _CITATIONS.get(str(value.get("type")))) is None:
        return f"an object whose type is one of {', '.join(_CITATIONS)}"
    path, wanted = misfit(value, fields)
    return f"a citation whose {path} is {wanted}" if path else ""


@clause(
    "messages.happy.uncalled",
    layer=BEHAVIOUR,
    area=SHAPE,
    code="contract.tools",
    level=SHOULD,
    says="A request without tools is answered without a tool call.",
    source=COMETAPI,
    probe="happy",
    needs=("messages.happy.content_array",),
    why="anthropic-python, @anthropic-ai/sdk and the AI SDK hand the call on: a loop stops at a tool that it lacks.",
    holds_on=(GOOD,),
    breaks_on=(with_content(CONTENT[:-1] + b',{"type":"tool_use","id":"toolu_1","name":"search","input":{}}]'),),
)
def uncalled(reply: Reply, context: Context) -> Outcome:
    for number, block in enumerate(view.blocks(reply.object)):
        if block.get("type") == view.CALL:
            reply.need(ASKED)
            return broken(f"$.content[{number}]", "no call of a tool", quote(block, 80))
    return holds()
