"""Thinking: asked for, signed, streamed, and sent back."""

from chatproof.contract.capability import damaged, done, ignored, refusal, unanswered
from chatproof.contract.clause import (
    BEHAVIOUR,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.clauses.happy import shown
from chatproof.surfaces.messages.examples import (
    COMETAPI,
    CONTENT,
    GOOD,
    JSON,
    THINKING_EVENTS,
    THOUGHT,
    THOUGHTFUL,
    changed,
    streamed,
    with_content,
)

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA, _CODE = "Capabilities", "contract.parameter"
_PARAMETERS = ("thinking", "budget_tokens", "max_tokens")
_SIGNED = {**THINKING_EVENTS[1], "content_block": {"type": "thinking", "thinking": "", "signature": "c2ln"}}
_NONE = "the answer has no thinking: a model may answer without it"


def _first(thought: bytes) -> Example:
    return with_content(b"[" + thought + b"," + CONTENT[1:])


def _thoughts(message: view.Fields) -> list[view.Fields]:
    return view.blocks(message, view.THINKING)


@clause(
    "messages.thinking.signed",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    capability="thinking",
    area=_AREA,
    says="If thinking is requested, its blocks contain the thinking and a non-empty "
    "signature; or the request is refused.",
    source=COMETAPI,
    probe="thinking",
    why="Without a signature, the AI SDK refuses the reply, and a turn with tool calls cannot be sent back to the API.",
    holds_on=(THOUGHTFUL, with_content(CONTENT[:-1] + b"," + THOUGHT + b"]")),
    breaks_on=(
        with_content(CONTENT[:-1] + b"," + THOUGHT.replace(b"c2ln", b"") + b"]"),
        _first(THOUGHT.replace(b"c2ln", b"")),
        _first(THOUGHT.replace(b',"signature":"c2ln"', b"")),
        _first(THOUGHT.replace(b'"c2ln"', b"null")),
        _first(THOUGHT.replace(b'"thinking":"Hm."', b'"thinking":null')),
        Example(200, JSON, b'{"error":"no"}'),
    ),
)
def signed(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "thinking", _PARAMETERS)
    if refused:
        return refused
    for number, block in enumerate(view.blocks(reply.object)):
        if block.get("type") != view.THINKING:
            continue
        if not isinstance(block.get("thinking"), str):
            return damaged(f"$.content[{number}].thinking", "a string", shown(block, "thinking"))
        if not isinstance(block.get("signature"), str) or not block["signature"]:
            return damaged(f"$.content[{number}].signature", "a non-empty string", shown(block, "signature"))
    if _thoughts(reply.object):
        return done()
    if "thinking" in context.required:
        return ignored("$.content", "a block of type thinking", "none")
    return not_applicable(_NONE)


@clause(
    "messages.thinking.streamed",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    capability="thinking",
    area=_AREA,
    says="Thinking is streamed as thinking_delta, and its block ends with a signature_delta.",
    source=COMETAPI,
    probe="thinking.stream",
    needs=("messages.thinking.signed",),
    why="Claude Code streams, and sends the thinking back: without its signature the next turn is refused.",
    holds_on=(
        streamed(THINKING_EVENTS),
        streamed([THINKING_EVENTS[0], _SIGNED, THINKING_EVENTS[2], *THINKING_EVENTS[4:]]),
    ),
    breaks_on=(
        streamed([one for one in THINKING_EVENTS if one.get("delta", {}).get("type") != "signature_delta"]),
        streamed([one for one in THINKING_EVENTS if one.get("delta", {}).get("type") != "thinking_delta"]),
        changed(
            "content_block_delta",
            lambda one: one["delta"].update(signature="") if "signature" in one["delta"] else None,
            THINKING_EVENTS,
        ),
    ),
)
def in_stream(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "thinking", _PARAMETERS)
    if refused:
        return refused
    blocks = [block for block in Built(view.events(reply)).blocks.values() if block.kind == view.THINKING]
    for block in blocks:
        at = f"the block that begins with event {block.number}"
        if not block.joined(view.THINKING_DELTA, "thinking"):
            return damaged(at, "thinking_delta", "none with a text")
        if not block.joined(view.SIGNATURE_DELTA, "signature") and not block.start.get("signature"):
            return damaged(at, "signature_delta", "none with a signature")
    return done() if blocks else not_applicable(_NONE)


@clause(
    "messages.thinking.result",
    layer=BEHAVIOUR,
    code="contract.messages",
    level=SHOULD,
    capability="thinking",
    area=_AREA,
    says="The conversation continues with the thinking sent back unchanged.",
    source=COMETAPI,
    probe="thinking.result",
    needs=("messages.thinking.signed",),
    why="Clients with thinking, such as Claude Code, send it back; a refusal of the signature ends the conversation.",
    holds_on=(GOOD, THOUGHTFUL),
    breaks_on=(
        Example(400, JSON, b'{"type":"error","error":{"message":"Invalid `signature` in `thinking` block"}}'),
        Example(200, JSON, b'{"content":null}'),
    ),
)
def sent_back(reply: Reply, context: Context) -> Outcome:
    return unanswered(reply, context, "an answer to the thinking") or done()
