"""findings → diagnoses: the named causes, most important first. Pure.

Each exchange with a broken or undecided clause gets the first failure mode that matches it; equal codes are merged.
What breaks a `must` on the happy path comes first, because it is what a person would fix first.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from chatproof.contract.clause import BROKEN, HOLDS, LEAK, MUST, UNDECIDED, Clause
from chatproof.contract.failure_mode import CERTAIN, LIKELY, describe, last
from chatproof.contract.probe import ALL, CONTROL, EMPTY, INVALID, KEY, KEY_REFUSAL, LISTING, NONE, STREAM
from chatproof.contract.surface import Surface
from chatproof.diagnosis.failure_modes import ALONGSIDE, Case, Mode, Sign, coded_row, modes_of, unobserved
from chatproof.evidence.reply import Reply, or_default
from chatproof.judging.contract import contract_on
from chatproof.judging.judge import UNDECIDED_VERDICT, Finding, Judgement, judge
from chatproof.wire.exchange import STATUS, STATUS_LINE, NotCaptured

EVIDENCE_LINES = 8
_TOLD = 4  # probes of a line, and refusals that ask to wait
_ROLES = (CONTROL, STREAM, KEY_REFUSAL, LISTING)  # in this order of importance, then the others
_CREDENTIALS = (KEY, INVALID, NONE, EMPTY)
_QUOTED = re.compile(r'"[^"\n]*"')


class Diagnosis(NamedTuple):
    code: str
    summary: str
    evidence: tuple[str, ...]
    owner: str
    next_step: str
    confidence: str
    clauses: tuple[str, ...]


class _Candidate(NamedTuple):
    """A match on one exchange, before equal codes are merged."""

    rank: tuple[
        tuple[bool, bool], bool, tuple[int, int], int
    ]  # severity, alongside, probe, row: smaller is more important
    case: Case
    mode: Mode
    sign: Sign


def diagnose(judgement: Judgement) -> tuple[Diagnosis, ...]:
    """Every diagnosis of a run, the principal one first; empty when nothing is broken or undecided."""
    context, surface = judgement.context, judgement.context.surface
    modes = modes_of(surface)
    candidates: list[_Candidate] = []
    for reply in context.replies.values():
        findings = tuple(
            f
            for f in judgement.findings
            if f.exchange == reply.exchange.id and f.outcome in (BROKEN, UNDECIDED) and not f.not_captured
        )
        case = Case(reply, context, findings)
        beside = tuple(f for f in findings if _clause(f, surface).danger == LEAK)
        candidates += _first_match(case._replace(findings=beside), enumerate(ALONGSIDE), alongside=True)
        coded, own = _by_code(tuple(f for f in findings if f not in beside), surface)
        if own:
            candidates += _first_match(case._replace(findings=own), enumerate(modes))
        for code, broken in coded.items():
            row = (len(modes), coded_row(code, surface))  # after all others
            candidates += _first_match(case._replace(findings=broken), (row,))
    by_code: dict[str, list[_Candidate]] = {}
    for candidate in sorted(candidates, key=lambda candidate: candidate.rank):
        by_code.setdefault(candidate.mode.code, []).append(candidate)
    found = tuple(_diagnosis(group) for group in by_code.values())
    if judgement.troubled and not found:
        found = _of_control(judgement)
    if judgement.verdict == UNDECIDED_VERDICT:
        return _with_what_keeps_it_open(judgement, found)
    return _with_what_is_broken(judgement, found)


def _with_what_is_broken(judgement: Judgement, found: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """First, that a required clause is broken for no known cause, where no diagnosis explains any that is."""
    musts = tuple(f for f in judgement.findings if f.outcome == BROKEN and f.level == MUST)
    explained = {clause for diagnosis in found for clause in diagnosis.clauses}
    if not musts or any(finding.clause in explained for finding in musts):
        return found
    mode = unobserved.BROKEN
    lines = tuple(f"{f.clause}: expected {f.expected}; observed {f.observed}" for f in musts)[:EVIDENCE_LINES]
    clauses = tuple(dict.fromkeys(finding.clause for finding in musts))
    last = Diagnosis(mode.code, mode.summary, lines, mode.owner, mode.next_step, mode.confidence, clauses)
    return (last, *found)


def _with_what_keeps_it_open(judgement: Judgement, found: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """First, why the run is undecided, where none of its own replies tells: the plain request's trouble, else what was
    left out or what a capture does not hold."""
    open_ones = tuple(f for f in judgement.findings if f.outcome == UNDECIDED)
    open_ones = tuple(f for f in open_ones if f.level == MUST) or open_ones or judgement.findings
    explained = {clause for diagnosis in found for clause in diagnosis.clauses}
    if any(finding.clause in explained for finding in open_ones):
        return found
    control = _of_control(judgement)
    if not control and (seen := _of_what_failed(judgement, found)):
        # What one captured exchange shows comes before what the capture lacks.
        rest = tuple(diagnosis for diagnosis in found if diagnosis not in seen)
        return (*seen, *_of_nothing_seen(judgement, open_ones), *rest)
    first = control or _of_nothing_seen(judgement, open_ones)
    codes = {diagnosis.code for diagnosis in first}
    return (*first, *(diagnosis for diagnosis in found if diagnosis.code not in codes))


def _of_what_failed(judgement: Judgement, found: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """Those of the diagnoses that an exchange of a capture leads to which failed, other than a refusal that is due."""
    failed = [reply for reply in judgement.context.replies.values() if reply.exchange.missing and _has_failed(reply)]
    surface = judgement.context.surface
    probes = {reply.probe for reply in failed if surface.known(reply.probe).role != KEY_REFUSAL}
    clauses = {finding.clause for finding in judgement.findings if finding.probe in probes}
    return tuple(diagnosis for diagnosis in found if clauses & set(diagnosis.clauses))


def _has_failed(reply: Reply) -> bool:
    if reply.lacks(STATUS):
        return reply.fault is not None or or_default(lambda: reply.error, None) is not None
    return reply.fault is not None or reply.status >= 400


def _of_nothing_seen(judgement: Judgement, open_ones: tuple[Finding, ...]) -> tuple[Diagnosis, ...]:
    mode = unobserved.of_findings(open_ones)
    reasons: dict[str, list[str]] = {}
    for finding in open_ones:
        reasons.setdefault(finding.reason or f"{finding.outcome}", []).append(finding.probe)
    lines = [f"{_few(list(dict.fromkeys(probes)))}: {reason}" for reason, probes in reasons.items()]
    limited = [r for r in judgement.context.replies.values() if mode.code == "account.rate_limited" and _limited(r)]
    told = [f"{reply.probe}: {describe(reply)}" for reply in limited[:_TOLD]]
    evidence = (*told, *lines)[:EVIDENCE_LINES]
    clauses = tuple(dict.fromkeys(finding.clause for finding in open_ones))
    return (Diagnosis(mode.code, mode.summary, evidence, mode.owner, mode.next_step, mode.confidence, clauses),)


def _limited(reply: Reply) -> bool:
    return reply.complete and or_default(lambda: reply.status, 0) == 429


def _few(probes: list[str]) -> str:
    more = f" and {len(probes) - _TOLD} more" if len(probes) > _TOLD else ""
    return f"{', '.join(probes[:_TOLD])}{more}"


def _of_control(judgement: Judgement) -> tuple[Diagnosis, ...]:
    """Diagnose the control request where only clauses that depend on it were selected: `--only stream`, when the
    stream was not requested because the plain request failed."""
    context, findings = judgement.context, judgement.findings
    control = context.control
    if control is None or all(_clause(finding, context.surface).probe == control.probe for finding in findings):
        return ()
    contract = contract_on(control.probe, context.surface, context.profile)
    plain = judge(contract, [reply.exchange for reply in context.replies.values()], model=context.model)
    hanging = tuple(finding.clause for finding in findings if finding.outcome != HOLDS)
    return tuple(found._replace(clauses=hanging) for found in diagnose(plain))


def _by_code(
    findings: tuple[Finding, ...], surface: Surface
) -> tuple[dict[str, tuple[Finding, ...]], tuple[Finding, ...]]:
    """Breaks of clauses that name their diagnosis, by it; and the findings left to the failure modes' patterns.

    What is undecided because such a clause is broken needs no other cause; nor does what was asked of a reply whose
    body is not the JSON that every answer is to be.
    """
    coded: dict[str, tuple[Finding, ...]] = {}
    unread = any(_is_of_any(f, surface) and last(f.clause) == "body_json" and f.outcome == BROKEN for f in findings)
    for finding in findings:
        code = finding.code or _clause(finding, surface).code
        if code and finding.outcome == BROKEN and (not unread or _is_of_any(finding, surface)):
            coded[code] = (*coded.get(code, ()), finding)
    broken = {finding.clause for group in coded.values() for finding in group}
    return coded, tuple(f for f in findings if not _follows_from(f.clause, broken, surface))


def _is_of_any(finding: Finding, surface: Surface) -> bool:
    """Whether a finding is of a clause on every reply, and not on what its own request asks for."""
    return _clause(finding, surface).probe == ALL


def _follows_from(id: str, broken: set[str], surface: Surface) -> bool:
    """One of these, or one that needs one of these."""
    clause = surface.clause(id)
    needs = clause.needs if clause else ()
    return id in broken or any(_follows_from(need, broken, surface) for need in needs)


def _clause(finding: Finding, surface: Surface) -> Clause:
    clause = surface.clause(finding.clause)
    assert clause is not None, finding.clause
    return clause


def _first_match(case: Case, rows: Iterable[tuple[int, Mode]], *, alongside: bool = False) -> list[_Candidate]:
    for row, mode in rows:
        try:
            sign = mode.when(case)
        except NotCaptured:  # of a capture that does not hold what this pattern looks at
            continue
        if sign is not None:
            rank = (_severity(case.findings), alongside, _place(case), row)
            return [_Candidate(rank, case, mode, sign)]
    return []


def _place(case: Case) -> tuple[int, int]:
    """How far behind a probe stands, by what it is for."""
    row = case.row
    if row.role not in _ROLES:
        return len(_ROLES), 0
    return _ROLES.index(row.role), _CREDENTIALS.index(row.credential)


def _severity(findings: tuple[Finding, ...]) -> tuple[bool, bool]:
    """A must before a should; of the same level, what is broken before what is undecided."""
    return min((f.level != MUST, f.outcome != BROKEN) for f in findings)


def _diagnosis(group: list[_Candidate]) -> Diagnosis:
    """One diagnosis for all exchanges with this code: words of the first, evidence of all."""
    first = group[0]
    mode, sign = first.mode, first.sign
    confidence = sign.confidence or mode.confidence
    if confidence == CERTAIN and all(candidate.case.reply.lacks(STATUS_LINE) for candidate in group):
        confidence = LIKELY  # the status that it rests on was inferred
    return Diagnosis(
        mode.code,
        sign.summary or mode.summary,
        _evidence(group),
        sign.owner or mode.owner,
        sign.next_step or mode.next_step,
        confidence,
        tuple(dict.fromkeys(f.clause for candidate in group for f in candidate.case.findings)),
    )


def _evidence(group: list[_Candidate]) -> tuple[str, ...]:
    """What each exchange showed, equal lines once for all their probes; then what the patterns found."""
    shown: dict[str, list[str]] = {}
    for candidate in group:
        shown.setdefault(describe(candidate.case.reply), []).append(candidate.case.reply.probe)
    lines = [f"{', '.join(probes)}: {line}" for line, probes in shown.items()]
    found: dict[str, list[str]] = {}
    for candidate in group:
        for line in filter(None, candidate.sign.evidence):
            found.setdefault(line, []).append(candidate.case.reply.probe)
    said = Counter(_QUOTED.sub("", line) for line in found)  # one sentence with several values: which is whose
    lines += [
        f"{', '.join(dict.fromkeys(probes))}: {line}" if said[_QUOTED.sub("", line)] > 1 else line
        for line, probes in found.items()
    ]
    return tuple(lines[:EVIDENCE_LINES])
