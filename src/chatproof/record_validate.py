"""What the document of a validate run says beyond that of smoke: the contract's terms, capabilities, request templates.

All of it is for people who decide: a decision report must say what was asked, after which source, and how it stands.
"""

from typing import Any

from chatproof.capability import UNSUPPORTED, refuses
from chatproof.clause import BROKEN, NOT_APPLICABLE, UNDECIDED
from chatproof.contract import Contract
from chatproof.exchange import Request
from chatproof.judging import Finding, Judgement, is_grave
from chatproof.keys import INVALID_KEY
from chatproof.printable import cut, decode, escape
from chatproof.probes import EMPTY, INVALID, PROBES
from chatproof.reply import Reply, if_held

UNKNOWN = "unknown"
ALWAYS_REQUIRED = ("stream",)  # its clauses are musts: whoever needs no streams skips them
_ORDER = ("broken", "ignored", "unsupported", "supported")  # the worst of several clauses is the capability's state
_BODY = 4096


def terms(contract: Contract) -> list[dict[str, Any]]:
    """Each clause in force: its sentence, level, source, and the waiver that stands against it."""
    listed = []
    for term in contract.terms:
        if not term.reported:
            continue
        clause, waiver = term.clause, term.waiver or term.expired
        listed.append(
            {
                "clause": clause.id,
                "level": term.level,
                "layer": clause.layer,
                "area": clause.area,
                "says": clause.says,
                "why": clause.why,
                "source": clause.source.url,
                "accessed": clause.source.accessed,
                "capability": clause.capability,
                "grave": is_grave(clause.id),
                "waiver": {
                    "reason": waiver.reason,
                    "source": waiver.source,  # the provider's page, or the user's ticket
                    "own": not waiver.accessed,
                    "expires": waiver.expires,
                    "expired": term.expired is not None,
                }
                if waiver
                else None,
            }
        )
    return listed


def capabilities(contract: Contract, judgement: Judgement) -> list[dict[str, Any]]:
    """Each capability with its state, in the contract's order."""
    by_name: dict[str, list[str]] = {}
    for term in contract.terms:
        if term.clause.capability and term.reported:
            by_name.setdefault(term.clause.capability, []).append(term.clause.id)
    rows = []
    for name, ids in by_name.items():
        findings = [finding for finding in judgement.findings if finding.clause in ids]
        state, said = _state(findings, judgement.context.replies)
        required = name in contract.required or name in ALWAYS_REQUIRED
        rows.append({"name": name, "state": state, "required": required, "clauses": ids, "said": said})
    return rows


def _state(findings: list[Finding], replies: dict[str, Reply]) -> tuple[str, str]:
    """(state, what it was seen by)."""
    for state in _ORDER[:3]:
        found = next((finding for finding in findings if finding.state == state), None)
        if found is not None:
            return state, (found.observed or found.reason).removeprefix("unsupported: ").removeprefix("refused: ")
    broken = next((finding for finding in findings if finding.outcome == BROKEN), None)
    if broken is not None:  # clauses of smoke say nothing of a state: see what came back
        reply = replies[broken.probe]
        return if_held(lambda: _seen(reply), UNKNOWN), broken.observed
    open = next((f for f in findings if f.outcome in (UNDECIDED, NOT_APPLICABLE) and not f.state), None)
    if open is not None:
        return UNKNOWN, open.reason
    return "supported", next((finding.observed for finding in findings if finding.observed), "")


def _seen(reply: Reply) -> str:
    if reply.status >= 400:
        return UNSUPPORTED if refuses(reply, ("stream", "streaming")) else UNKNOWN
    return "ignored" if reply.kind == "json" and reply.is_completion else "broken"


def template(request: Request, probe: str, key_source: str) -> dict[str, Any]:
    """The request as it can be sent again: headers, the key by the name of its variable, and the body."""
    headers = [[name, value] for name, value in request.headers]
    if request.credential is not None:
        name, _, scheme = request.credential_header.partition(":")
        variable = key_source.removeprefix("env:").split(" or ")[0] if key_source.startswith("env:") else "KEY"
        sent = {INVALID: INVALID_KEY, EMPTY: ""}.get(PROBES[probe].credential, f"${variable}")
        headers.insert(0, [name, f"{scheme.strip()} {sent}{request.credential_tail}".lstrip()])
    return {"headers": headers, "body": cut(escape(decode(request.body), keep="\n"), _BODY)}
