"""The choice of a tool: by its name, and none."""

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses
from chatproof.surfaces.named_tools import add_choices
from chatproof.surfaces.responses.clauses.happy import GOOD, with_output
from chatproof.surfaces.responses.clauses.validate.tools import CALL, SECOND, calls
from chatproof.surfaces.responses.probes_validate import OTHER_FUNCTION

CLAUSES = Clauses(VALIDATE)

add_choices(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    OTHER_FUNCTION,
    GOOD,
    with_output(CALL),
    with_output(SECOND),
    with_output(CALL, SECOND),
    lambda reply: [call.get("name") for call in calls(reply)],
)
