"""(contract, exchanges) → findings. Pure: no I/O, no clock, no chance.

The module is not called `judge`, because `chatproof.judge` is this function in the library's front door.
"""

from collections.abc import Iterable
from typing import NamedTuple

from chatproof.clause import (
    BROKEN,
    CLAUSES,
    HOLDS,
    MUST,
    NOT_APPLICABLE,
    UNDECIDED,
    WAIVED,
    Clause,
    Context,
    Outcome,
    not_applicable,
    undecided,
)
from chatproof.contract import Contract, Term
from chatproof.exchange import END, Exchange, NotHeld, Secret
from chatproof.profile import Waiver
from chatproof.reply import Reply

UNHELD = "not in the capture: "
DEPENDS = "depends on what is not in the capture: "
"""How the reason of a finding begins that a capture leaves undecided."""
GO, NO_GO, UNDECIDED_VERDICT = "GO", "NO-GO", "UNDECIDED"


class Finding(NamedTuple):
    """A clause's outcome on one exchange (`exchange` is empty when there was none)."""

    clause: str
    level: str
    probe: str
    exchange: str
    outcome: str
    at: str
    expected: str
    observed: str
    reason: str
    state: str = ""  # what this says of the clause's capability

    def __repr__(self) -> str:
        """Without what was seen, which may quote the server: the record is redacted, this is not."""
        return f"<Finding {self.clause} {self.outcome} on {self.exchange or 'nothing'}>"

    @property
    def unheld(self) -> bool:
        """Undecided because a capture does not hold what it takes; nothing is wrong that could be diagnosed."""
        return self.reason.startswith((UNHELD, DEPENDS))


class Judgement(NamedTuple):
    findings: tuple[Finding, ...]
    context: Context  # the replies that were judged: what diagnosis starts from
    fixed: tuple[str, ...] = ()  # of each of the user's waivers that waives nothing any more: its clauses, joined

    @property
    def troubled(self) -> bool:
        """Something is broken or undecided, or nothing was seen to hold: there is something to diagnose."""
        return self.verdict != GO or any(finding.outcome in (BROKEN, UNDECIDED) for finding in self.findings)

    @property
    def verdict(self) -> str:
        return verdict(self.findings)

    @property
    def dangers(self) -> tuple[Finding, ...]:
        """Breaks that no waiver makes harmless: the key comes back, or a request without the right one is served."""
        waived = {finding.clause: finding for finding in self.findings if finding.outcome == WAIVED}
        return tuple(finding for clause, finding in waived.items() if is_grave(clause))


def judge(
    contract: Contract,
    exchanges: Iterable[Exchange],
    *,
    model: str = "",
    key: Secret | None = None,
    no_auth: bool = False,
    not_sent: dict[str, str] | None = None,
) -> Judgement:
    """Judge every clause on the exchanges of its probe.

    `not_sent` says, by probe, why a probe has no exchange. What was not observed is undecided, never held.
    """
    replies = {exchange.probe: Reply(exchange) for exchange in exchanges}
    context = Context(contract.profile, model, key, replies, no_auth, contract.required)
    findings: list[Finding] = []
    for term in contract.terms:
        if term.clause.probe == "*":
            findings += [_judge(term, reply, context, findings) for reply in replies.values()]
            continue
        reply = replies.get(term.clause.probe)
        if reply is None:
            reason = (not_sent or {}).get(term.clause.probe, "the request was not sent")
            findings.append(_absent(term, context, reason, findings))
        else:
            findings.append(_judge(term, reply, context, findings))
    hidden = {term.clause.id for term in contract.terms if not term.reported}
    return Judgement(tuple(f for f in findings if f.clause not in hidden), context, _fixed(contract, findings))


def _fixed(contract: Contract, findings: list[Finding]) -> tuple[str, ...]:
    """The user's waivers under which everything was seen to hold; one may stand for a family of clauses."""
    outcomes: dict[str, set[str]] = {}
    for finding in findings:
        outcomes.setdefault(finding.clause, set()).add(finding.outcome)
    groups: dict[Waiver, list[str]] = {}
    for term in contract.terms:
        waiver = term.waiver or term.expired
        if waiver is not None and not waiver.accessed:  # a profile's is knowledge of the provider: not to be removed
            groups.setdefault(waiver, []).append(term.clause.id)
    return tuple(
        ", ".join(ids)
        for ids in groups.values()
        if HOLDS in (seen := set().union(*(outcomes.get(id, set()) for id in ids))) and seen <= {HOLDS, NOT_APPLICABLE}
    )


