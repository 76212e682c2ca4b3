"""What becomes of a tool's result: whether the model gets to see it."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.clauses.validate.tools import AREA, CODE
from chatproof.surfaces.messages.examples import COMETAPI, GOOD, altered, with_content
from chatproof.surfaces.messages.probes_validate import FUNCTION, WORD
from chatproof.surfaces.tool_result import add_result_heard

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add


def _call(word: bytes, name: bytes = b"record_word") -> bytes:
    return b'{"type":"tool_use","id":"toolu_2","name":"' + name + b'","input":{"word":"' + word + b'"}}'


def _of(*blocks: bytes) -> bytes:
    return b"[" + b",".join(blocks) + b"]"


@clause(
    "messages.tools.result_used",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="A model that gets a tool's result does not make the same call again.",
    source=COMETAPI,
    probe="tools.result",
    needs=("messages.tools.result",),
    why="Every client with tools, such as Claude Code, runs the same one without end. A gateway that leaves the "
    "results out is the usual cause.",
    holds_on=(GOOD, with_content(_of(_call(b"next"))), with_content(_of(_call(b"pong", b"other")))),
    breaks_on=(
        with_content(_of(_call(b"pong"))),
        with_content(_of(b'{"type":"text","text":"I will."}', _call(b"Pong"))),
    ),
)
def used(reply: Reply, context: Context) -> Outcome:
    for call in view.blocks(reply.object, view.CALL):
        given = view.members(call.get("input")).get("word")
        if call.get("name") == FUNCTION and str(given).lower() == WORD:
            return broken("$.content", "an answer, or another call", f"the call again: {quote(call.get('input'), 60)}")
    return holds()


def _says(text: bytes) -> Example:
    return altered(b'"text":"pong"', b'"text":"' + text + b'"')


add_result_heard(
    CLAUSES,
    "messages",
    COMETAPI,
    AREA,
    CODE,
    b'"tool_result"',
    _says,
    lambda reply: view.text_of(reply.object),
    lambda reply: view.blocks(reply.object, view.CALL),
)
