"""What is said of a limit that was reached: whose it is only where the reply's own words say so."""

import re

from chatproof.contract.failure_mode import LIKELY, Case, Sign
from chatproof.evidence.provider_forms import is_relayed
from chatproof.evidence.reply import or_default

_LONGEST = 4000  # characters of an error's message that are looked at
_OF_THE_CALLER = re.compile(
    r"(?i)\b(?:you|your|you've|keys?|api[_-]?keys?|accounts?|organi[sz]ations?|orgs?|projects?|user|team|workspaces?|"
    r"subscriptions?|tenant|plans?|tiers?|customer|client)\b|您|账户|账号|密钥|令牌|用户"
)
_POLITE = re.compile(  # said to the caller, and not of a limit of his
    r"(?i)\byour (?:api )?(?:requests?|calls?|prompts?|messages?|inputs?|quer(?:y|ies)|patience|understanding)\b|"
    r"\bthank you\b|\byou (?:can|may|might|could|should|must|need|want|would)\b"
)
_OVERLOAD = re.compile(r"(?i)overload|high demand")
_ANY_LOAD = re.compile(  # words of any hop
    r"(?i)queue[ _]is full|queue[ _]full|\b(?:at|over|no) capacity\b|server is busy"
)
_OF_A_GATEWAY = re.compile(r"(?i)^(?:new|one)_api_error$|upstream|gateway|relay")  # a type or a code
_OVERLOADED = Sign(
    summary="the provider says that it is overloaded",
    next_step="Wait some seconds and run again. If it lasts, ask for another model or region, and escalate with the request id and UTC time.",
)
_SOMEWHERE = _OVERLOADED._replace(
    summary="the provider, or a gateway before it, says that it is overloaded",
    confidence=LIKELY,
)
_BEHIND = _OVERLOADED._replace(
    summary="a gateway says that the provider behind it is overloaded",
    confidence=LIKELY,
)
OF_THE_CALLER = Sign(
    summary="too many requests for this key or account",
    next_step="Wait and run again; look at who else uses this key.",
)


def rate(case: Case) -> Sign:
    """Say that a limit is reached, how long to wait, and whether it is the caller's."""
    error = case.reply.error
    told = f"{error.message[:_LONGEST]} {error.code} {error.type}".replace("_", " ") if error else ""
    after = or_default(lambda: case.reply.header(b"retry-after"), "")
    evidence = (f"Retry-After: {after} s",) if after.isdigit() and len(after) < 6 else ()
    return (OF_THE_CALLER if _OF_THE_CALLER.search(_POLITE.sub("", told)) else Sign())._replace(evidence=evidence)


def overload(case: Case) -> Sign:
    """Say of an internal failure that it is an overload, where the error says so."""
    error = case.reply.error
    told = f"{error.message[:_LONGEST]} {error.code} {error.type}" if error else ""
    if error is None or not (_OVERLOAD.search(told) or _ANY_LOAD.search(told)):
        return Sign()
    if is_relayed(error) or _OF_A_GATEWAY.search(error.type) or _OF_A_GATEWAY.search(error.code):
        return _BEHIND
    return _OVERLOADED if _OVERLOAD.search(told) else _SOMEWHERE
