"""Whose a refused parameter is: gateways that translate between APIs add some and rename others."""

import json
import re

from chatproof.contract.failure_mode import LIKELY, UNKNOWN, Case, Sign
from chatproof.evidence.provider_error import ProviderError
from chatproof.evidence.provider_forms import is_relayed
from chatproof.wire.exchange import ASKED

_NAMED = re.compile(
    r"(?:^|[\"'`])([a-z]\w{1,60})[\w.\[\]]{0,80}[\"'`]?: Extra inputs are not permitted|"
    r"(?i:unsupported parameters?|unrecognized request arguments? supplied)[: ]{1,3}[\"'`]?([a-z]\w{1,60})"
)
_RENAMED = Sign(
    summary="the endpoint refuses a parameter that the request does not have",
    owner=UNKNOWN,
    next_step="Something on the way adds this parameter, or gives another one this name: ask whoever runs the gateway, with the evidence.",
    confidence=LIKELY,
)
_RELAYED = Sign(
    ("the gateway quotes the answer of the service behind it",),
    next_step="Read the named parameter in the evidence. If your request does not have it, the gateway adds it, or gives another one this name: ask whoever runs it.",
    confidence=LIKELY,
)


def whose_parameter(case: Case) -> Sign:
    """Tell whether the request has the parameter that is refused; what the row says where that is so."""
    error = case.reply.error
    if error is None:
        return Sign()
    name, sent = _named(error), _sent(case)
    if name and sent is not None and name not in sent:
        return _RENAMED._replace(evidence=(f"the request has no parameter {name}",))
    return _RELAYED if sent is None and (is_relayed(error) or error.message.lstrip().startswith("{")) else Sign()


def _named(error: ProviderError) -> str:
    """The outermost part of the parameter's name; empty where the error names none."""
    found = re.match(r"[a-z]\w{1,60}", error.param) or _NAMED.search(error.message[:4000])
    return next(filter(None, found.groups()), "") if found and found.re is _NAMED else found[0] if found else ""


def _sent(case: Case) -> dict[str, object] | None:
    """The request's parameters; None where they are not known."""
    body = case.reply.exchange.request.body
    if not body or case.reply.lacks(ASKED):
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
