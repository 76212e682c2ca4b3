"""The earlier turns of a conversation, in the input."""

import json

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses, Context, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.places import add_places
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import GOOD, altered
from chatproof.surfaces.responses.clauses.validate.tools import list_is_refused
from chatproof.surfaces.shared_probes import OF_TURNS
from chatproof.surfaces.turns import add_turns

CLAUSES = Clauses(VALIDATE)


def _spared(context: Context) -> str:
    return "input in a list is refused: see responses.input.list" if list_is_refused(context) else ""


def _says(text: str) -> Example:
    return altered(b'"text":"pong"', b'"text":' + json.dumps(text).encode())


def _text(reply: Reply) -> str:
    return view.text_of(reply.object)


add_turns(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    GOOD,
    _says("You gave me no word."),
    _text,
    _spared,
)
add_places(
    CLAUSES,
    "turns.places",
    "Every text of a conversation is read: each part of a message, a long one to its end, the assistant's answer, and "
    "`instructions` beside a list.",
    "responses",
    OPENAI_SPEC,
    "turns",
    "turns.heard",
    OF_TURNS,
    _says,
    _text,
)
