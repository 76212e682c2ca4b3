"""An error that arrives under a success status: what tells it, and what to do about the cause that it names."""

import re

from chatproof.contract.failure_mode import Case, Sign
from chatproof.evidence.provider_error import ProviderError, by_words

_PLACES = ("$.error", "$.fault", "$.base_resp")  # and $.errors
_FAILS = re.compile(  # a code that says so, or the status that a problem document repeats (RFC 9457)
    r"(?i)^[45]\d\d$|error|fail|invalid|limit|denied|exceed|not_?found|unauthori|forbidden|unavailable|timeout|quota|insufficient"
)
_STEPS = {
    "model": "The error is about the model: copy an id from `chatproof models TARGET` exactly.",
    "retired": "The error says that the model is retired: choose another with `chatproof models TARGET`.",
    "quota": "The error is about money: top up the account, or raise the key's own quota.",
    "rate": "The error is about a limit: wait, and look at who else uses this key.",
    "auth": "The error is about the key: check that it is active, complete and from this provider.",
    "header": "The error says that no key arrived: compare the header's name with the provider's reference.",
    "permission": "The error is about a permission: check the key's scopes and its models.",
    "context": "The error says that the prompt is too long: shorten it, or look for a gateway that adds its own.",
    "upstream": "A gateway says that the service behind it failed: run again, or look at its upstream.",
}


def found(case: Case) -> Sign | None:
    """The error of the plain request's reply, where it is one beyond doubt. The exchange's own line has its words."""
    reply = case.reply
    if not (reply.complete and case.status < 300 and case.is_plain and not case.succeeded) or reply.error is None:
        return None
    if not _is_sure(reply.error):
        return None
    step = _STEPS.get(by_words(reply.error), "Read the error in the evidence.")
    return Sign(next_step=f"{step} Report the status as well: clients that check only the status miss the error.")


def _is_sure(error: ProviderError) -> bool:
    """A lone `message` or `detail` under 200 may be anything; these say that they are errors."""
    named = error.where in ("$.message", "$.msg", "$.detail", "$.title") and bool(_FAILS.search(error.code))
    return error.where.startswith(_PLACES) or error.where == "$" or named
