"""findings → diagnoses: the named causes, most important first. Pure.

Each exchange with a broken or undecided clause gets the first failure mode that matches it; equal codes are merged.
What breaks a `must` on the happy path comes first, because it is what a person would fix first.
"""

from typing import NamedTuple

from chatproof.clause import BROKEN, MUST, UNDECIDED
from chatproof.failure_modes import ALONGSIDE, FAILURE_MODES, Case, Mode, Sign
from chatproof.failure_modes.mode import describe
from chatproof.judging import Finding, Judgement

EVIDENCE_LINES = 8
_PROBES = ("happy", "stream", "auth.invalid_key", "auth.missing_key", "models")
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

    rank: tuple[int, int, int, int]  # severity, kind, probe, row: smaller is more important
    case: Case
    mode: Mode
    sign: Sign


def diagnose(judgement: Judgement) -> tuple[Diagnosis, ...]:
    """Every diagnosis of a run, the principal one first; empty when nothing is broken or undecided."""
    context = judgement.context
    candidates: list[_Candidate] = []
    for reply in context.replies.values():
        findings = tuple(
            f for f in judgement.findings if f.exchange == reply.exchange.id and f.outcome in (BROKEN, UNDECIDED)
        )
        case = Case(reply, context, findings)
        own = tuple(f for f in findings if f.clause not in _ALONGSIDE_CLAUSES)
        if own:
            candidates += _first_match(case._replace(findings=own), FAILURE_MODES, 0)
        beside = tuple(f for f in findings if f.clause in _ALONGSIDE_CLAUSES)
        if beside:
            candidates += _first_match(case._replace(findings=beside), ALONGSIDE, 1)
    by_code: dict[str, list[_Candidate]] = {}
    for candidate in sorted(candidates, key=lambda candidate: candidate.rank):
        by_code.setdefault(candidate.mode.code, []).append(candidate)
    return tuple(_diagnosis(group) for group in by_code.values())


def _first_match(case: Case, modes: tuple[Mode, ...], kind: int) -> list[_Candidate]:
    for row, mode in enumerate(modes):
        sign = mode.when(case)
        if sign is not None:
            rank = (_severity(case.findings), kind, _PROBES.index(case.reply.probe), row)
            return [_Candidate(rank, case, mode, sign)]
    return []


def _severity(findings: tuple[Finding, ...]) -> int:
    """0: a must is broken; 1: a must is undecided; 2: a should is broken; 3: a should is undecided."""
    return min((0 if f.outcome == BROKEN else 1) + (0 if f.level == MUST else 2) for f in findings)


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
