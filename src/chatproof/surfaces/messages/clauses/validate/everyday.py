"""A request as applications write it by hand."""

from chatproof.contract.clause import VALIDATE, Clauses
from chatproof.surfaces.everyday import add_everyday
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.examples import GOOD, SDK, STREAMED, altered

CLAUSES = Clauses(VALIDATE)

add_everyday(
    CLAUSES,
    "messages",
    SDK,
    "two messages in a row, a temperature, no `stream`",
    GOOD,
    altered(b'"text":"pong"', b'"text":"You gave me no word."'),
    STREAMED,
    lambda reply: view.text_of(reply.object),
    lambda context: "",
)
