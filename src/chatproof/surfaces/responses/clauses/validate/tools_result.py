"""What becomes of a tool's result: whether the model gets to see it."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
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
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import GOOD, ITEM, altered, with_output
from chatproof.surfaces.responses.clauses.validate.tools import AREA, CODE, calls
from chatproof.surfaces.responses.probes_validate import FUNCTION, WORD
from chatproof.surfaces.tool_result import add_result_heard

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add


def _call(word: bytes, name: bytes = b"record_word") -> bytes:
    arguments = b'{\\"word\\":\\"' + word + b'\\"}'
    return (
        b'{"id":"fc_2","type":"function_call","call_id":"call_2","name":"'
        + name
        + b'","arguments":"'
        + arguments
        + b'"}'
    )


@clause(
    "responses.tools.result_used",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="A model that gets a tool's result does not make the same call again.",
    source=OPENAI_SPEC,
    probe="tools.result",
    needs=("responses.tools.result",),
    why="Every client that runs tools runs the same one without end. A gateway that leaves the results out is the "
    "usual cause.",
    holds_on=(GOOD, with_output(_call(b"next")), with_output(_call(b"pong", b"other")), with_output(ITEM)),
    breaks_on=(with_output(_call(b"pong")), with_output(ITEM, _call(b"Pong"))),
)
def used(reply: Reply, context: Context) -> Outcome:
    for call in calls(reply):
        if call.get("name") == FUNCTION and f'"{WORD}"' in str(call.get("arguments")).lower():
            return broken(
                "$.output", "an answer, or another call", f"the call again: {quote(call.get('arguments'), 60)}"
            )
    return holds()


def _says(text: bytes) -> Example:
    return altered(b'"text":"pong"', b'"text":"' + text + b'"')


add_result_heard(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    AREA,
    CODE,
    b'"function_call_output"',
    _says,
    lambda reply: view.text_of(reply.object),
    calls,
)
