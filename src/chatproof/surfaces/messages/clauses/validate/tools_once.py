"""A call that is asked for once."""

from chatproof.contract.clause import BEHAVIOUR, SHOULD, VALIDATE, Clauses, Context, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.clauses.validate.tools import AREA, CODE
from chatproof.surfaces.messages.examples import COMETAPI, with_content

CLAUSES = Clauses(VALIDATE)


def _call(id: bytes, word: bytes = b"pong") -> bytes:
    return b'{"type":"tool_use","id":"toolu_%s","name":"record_word","input":{"word":"%s"}}' % (id, word)


@CLAUSES.add(
    "messages.tools.once",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="A forced tool call does not come twice with the same input.",
    source=COMETAPI,
    probe="tools",
    needs=("messages.tools.readable", "messages.tools.input"),
    why="Every client with tools runs it twice: a gateway that joins a stream with its final message is a usual cause.",
    holds_on=(
        with_content(b"[" + _call(b"1") + b"]"),
        with_content(b"[" + _call(b"1") + b"," + _call(b"2", b"ping") + b"]"),
    ),
    breaks_on=(with_content(b"[" + _call(b"1") + b"," + _call(b"2") + b"]"),),
)
def once(reply: Reply, context: Context) -> Outcome:
    made = [(block.get("name"), block.get("input")) for block in view.blocks(reply.object, view.CALL)]
    twice = next((one for number, one in enumerate(made) if one in made[:number]), None)
    return broken("$.content", "one call", f"the same call again: {quote(twice[1], 60)}") if twice else holds()
