"""An error that arrives under a success status: what tells it, and what to do about the cause that it names."""

import re

from chatproof.contract.error_steps import step_of
from chatproof.contract.failure_mode import Case, Sign
from chatproof.evidence.provider_error import ProviderError

_PLACES = ("$.error", "$.fault", "$.base_resp")  # and $.errors
_FRAMEWORK = {"detail"}  # alone: how FastAPI and Django REST framework write each of their errors
_FAILS = re.compile(  # a code that says so, or the status that a problem document repeats (RFC 9457)
    r"(?i)^[45]\d\d$|error|fail|invalid|limit|denied|exceed|not_?found|unauthori|forbidden|unavailable|timeout|quota|insufficient"
)


def found(case: Case) -> Sign | None:
    """The error of the plain request's reply, where it is one beyond doubt. The exchange's own line has its words."""
    reply = case.reply
    if not (reply.complete and case.status < 300 and case.is_plain and not case.succeeded) or reply.error is None:
        return None
    if not (_is_sure(reply.error) or reply.object.keys() == _FRAMEWORK):
        return None
    step = step_of(reply.error) or "Read the error in the evidence."
    return Sign(next_step=f"{step} Report the status as well: clients that check only the status miss the error.")


def _is_sure(error: ProviderError) -> bool:
    """A lone `message` or `detail` under 200 may be anything; these say that they are errors."""
    named = error.where in ("$.message", "$.msg", "$.detail", "$.title") and bool(_FAILS.search(error.code))
    return error.where.startswith(_PLACES) or error.where == "$" or named
