"""Every text of a conversation is read, wherever it stands."""

import json

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses, Example
from chatproof.surfaces import places
from chatproof.surfaces.chat.clauses.happy import GOOD
from chatproof.surfaces.chat.clauses.validate.messages import CLAUSES as OF_MESSAGES
from chatproof.surfaces.chat.probes_more import USUAL
from chatproof.surfaces.chat.said import text_said
from chatproof.surfaces.places import add_places

CLAUSES = Clauses(VALIDATE)


def _says(text: str) -> Example:
    return GOOD._replace(body=GOOD.body.replace(b'"pong"', json.dumps(text).encode()))


add_places(
    CLAUSES,
    "multi_turn.places",
    "Every message of a conversation is read, a long one to its end.",
    "chat",
    OPENAI_SPEC,
    "multi_turn",
    "multi_turn.heard",
    dict(
        zip(
            (*places.WORDS[1:4], places.WORDS[-1]),
            (
                "at the beginning of the first message",
                f"at its end, behind {places.LONG:,} characters",
                "in the assistant's message",
                "in the middle of the first message",
            ),
            strict=True,
        )
    ),
    _says,
    text_said,
)
add_places(
    CLAUSES,
    f"{USUAL}messages.places",
    "Each part of a message's content is read, and a system message that comes after others.",
    "chat",
    OPENAI_SPEC,
    f"{USUAL}messages",
    f"{USUAL}messages.taken",
    dict(
        zip(
            places.WORDS[:3],
            (
                "in the first part of the content",
                "in its second part",
                "in a system message after other messages",
            ),
            strict=True,
        )
    ),
    _says,
    text_said,
    OF_MESSAGES.found["multi_turn.heard"].judge,
)
