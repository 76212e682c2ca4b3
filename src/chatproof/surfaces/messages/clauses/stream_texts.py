"""The text of a stream: all of it comes in deltas."""

from chatproof.contract.clause import BEHAVIOUR, SMOKE, Clauses, Context, Example, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.event_examples import put
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.examples import EVENTS, STREAMED, THINKING_EVENTS, changed, on_stream, streamed

CLAUSES = Clauses(SMOKE)
clause = on_stream(CLAUSES)


def _begun_with(text: str, delta: str) -> Example:
    """The good stream whose block begins with a text, and has one delta."""
    begun = {**EVENTS[1], "content_block": {"type": "text", "text": text}}
    return streamed([EVENTS[0], begun, {**EVENTS[2], "delta": {"type": "text_delta", "text": delta}}, *EVENTS[4:]])


@clause(
    "block_text",
    "The deltas have all of the text: none of it is only in the block's beginning.",
    "anthropic-python, @anthropic-ai/sdk and the AI SDK show what the deltas join to: the text's beginning is lost.",
    layer=BEHAVIOUR,
    needs=("messages.stream.deltas",),
    holds_on=(
        STREAMED,
        changed("content_block_start", put("So: ", "content_block", "text")),
        changed("content_block_start", put("pong", "content_block", "text")),
        streamed(THINKING_EVENTS),
    ),
    breaks_on=(_begun_with("po", "ng"), _begun_with(" pon", "g ")),
)
def block_text(reply: Reply, context: Context) -> Outcome:
    own = context.control
    answer = view.text_of(own.object).strip() if own is not None and own.complete else ""
    built = Built(view.events(reply))
    if built.text.strip() == answer:
        return holds()
    for block in built.blocks.values():
        begun = block.start.get("text") if block.kind == view.TEXT else None
        # What a block begins with may be a copy, or of no answer: the plain one tells.
        if isinstance(begun, str) and begun and f"{begun}{block.text}".strip() == answer:
            said = f"{quote(begun, 60)}, and the deltas join to {quote(block.text, 60)}"
            return broken(f"event {block.number}, $.content_block.text", "this text in a delta", said)
    return holds()
