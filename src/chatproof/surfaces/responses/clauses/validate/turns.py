"""The earlier turns of a conversation, in the input."""

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses, Context
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import GOOD, altered
from chatproof.surfaces.responses.clauses.validate.tools import list_is_refused
from chatproof.surfaces.turns import add_turns

CLAUSES = Clauses(VALIDATE)


def _spared(context: Context) -> str:
    return "input in a list is refused: see responses.input.list" if list_is_refused(context) else ""


add_turns(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    GOOD,
    altered(b'"text":"pong"', b'"text":"You gave me no word."'),
    lambda reply: view.text_of(reply.object),
    _spared,
)
