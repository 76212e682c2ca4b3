"""(contract, exchanges) → findings. Pure: no I/O, no clock, no chance.

The module is not called `judge`, because `chatproof.judge` is this function in the library's front door.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

from chatproof.contract.clause import (
    BROKEN,
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
from chatproof.contract.probe import ALL, KEY_REFUSAL, OWN, OWN_REQUEST
from chatproof.evidence.parsed_bodies import Memory
from chatproof.evidence.reply import Reply
from chatproof.judging.contract import Contract, Term
from chatproof.target.profile import Waiver
from chatproof.values import NamedTuple
from chatproof.wire.exchange import END, Exchange, NotCaptured, Secret

NOT_CAPTURED = "not in the capture: "
DEPENDS = "depends on a part that is missing in the capture: "
"""How the reason of a finding begins that a capture leaves undecided."""
GO, NO_GO, UNDECIDED_VERDICT = "GO", "NO-GO", "UNDECIDED"


class Finding(NamedTuple):
    """A clause's outcome on one exchange. Not redacted: see RecordedFinding for the one in a record.

    - `clause`, `level`: the clause's id and its level: must, should, or may
    - `probe`, `exchange`: the request that it was judged on, and its exchange's id; empty if there was none
    - `outcome`: holds, broken, undecided, not_applicable, or waived
    - `at`: the place in the reply: a JSON path, or a part of the response
    - `expected`, `observed`: the requirement, and the value that was observed instead
    - `reason`: why it was not judged, does not apply, or is waived; empty otherwise
    - `state`: the state that this shows of the clause's capability: supported, unsupported, ignored, or broken
    - `code`: the diagnosis of this break, if the reply names another one than the clause; empty otherwise
    """

    clause: str
    level: str
    probe: str
    exchange: str
    outcome: str
    at: str
    expected: str
    observed: str
    reason: str
    state: str = ""
    code: str = ""

    def __repr__(self) -> str:
        """Without what was seen, which may quote the server: the record is redacted, this is not."""
        return f"<Finding {self.clause} {self.outcome} on {self.exchange or 'nothing'}>"

    @property
    def not_captured(self) -> bool:
        """True if it is undecided only because a capture lacks a part: there is nothing to diagnose."""
        return self.reason.startswith((NOT_CAPTURED, DEPENDS))


class Judgement(NamedTuple):
    """The findings of a contract on a run's exchanges.

    - `findings`: one for each clause and exchange, in the contract's order
    - `context`: the replies that were judged, for the diagnosis
    - `fixed`: the clauses of each waiver of yours that is no longer needed, joined to one text
    - `left_out`: findings of skipped clauses that other clauses need
    """

    findings: tuple[Finding, ...]
    context: Context
    fixed: tuple[str, ...] = ()
    left_out: tuple[Finding, ...] = ()

    @property
    def troubled(self) -> bool:
        """True if a finding is broken or undecided, or none holds: there is something to diagnose."""
        return self.verdict != GO or any(finding.outcome in (BROKEN, UNDECIDED) for finding in self.findings)

    @property
    def verdict(self) -> str:
        """`GO`, `NO-GO`, or `UNDECIDED`."""
        return verdict(self.findings)

    @property
    def dangers(self) -> tuple[Finding, ...]:
        """Waived failures that stay dangerous: the key comes back, or a request without the right key is served."""
        waived = {finding.clause: finding for finding in self.findings if finding.outcome == WAIVED}
        clause_of = self.context.surface.clause
        return tuple(finding for id, finding in waived.items() if (clause := clause_of(id)) and clause.danger)


def judge(
    contract: Contract,
    exchanges: Iterable[Exchange],
    *,
    model: str = "",
    key: Secret | None = None,
    no_auth: bool = False,
    not_sent: dict[str, str] | None = None,
) -> Judgement:
    """Judge every clause on the exchanges of its probe, and return the findings. Sends nothing.

    `model` is the requested model, `key` the key that must not come back. `not_sent` gives, by probe, the reason why
    a probe has no exchange. A clause that was not observed is undecided, never passed.
    """
    return judge_in(contract, context_of(contract, exchanges, model=model, key=key, no_auth=no_auth), not_sent)


def context_of(
    contract: Contract, exchanges: Iterable[Exchange], *, model: str, key: Secret | None, no_auth: bool
) -> Context:
    """Make what clauses may know of a run: see `judge`."""
    memory = Memory()
    replies = {exchange.probe: Reply(exchange, memory) for exchange in exchanges}
    return Context(contract.profile, model, key, replies, contract.surface, no_auth, contract.required)


def judge_in(contract: Contract, context: Context, not_sent: Mapping[str, str] | None) -> Judgement:
    """Judge every clause on the replies of a context: see `judge`."""
    replies = context.replies
    clauses = {term.clause.id: term.clause for term in contract.terms}
    of: dict[str, list[Finding]] = {}  # by clause
    for term in contract.terms:
        if term.clause.probe == ALL:
            found = [_judge(term, reply, context, of, clauses) for reply in replies.values()]
        elif term.clause.probe == OWN:
            found = _judge_own(term, context, not_sent or {}, of, clauses)
        elif (reply := replies.get(term.clause.probe)) is None:
            reason = (not_sent or {}).get(term.clause.probe, "the request was not sent")
            found = [_absent(term, context, reason, of)]
        else:
            found = [_judge(term, reply, context, of, clauses)]
        of[term.clause.id] = found
    findings = [*chain.from_iterable(of.values())]
    hidden = {term.clause.id for term in contract.terms if not term.reported}
    shown, left_out = (tuple(f for f in findings if (f.clause in hidden) is aside) for aside in (False, True))
    return Judgement(shown, context, _fixed(contract, findings), left_out)


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


def _judge(
    term: Term, reply: Reply, context: Context, earlier: Mapping[str, list[Finding]], clauses: Mapping[str, Clause]
) -> Finding:
    level = term.level
    outcome = _unobserved(term, reply)
    if outcome is None:
        outcome, level = _by_needs(term, earlier, reply.exchange.id)
    outcome = outcome or _outcome(term, reply, context, clauses)
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
    if term.client and outcome.outcome == BROKEN:
        outcome = outcome._replace(reason="; ".join(filter(None, (outcome.reason, term.client))))
    return _finding(term, level, reply, outcome)


def _outcome(term: Term, reply: Reply, context: Context, clauses: Mapping[str, Clause]) -> Outcome:
    """The clause's own word, where the exchange holds what it takes to come to one."""
    ways, is_open = context.surface.endings, reply.is_open
    if is_open and not ways and not context.surface.is_ended(reply):  # an API that does not say how its streams go on
        return undecided(f"{NOT_CAPTURED}{END}")
    try:
        found = term.clause.judge(reply, context)
        if not is_open:
            return found
        others = [
            term.clause.judge(other, context).outcome
            for other in reply.endings(ways)
            if _applies(term.clause, other, context, clauses)
        ]
    except NotCaptured as part:
        return undecided(f"{NOT_CAPTURED}{part}")
    if all(other == found.outcome for other in others):
        return found
    return undecided(f"{NOT_CAPTURED if found.outcome == HOLDS else DEPENDS}{END}")


