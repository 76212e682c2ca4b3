"""What becomes of a tool's result: whether the model gets to see it."""

from chatproof.contract.clause import (
    OPENAI_SPEC,
    VALIDATE,
    Clauses,
    Example,
)
from chatproof.evidence.reply import Reply
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import GOOD, ITEM, altered, with_output
from chatproof.surfaces.responses.clauses.validate.tools import AREA, CODE, calls
from chatproof.surfaces.responses.probes_validate import FUNCTION, WORD
from chatproof.surfaces.tool_result import add_result_heard, add_result_used

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


def _again(reply: Reply) -> str:
    """The arguments of the same call, made again."""
    for call in calls(reply):
        arguments = str(call.get("arguments"))
        if call.get("name") == FUNCTION and f'"{WORD}"' in arguments.lower():
            return arguments
    return ""


add_result_used(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    AREA,
    CODE,
    "$.output",
    _again,
    (GOOD, with_output(_call(b"next")), with_output(_call(b"pong", b"other")), with_output(ITEM)),
    (with_output(_call(b"pong")), with_output(ITEM, _call(b"Pong"))),
)


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
