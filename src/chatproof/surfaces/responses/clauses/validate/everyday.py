"""A request as applications write it by hand."""

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses, Context
from chatproof.surfaces.everyday import add_everyday
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import GOOD, altered
from chatproof.surfaces.responses.clauses.validate.tools import list_is_refused
from chatproof.surfaces.responses.examples import STREAMED

CLAUSES = Clauses(VALIDATE)


def _spared(context: Context) -> str:
    return "input in a list is refused: see responses.input.list" if list_is_refused(context) else ""


add_everyday(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    "two messages in a row, `user`, metadata, fields that are null, no `stream`",
    GOOD,
    altered(b'"text":"pong"', b'"text":"You gave me no word."'),
    STREAMED,
    lambda reply: view.text_of(reply.object),
    _spared,
)