def _applies(clause: Clause, reply: Reply, context: Context, clauses: Mapping[str, Clause]) -> bool:
    """What the clause needs holds on this reply, as far as can be known."""
    needed = [clauses[need] for need in clause.needs]
    return all(_applies(need, reply, context, clauses) and _may_hold(need, reply, context) for need in needed)


def _may_hold(clause: Clause, reply: Reply, context: Context) -> bool:
    try:
        return clause.judge(reply, context).outcome == HOLDS
    except NotCaptured:
        return True


def _unobserved(term: Term, reply: Reply) -> Outcome | None:
    if reply.complete or term.clause.probe == ALL or term.clause.on_fault:
        return None
    fault = reply.fault
    return undecided(f"no complete response: {fault.code} ({fault.phase})" if fault else "no response")


def _by_needs(term: Term, earlier: Mapping[str, list[Finding]], exchange: str = "") -> tuple[Outcome | None, str]:
    """What follows from the clauses that this one needs, and the level at which it counts; (None, level): nothing.

    A must that begins with "if it is done at all" says nothing where that is only a should and was not observed.
    """
    for need in term.clause.needs:
        found = _need(need, earlier, exchange)
        if found.outcome == HOLDS or found.reason.startswith(NOT_CAPTURED):
            continue  # what a capture does not hold keeps nobody from looking at what it does hold
        if found.outcome == WAIVED:
            return Outcome(WAIVED, reason=found.reason), term.level
        if found.outcome == NOT_APPLICABLE:
            return not_applicable(found.reason), term.level
        if found.outcome == BROKEN and found.level != MUST:
            return not_applicable(f"{need} failed, which is a warning"), term.level
        level = term.level if found.level == MUST else found.level
        # The root is what a reader wants to know, not the last link of the chain.
        return undecided(f"{need} failed" if found.outcome == BROKEN else found.reason), level
    return None, term.level


def _need(clause: str, earlier: Mapping[str, list[Finding]], exchange: str) -> Finding:
    """The finding of a needed clause: on the same exchange where it was judged on each, else the only one."""
    found = earlier[clause]
    return next((finding for finding in found if finding.exchange == exchange), found[0])


def _judge_own(
    term: Term,
    context: Context,
    not_sent: Mapping[str, str],
    earlier: Mapping[str, list[Finding]],
    clauses: Mapping[str, Clause],
) -> list[Finding]:
    """A clause on each of the user's own requests. One that was not sent is undecided once, by what needs nothing."""
    own = [reply for probe, reply in context.replies.items() if probe.startswith(OWN_REQUEST)]
    unsent = {} if term.clause.needs else {p: why for p, why in not_sent.items() if p.startswith(OWN_REQUEST)}
    return [
        *(_judge(term, reply, context, earlier, clauses) for reply in own),
        *(_finding(term, term.level, None, undecided(why))._replace(probe=probe) for probe, why in unsent.items()),
    ]


def _absent(term: Term, context: Context, reason: str, earlier: Mapping[str, list[Finding]]) -> Finding:
    row = context.surface.row(term.clause.probe) if context.no_auth else None
    if row is not None and row.role == KEY_REFUSAL:
        outcome = not_applicable("the endpoint is open on purpose (--no-auth)")
        return _finding(term, term.level, None, outcome)
    by_needs, level = _by_needs(term, earlier)
    return _finding(term, level, None, by_needs or undecided(reason))


def _finding(term: Term, level: str, reply: Reply | None, outcome: Outcome) -> Finding:
    probe = reply.probe if reply else term.clause.probe
    return Finding(term.clause.id, level, probe, reply.exchange.id if reply else "", *outcome)
