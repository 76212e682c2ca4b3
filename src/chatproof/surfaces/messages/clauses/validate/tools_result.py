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
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.clauses.validate.tools import AREA, CODE
from chatproof.surfaces.messages.examples import COMETAPI, GOOD, altered, with_content
from chatproof.surfaces.messages.probes_validate import FUNCTION, RECEIPT, WORD

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


@clause(
    "messages.tools.result_heard",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="A model that is asked for what a tool answered says it.",
    source=COMETAPI,
    probe="tools.result",
    needs=("messages.tools.result_used",),
    why="Every client that runs tools gets answers that are made up: what its tools found does not reach the model. A "
    "gateway that sends an empty result on is the usual cause.",
    holds_on=(_says(b"The receipt is {}.".replace(b"{}", RECEIPT.encode())),),
    breaks_on=(_says(b"I have recorded the word."), _says(b"The receipt is 1234.")),
)
def result_heard(reply: Reply, context: Context) -> Outcome:
    text = view.text_of(reply.object)
    if RECEIPT in text:
        return holds()
    if view.blocks(reply.object, view.CALL):
        return not_applicable("another call in place of an answer")
    asked = reply.exchange.request.body
    if b'"tool_result"' in asked and RECEIPT.encode() not in asked:
        return not_applicable("the request is not ours")
    return broken("the answer's text", f"the receipt {RECEIPT}, which is in the tool's result", quote(text, 60))
