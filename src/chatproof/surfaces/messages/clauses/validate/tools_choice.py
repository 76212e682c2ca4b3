"""The choice of a tool: by its name, and none."""

from chatproof.contract.clause import VALIDATE, Clauses
from chatproof.surfaces.messages.clauses.validate.tools import CALL, CALLED, SECOND, calls, with_calls
from chatproof.surfaces.messages.examples import COMETAPI, GOOD
from chatproof.surfaces.messages.probes_validate import OTHER_FUNCTION
from chatproof.surfaces.named_tools import add_choices

CLAUSES = Clauses(VALIDATE)

add_choices(
    CLAUSES,
    "messages",
    COMETAPI,
    OTHER_FUNCTION,
    GOOD,
    CALLED,
    with_calls(SECOND),
    with_calls(CALL, SECOND),
    lambda reply: [call.get("name") for call in calls(reply)],
)
