"""The earlier turns of a conversation, in messages."""

from chatproof.contract.clause import VALIDATE, Clauses
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.examples import COMETAPI, GOOD, altered
from chatproof.surfaces.turns import add_turns

CLAUSES = Clauses(VALIDATE)

add_turns(
    CLAUSES,
    "messages",
    COMETAPI,
    GOOD,
    altered(b'"text":"pong"', b'"text":"You gave me no word."'),
    lambda reply: view.text_of(reply.object),
    lambda context: "",
)
