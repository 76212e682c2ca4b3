"""The earlier turns of a conversation, in messages."""

import json

from chatproof.contract.clause import VALIDATE, Clauses, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.examples import COMETAPI, GOOD, altered
from chatproof.surfaces.places import add_places
from chatproof.surfaces.shared_probes import IN_INSTRUCTIONS, OF_TURNS
from chatproof.surfaces.turns import add_turns

CLAUSES = Clauses(VALIDATE)


def _says(text: str) -> Example:
    return altered(b'"text":"pong"', b'"text":' + json.dumps(text).encode())


def _text(reply: Reply) -> str:
    return view.text_of(reply.object)


add_turns(
    CLAUSES,
    "messages",
    COMETAPI,
    GOOD,
    _says("You gave me no word."),
    _text,
    lambda context: "",
)
add_places(
    CLAUSES,
    "turns.places",
    "Every text of a conversation is read: each block of a message, a long one to its end, and the assistant's answer.",
    "messages",
    COMETAPI,
    "turns",
    "turns.heard",
    {word: place for word, place in OF_TURNS.items() if place != IN_INSTRUCTIONS},
    _says,
    _text,
)