def is_grave(clause: str) -> bool:
    """A break of this clause costs money or the key: a waiver must not make it quiet."""
    return clause == "secret.not_reflected" or (clause.startswith("auth.") and clause.endswith(".rejected"))


def verdict(findings: Iterable[Finding]) -> str:
    """NO-GO outranks UNDECIDED outranks GO; only `must` counts, where there is any. Nothing seen to hold is no GO."""
    listed = list(findings)
    outcomes = {finding.outcome for finding in listed if finding.level == MUST}
    if not outcomes:  # only clauses of a lower level were asked for: their breaks stay warnings
        outcomes = {HOLDS if finding.outcome == BROKEN else finding.outcome for finding in listed}
    if BROKEN in outcomes:
        return NO_GO
    if UNDECIDED in outcomes or not outcomes & {HOLDS, WAIVED}:
        return UNDECIDED_VERDICT
    return GO


def _judge(term: Term, reply: Reply, context: Context, earlier: list[Finding]) -> Finding:
    level = term.level
    outcome = _unobserved(term, reply)
    if outcome is None:
        outcome, level = _by_needs(term, earlier)
    outcome = outcome or _outcome(term, reply, context)
    if term.waiver is not None and outcome.outcome == BROKEN:
        outcome = Outcome(
            WAIVED,
            outcome.at,
            outcome.expected,
            outcome.observed,
            f"{term.waiver.reason} ({term.waiver.source})",
            outcome.state,
        )
    if term.expired is not None and outcome.outcome == BROKEN:
        said = f"the waiver ({term.expired.source}) expired on {term.expired.expires}"
        outcome = outcome._replace(reason=said)
    return _finding(term, level, reply, outcome)


def _outcome(term: Term, reply: Reply, context: Context) -> Outcome:
    """The clause's own word, where the exchange holds what it takes to come to one."""
    try:
        found = term.clause.judge(reply, context)
        others = [
            term.clause.judge(other, context).outcome
            for other in reply.endings()
            if _applies(term.clause, other, context)
        ]
    except NotHeld as part:
        return undecided(f"{UNHELD}{part}")
    if all(other == found.outcome for other in others):
        return found
    return undecided(f"{UNHELD if found.outcome == HOLDS else DEPENDS}{END}")


def _applies(clause: Clause, reply: Reply, context: Context) -> bool:
    """What the clause needs holds on this reply, as far as can be known."""
    return all(_applies(CLAUSES[need], reply, context) and _may_hold(need, reply, context) for need in clause.needs)


def _may_hold(id: str, reply: Reply, context: Context) -> bool:
    try:
        return CLAUSES[id].judge(reply, context).outcome == HOLDS
    except NotHeld:
        return True


def _unobserved(term: Term, reply: Reply) -> Outcome | None:
    if reply.complete or term.clause.probe == "*" or term.clause.on_fault:
        return None
    fault = reply.fault
    return undecided(f"no complete response: {fault.code} ({fault.phase})" if fault else "no response")


def _by_needs(term: Term, earlier: list[Finding]) -> tuple[Outcome | None, str]:
    """What follows from the clauses that this one needs, and the level at which it counts; (None, level): nothing.

    A must that begins with "if it is done at all" says nothing where that is only a should and was not observed.
    """
    for need in term.clause.needs:
        found = next(f for f in earlier if f.clause == need)
        if found.outcome == HOLDS or found.reason.startswith(UNHELD):
            continue  # what a capture does not hold keeps nobody from looking at what it does hold
        if found.outcome == WAIVED:
            return Outcome(WAIVED, reason=found.reason), term.level
        if found.outcome == NOT_APPLICABLE:
            return not_applicable(found.reason), term.level
        if found.outcome == BROKEN and found.level != MUST:
            return not_applicable(f"{need} is broken, which is a warning"), term.level
        level = term.level if found.level == MUST else found.level
        # The root is what a reader wants to know, not the last link of the chain.
        return undecided(f"{need} is broken" if found.outcome == BROKEN else found.reason), level
    return None, term.level


def _absent(term: Term, context: Context, reason: str, earlier: list[Finding]) -> Finding:
    if context.no_auth and term.clause.probe.startswith("auth."):
        outcome = not_applicable("the endpoint is open on purpose (--no-auth)")
        return _finding(term, term.level, None, outcome)
    by_needs, level = _by_needs(term, earlier)
    return _finding(term, level, None, by_needs or undecided(reason))


def _finding(term: Term, level: str, reply: Reply | None, outcome: Outcome) -> Finding:
    probe = reply.probe if reply else term.clause.probe
    return Finding(term.clause.id, level, probe, reply.exchange.id if reply else "", *outcome)
