"""A request as applications write it by hand."""

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses
from chatproof.surfaces.chat.clauses.happy import GOOD
from chatproof.surfaces.chat.clauses.stream import STREAMED
from chatproof.surfaces.chat.said import text_said
from chatproof.surfaces.everyday import add_everyday

CLAUSES = Clauses(VALIDATE)

add_everyday(
    CLAUSES,
    "chat",
    OPENAI_SPEC,
    "two messages of the user in a row, temperature 0, no `stream`",
    GOOD,
    GOOD._replace(body=GOOD.body.replace(b'"pong"', b'"You gave me no word."')),
    STREAMED,
    text_said,
    lambda context: "",
)
