"""What becomes of a tool's result: whether the model gets to see it."""

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.happy import GOOD
from chatproof.surfaces.chat.clauses.validate.messages import WORD
from chatproof.surfaces.chat.clauses.validate.tools import CALL, called_by
from chatproof.surfaces.chat.probes_validate import FUNCTION
from chatproof.surfaces.chat.said import calls_of, text_said
from chatproof.surfaces.tool_result import add_result_heard, add_result_used

CLAUSES = Clauses(VALIDATE)

_AREA, _CODE = "Capabilities", "contract.tools"


def _again(reply: Reply) -> str:
    """The arguments of the same call, made again."""
    for call in calls_of(reply):
        if call.name == FUNCTION and f'"{WORD}"' in str(call.arguments).lower():
            return str(call.arguments)
    return ""


def _says(text: bytes) -> Example:
    return GOOD._replace(body=GOOD.body.replace(b'"content":"pong"', b'"content":"' + text + b'"'))


add_result_used(
    CLAUSES,
    "chat",
    OPENAI_SPEC,
    _AREA,
    _CODE,
    "$.choices[0].message.tool_calls",
    _again,
    (GOOD, called_by(CALL.replace(b"pong", b"next")), called_by(CALL.replace(b"record_word", b"other"))),
    (called_by(CALL), called_by(CALL.replace(b"pong", b"Pong"))),
)
add_result_heard(CLAUSES, "chat", OPENAI_SPEC, _AREA, _CODE, b'"tool_call_id"', _says, text_said, calls_of)
