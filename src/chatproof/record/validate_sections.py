"""What the document of a validate run says beyond that of smoke: the contract's terms, capabilities, request templates.

All of it is for people who decide: a decision report must say what was asked, after which source, and how it stands.
"""

from typing import Any

from chatproof.contract.capability import UNSUPPORTED, refuses
from chatproof.contract.clause import BROKEN, NOT_APPLICABLE, UNDECIDED, Context
from chatproof.contract.probe import EMPTY, INVALID, Probe
from chatproof.contract.surface import View
from chatproof.evidence.reply import Reply, or_default
from chatproof.judging.contract import Contract
from chatproof.judging.judge import Finding, Judgement
from chatproof.printable import cut, decode, escape
from chatproof.secrets.key_check import INVALID_KEY
from chatproof.wire.exchange import Request

UNKNOWN = "unknown"
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
                "grave": bool(clause.danger),
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
    surface = judgement.context.surface
    musts = {term.clause.capability for term in contract.terms if term.clause.probe == surface.stream}
    for term in contract.terms:
        if term.clause.capability and term.reported:
            by_name.setdefault(term.clause.capability, []).append(term.clause.id)
    rows = []
    for name, ids in by_name.items():
        findings = [finding for finding in judgement.findings if finding.clause in ids]
        state, said = _state(findings, judgement.context)
        required = name in contract.required or name in musts  # who needs no streams skips their clauses
        rows.append({"name": name, "state": state, "required": required, "clauses": ids, "said": said})
    return rows


def _state(findings: list[Finding], context: Context) -> tuple[str, str]:
    """(state, what it was seen by)."""
    for state in _ORDER[:3]:
        found = next((finding for finding in findings if finding.state == state), None)
        if found is not None:
            return state, (found.observed or found.reason).removeprefix("unsupported: ").removeprefix("refused: ")
    broken = next((finding for finding in findings if finding.outcome == BROKEN), None)
    if broken is not None:  # clauses of smoke say nothing of a state: see what came back
        reply = context.replies[broken.probe]
        return or_default(lambda: _seen(reply, context.surface.view), UNKNOWN), broken.observed
    open = next((f for f in findings if f.outcome in (UNDECIDED, NOT_APPLICABLE) and not f.state), None)
    if open is not None:
        return UNKNOWN, open.reason
    return "supported", next((finding.observed for finding in findings if finding.observed), "")


def _seen(reply: Reply, view: View) -> str:
    if reply.status >= 400:
        return UNSUPPORTED if refuses(reply, ("stream", "streaming")) else UNKNOWN
    return "ignored" if reply.kind == "json" and view.is_success(reply) else "broken"


def template(request: Request, probe: Probe, key_source: str) -> dict[str, Any]:
    """The request as it can be sent again: headers, the key by the name of its variable, and the body."""
    headers = [[one.name, f"${one.source.removeprefix('env:')}"] for one in request.further]
    headers += [[name, value] for name, value in request.headers]
    if request.credential is not None:
        name, _, scheme = request.credential_header.partition(":")
        variable = key_source.removeprefix("env:").split(" or ")[0] if key_source.startswith("env:") else "KEY"
        sent = {INVALID: INVALID_KEY, EMPTY: ""}.get(probe.credential, f"${variable}")
        headers.insert(0, [name, f"{scheme.strip()} {sent}{request.credential_tail}".lstrip()])
    return {"headers": headers, "body": cut(escape(decode(request.body), keep="\n"), _BODY)}
