"""What the text of a plain reply is beside the answer."""

import json

from chatproof.contract.clause import OPENAI_SPEC, SMOKE, Clauses, Example
from chatproof.surfaces.answer_alone import add_answer_alone, add_streamed_alone
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import altered
from chatproof.surfaces.responses.examples import EVENTS, on_stream, streamed
from chatproof.surfaces.responses.probes import PROMPT

CLAUSES = Clauses(SMOKE)


def _saying(before: str, behind: str) -> Example:
    """The good stream with more text at both ends, in each place where its own stands."""
    text = json.dumps(EVENTS).replace('"po', f'"{before}po').replace('ng"', f'ng{behind}"')
    return streamed(json.loads(text))


add_answer_alone(
    CLAUSES,
    "responses",
    "message_once",
    OPENAI_SPEC,
    PROMPT,
    view.text_of,
    lambda text: altered(b'"text":"pong"', b'"text":' + json.dumps(text).encode()),
)

add_streamed_alone(
    on_stream(CLAUSES),
    "responses",
    "final_text",
    PROMPT,
    lambda reply: view.text_of(view.final(reply)),
    view.text_of,
    _saying,
)
