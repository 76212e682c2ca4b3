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
    rank: tuple[int, int, int, int]  # severity, kind, probe, row: smaller is more important
    diagnosis: Diagnosis


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
    candidates.sort(key=lambda candidate: candidate.rank)
    return _merge(candidates)


def _first_match(case: Case, modes: tuple[Mode, ...], kind: int) -> list[_Candidate]:
    for row, mode in enumerate(modes):
        sign = mode.when(case)
        if sign is None:
            continue
        rank = (_severity(case.findings), kind, _PROBES.index(case.reply.probe), row)
        return [_Candidate(rank, _diagnosis(case, mode, sign))]
    return []


def _severity(findings: tuple[Finding, ...]) -> int:
    """0: a must is broken; 1: a must is undecided; 2: a should is broken; 3: a should is undecided."""
    return min((0 if f.outcome == BROKEN else 1) + (0 if f.level == MUST else 2) for f in findings)


def _diagnosis(case: Case, mode: Mode, sign: Sign) -> Diagnosis:
    return Diagnosis(
        mode.code,
        sign.summary or mode.summary,
        tuple(line for line in (describe(case.reply), *sign.evidence) if line),
        sign.owner or mode.owner,
        sign.next_step or mode.next_step,
        sign.confidence or mode.confidence,
        tuple(dict.fromkeys(f.clause for f in case.findings)),
    )


def _merge(candidates: list[_Candidate]) -> tuple[Diagnosis, ...]:
    merged: dict[str, Diagnosis] = {}
    for _, found in candidates:
        known = merged.get(found.code)
        if known is None:
            merged[found.code] = found
            continue
        evidence = tuple(dict.fromkeys((*known.evidence, *found.evidence)))[:EVIDENCE_LINES]
        clauses = tuple(dict.fromkeys((*known.clauses, *found.clauses)))
        merged[found.code] = known._replace(evidence=evidence, clauses=clauses)
    return tuple(merged.values())
