"""findings → diagnoses: the named causes, most important first. Pure.

Each exchange with a broken or undecided clause gets the first failure mode that matches it; equal codes are merged.
What breaks a `must` on the happy path comes first, because it is what a person would fix first.
"""

from collections.abc import Iterable
from typing import NamedTuple

from chatproof.clause import BROKEN, CLAUSES, HOLDS, MUST, SMOKE, UNDECIDED
from chatproof.contract import Choice, contract_of
from chatproof.exchange import NotHeld
from chatproof.failure_modes import ALONGSIDE, CODED, FAILURE_MODES, Case, Mode, Sign
from chatproof.failure_modes.mode import describe
from chatproof.judging import Finding, Judgement, judge

EVIDENCE_LINES = 8
_PROBES = ("happy", "stream", "auth.invalid_key", "auth.missing_key", "auth.empty_key", "models")  # then the others
_ALONGSIDE_CLAUSES = ("secret.not_reflected",)


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

    rank: tuple[tuple[bool, bool], bool, int, int]  # severity, alongside, probe, row: smaller is more important
    case: Case
    mode: Mode
    sign: Sign


def diagnose(judgement: Judgement) -> tuple[Diagnosis, ...]:
    """Every diagnosis of a run, the principal one first; empty when nothing is broken or undecided."""
    context = judgement.context
    candidates: list[_Candidate] = []
    for reply in context.replies.values():
        findings = tuple(
            f
            for f in judgement.findings
            if f.exchange == reply.exchange.id and f.outcome in (BROKEN, UNDECIDED) and not f.unheld
        )
        case = Case(reply, context, findings)
        beside = tuple(f for f in findings if f.clause in _ALONGSIDE_CLAUSES)
        candidates += _first_match(case._replace(findings=beside), enumerate(ALONGSIDE), alongside=True)
        coded, own = _by_code(tuple(f for f in findings if f not in beside))
        if own:
            candidates += _first_match(case._replace(findings=own), enumerate(FAILURE_MODES))
        for code, broken in coded.items():
            row = (len(FAILURE_MODES), CODED[code])  # after all others
            candidates += _first_match(case._replace(findings=broken), (row,))
    by_code: dict[str, list[_Candidate]] = {}
    for candidate in sorted(candidates, key=lambda candidate: candidate.rank):
        by_code.setdefault(candidate.mode.code, []).append(candidate)
    if judgement.troubled and not by_code:
        return _of_control(judgement)
    return tuple(_diagnosis(group) for group in by_code.values())


def _of_control(judgement: Judgement) -> tuple[Diagnosis, ...]:
    """What ails the plain request, where nobody asked about it and all that was asked hangs on it: `--only stream`,
    when the stream was not asked for because the plain request failed."""
    context, findings = judgement.context, judgement.findings
    control = context.control
    if control is None or all(CLAUSES[finding.clause].probe == control.probe for finding in findings):
        return ()
    contract = contract_of(SMOKE, context.profile, Choice(only=(control.probe,)))
    plain = judge(contract, [reply.exchange for reply in context.replies.values()], model=context.model)
    hanging = tuple(finding.clause for finding in findings if finding.outcome != HOLDS)
    return tuple(found._replace(clauses=hanging) for found in diagnose(plain))


def _by_code(findings: tuple[Finding, ...]) -> tuple[dict[str, tuple[Finding, ...]], tuple[Finding, ...]]:
    """Breaks of clauses that name their diagnosis, by it; and the findings left to the failure modes' patterns.

    What is undecided because such a clause is broken needs no other cause.
    """
    coded: dict[str, tuple[Finding, ...]] = {}
    for finding in findings:
        code = CLAUSES[finding.clause].code
        if code and finding.outcome == BROKEN:
            coded[code] = (*coded.get(code, ()), finding)
    broken = {finding.clause for group in coded.values() for finding in group}
    return coded, tuple(f for f in findings if not _follows_from(f.clause, broken))


def _follows_from(clause: str, broken: set[str]) -> bool:
    """One of these, or one that needs one of these."""
    return clause in broken or any(_follows_from(need, broken) for need in CLAUSES[clause].needs)


def _first_match(case: Case, rows: Iterable[tuple[int, Mode]], *, alongside: bool = False) -> list[_Candidate]:
    for row, mode in rows:
        try:
            sign = mode.when(case)
        except NotHeld:  # of a capture that does not hold what this pattern looks at
            continue
        if sign is not None:
            probe = _PROBES.index(case.reply.probe) if case.reply.probe in _PROBES else len(_PROBES)
            rank = (_severity(case.findings), alongside, probe, row)
            return [_Candidate(rank, case, mode, sign)]
    return []


def _severity(findings: tuple[Finding, ...]) -> tuple[bool, bool]:
    """A must before a should; of the same level, what is broken before what is undecided."""
    return min((f.level != MUST, f.outcome != BROKEN) for f in findings)


def _diagnosis(group: list[_Candidate]) -> Diagnosis:
    """One diagnosis for all exchanges with this code: words of the first, evidence of all."""
    first = group[0]
    mode, sign = first.mode, first.sign
    return Diagnosis(
        mode.code,
        sign.summary or mode.summary,
        _evidence(group),
        sign.owner or mode.owner,
        sign.next_step or mode.next_step,
        sign.confidence or mode.confidence,
        tuple(dict.fromkeys(f.clause for candidate in group for f in candidate.case.findings)),
    )


def _evidence(group: list[_Candidate]) -> tuple[str, ...]:
    """What each exchange showed, equal lines once for all their probes; then what the patterns found."""
    shown: dict[str, list[str]] = {}
    for candidate in group:
        shown.setdefault(describe(candidate.case.reply), []).append(candidate.case.reply.probe)
    lines = [f"{', '.join(probes)}: {line}" for line, probes in shown.items()]
    lines += dict.fromkeys(line for candidate in group for line in candidate.sign.evidence if line)
    return tuple(lines[:EVIDENCE_LINES])
