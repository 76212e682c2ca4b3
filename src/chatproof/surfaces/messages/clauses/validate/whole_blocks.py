"""Blocks that are what they say: deltas of their own kind, thinking apart from text, and no text without words."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.view import thinking_tag
from chatproof.surfaces.event_examples import Event
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.clauses.validate.tools import AREA, CALL, with_calls
from chatproof.surfaces.messages.examples import (
    COMETAPI,
    GOOD,
    SDK,
    THINKING_EVENTS,
    THOUGHTFUL,
    altered,
    changed,
    streamed,
)

CLAUSES = Clauses(VALIDATE)
_OF_KIND = {
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "text_delta": "text",
    "input_json_delta": "tool_use",
}
_EMPTY = b'{"type":"text","text":""}'


def _as_text(event: Event) -> None:
    event["content_block"] = {"type": "text", "text": ""}


def _as_thinking(event: Event) -> None:
    event["content_block"] = {"type": "thinking", "thinking": "", "signature": ""}


@CLAUSES.add(
    "messages.thinking.in_blocks",
    layer=SCHEMA,
    code="contract.schema",
    level=SHOULD,
    area="Streaming",
    says="A block of a stream has deltas of its own kind: thinking comes in a block of thinking, text in one of text.",
    source=SDK,
    probe="thinking.stream",
    why="Claude Code stops at a delta of another kind; anthropic-python and @anthropic-ai/sdk drop it, and the AI SDK "
    "ends the stream with an error.",
    holds_on=(streamed(THINKING_EVENTS), streamed()),
    breaks_on=(
        changed("content_block_start", _as_text, THINKING_EVENTS),
        changed("content_block_start", _as_thinking, THINKING_EVENTS),
    ),
)
def in_blocks(reply: Reply, context: Context) -> Outcome:
    if reply.kind != "sse":
        return not_applicable("no stream came")
    for block in Built(view.events(reply)).blocks.values():
        for number, delta in block.deltas:
            kind = delta.get("type")
            wanted = _OF_KIND.get(kind, block.kind) if isinstance(kind, str) else block.kind
            if wanted != block.kind:
                at, said = f"event {number}, $.delta.type", f"{quote(kind, 40)} in a block of {quote(block.kind, 40)}"
                return broken(at, f"a delta of {quote(block.kind, 40)}", said)
    return holds()


@CLAUSES.add(
    "messages.thinking.apart",
    layer=BEHAVIOUR,
    code="contract.content",
    level=SHOULD,
    area="Response shape",
    says="If thinking is requested, it is not in tags before the answer's text.",
    source=COMETAPI,
    probe="thinking",
    why="Every client shows the thinking as the answer, and programs that read the text as JSON fail.",
    holds_on=(GOOD, THOUGHTFUL, altered(b'"text":"pong"', b'"text":"<b>pong</b>"')),
    breaks_on=(altered(b'"text":"pong"', b'"text":"<think>Hm.</think>pong"'),),
)
def apart(reply: Reply, context: Context) -> Outcome:
    text = view.text_of(reply.object)
    if not text:
        return not_applicable("the answer has no text")
    if tag := thinking_tag(text):
        return broken("the message's text", "only the answer", f"it begins with {tag}: {quote(text, 60)}")
    return holds()


@CLAUSES.add(
    "messages.tools.no_empty_text",
    layer=SCHEMA,
    code="contract.schema",
    level=SHOULD,
    area=AREA,
    says="A message with a call has no block of text that is empty.",
    source=COMETAPI,
    probe="tools",
    needs=("messages.tools.readable",),
    why="anthropic-python's loops, Claude Code and the AI SDK send the message back as it came: Anthropic's own API "
    "and Bedrock refuse it (text content blocks must be non-empty).",
    holds_on=(with_calls(CALL), with_calls(b'{"type":"text","text":"I will."}', CALL)),
    breaks_on=(with_calls(_EMPTY, CALL), with_calls(CALL, _EMPTY)),
)
def no_empty_text(reply: Reply, context: Context) -> Outcome:
    for number, block in enumerate(view.blocks(reply.object)):
        if block.get("type") == view.TEXT and block.get("text") == "":
            return broken(f"$.content[{number}].text", "a text, or no such block", "an empty one beside a call")
    return holds()
