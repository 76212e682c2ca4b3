"""What becomes of a tool's result: whether the model gets to see it."""

import json

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
from chatproof.surfaces.messages.examples import COMETAPI, GOOD, SDK, altered, with_content
from chatproof.surfaces.messages.probes_validate import FUNCTION, WORD
from chatproof.surfaces.tool_result import NUMBERS, add_result_heard, add_result_used

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add


def _call(word: bytes, name: bytes = b"record_word") -> bytes:
    return b'{"type":"tool_use","id":"toolu_2","name":"' + name + b'","input":{"word":"' + word + b'"}}'


def _of(*blocks: bytes) -> bytes:
    return b"[" + b",".join(blocks) + b"]"


def _again(reply: Reply) -> str:
    """The input of the same call, made again."""
    for call in view.blocks(reply.object, view.CALL):
        given = view.members(call.get("input")).get("word")
        if call.get("name") == FUNCTION and str(given).lower() == WORD:
            return json.dumps(call["input"])
    return ""


add_result_used(
    CLAUSES,
    "messages",
    COMETAPI,
    AREA,
    CODE,
    "$.content",
    _again,
    (GOOD, with_content(_of(_call(b"next"))), with_content(_of(_call(b"pong", b"other")))),
    (
        with_content(_of(_call(b"pong"))),
        with_content(_of(b'{"type":"text","text":"I will."}', _call(b"Pong"))),
    ),
)


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


@clause(
    "messages.claude_code.results",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="Two results of tools that one message has, in lists of blocks, both reach the model.",
    source=SDK,
    probe="claude_code",
    needs=("messages.claude_code.heard", "messages.claude_code.accepted"),
    why="Claude Code sends the results of parallel calls in one message, and those of MCP tools in blocks: the model "
    "asks again, or makes up what it was not given.",
    holds_on=(
        _says(b"pong R-40713 R-52968"),
        _says(b"pong: R\xe2\x80\x9152968, and 40713"),
    ),
    breaks_on=(_says(b"pong R-40713"), _says(b"pong R-52968 and R-52968"), GOOD),
)
def results(reply: Reply, context: Context) -> Outcome:
    if view.blocks(reply.object, view.CALL):
        return not_applicable("another call in place of an answer")
    asked, text = reply.exchange.request.body, view.text_of(reply.object)
    if not all(number.encode() in asked for number in NUMBERS):
        return not_applicable("the request is not ours")
    missing = [number for number in NUMBERS if number not in text]
    if not missing:
        return holds()
    wanted = " and ".join(f"R-{number}" for number in missing)
    return broken("the message's text", f"the receipts {wanted}, which the results have", quote(text, 60))
