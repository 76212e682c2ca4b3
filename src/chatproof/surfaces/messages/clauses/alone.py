"""What the text of a plain reply is beside the answer."""

import json

from chatproof.contract.clause import SMOKE, Clauses
from chatproof.evidence.reply import Reply
from chatproof.surfaces.answer_alone import add_answer_alone, add_streamed_alone
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.examples import COMETAPI, altered, of_text, on_stream
from chatproof.surfaces.messages.probes import PROMPT

CLAUSES = Clauses(SMOKE)

add_answer_alone(
    CLAUSES,
    "messages",
    "content_non_empty",
    COMETAPI,
    PROMPT,
    view.text_of,
    lambda text: altered(b'"text":"pong"', b'"text":' + json.dumps(text).encode()),
)


def _streamed(reply: Reply) -> str:
    blocks = Built(view.events(reply)).blocks.values()
    return "".join(piece for block in blocks for piece in block.pieces(view.TEXT_DELTA, "text"))


add_streamed_alone(
    on_stream(CLAUSES),
    "messages",
    "whole_text",
    PROMPT,
    _streamed,
    view.text_of,
    lambda before, behind: of_text(f"{before}po", f"ng{behind}"),
)
