"""May a client move from A to B? The answer with its reasons, the changes it needs, and how to go back."""

from collections.abc import Sequence
from typing import NamedTuple

from chatproof.analysis.comparison import own_requests
from chatproof.analysis.comparison.chance import STATES
from chatproof.analysis.comparison.difference import (
    BREAKS,
    CHANGE,
    LIMITED,
    NO_STATUS,
    SECOND,
    Difference,
    Document,
    named,
)
from chatproof.analysis.comparison.judgements import lost_requirements
from chatproof.analysis.comparison.own_shapes import does_without
from chatproof.analysis.comparison.repeats import Outcome
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.surfaces import of_run

GO, WITH_CHANGES, NO_GO, UNDECIDED = "GO", "GO WITH CHANGES", "NO-GO", "UNDECIDED"
DECISIONS = {
    GO: "a client that works on A works on B without changes",
    WITH_CHANGES: "it works on B after the listed changes",
    NO_GO: "B lacks what the client needs",
    UNDECIDED: "an important point could not be observed on one side, or on both",
}


class Decision(NamedTuple):
    decision: str
    reasons: list[str]
    changes: list[str]  # what the client needs, each once
    rollback: list[str]


def decide(
    a: Document,
    b: Document,
    found: list[Difference],
    missing: list[dict[str, str]],
    requires: frozenset[str],
    unsettled: Sequence[Outcome] = (),
    label: str = SECOND,
) -> Decision:
    """Decide by the differences that are no chance; `unsettled` are those of which that is not known. `label` is the
    candidate's letter in what is said."""
    changes = [named(one.change, label) for one in found if one.effect in (BREAKS, CHANGE) and one.change]
    decision, reasons = _decided(a, b, found, missing, requires, _that_matter(unsettled), label)
    return Decision(decision, reasons, list(dict.fromkeys(changes)), rollback(a, b))


def _that_matter(unsettled: Sequence[Outcome]) -> list[Outcome]:
    """What may be a break; and that B does not answer now and then, which no request is safe from. One such answer on
    something that is no break may happen to everybody."""
    missing = sum(one.seen.bad_side for one in unsettled if one.fails_at_times)
    return [one for one in unsettled if one.unit.effect == BREAKS or (one.fails_at_times and missing > 1)]


def _decided(
    a: Document,
    b: Document,
    found: list[Difference],
    missing: list[dict[str, str]],
    requires: frozenset[str],
    unsettled: list[Outcome],
    label: str,
) -> tuple[str, list[str]]:
    control = of_run(a).control
    of_control = (row["reason"] for row in missing if row["probe"] == control)
    if why := next((reason for reason in of_control if reason in (LIMITED, NO_STATUS)), ""):
        return UNDECIDED, [f"the plain request was not compared: {why}"]
    if not _works(a):
        cause = _cause(a)
        return UNDECIDED, [f"A itself does not answer the plain request, so there is nothing to compare with{cause}"]
    breaks = [one for one in found if one.effect == BREAKS]
    if breaks:
        return NO_GO, [_reason(one, label) for one in breaks]
    open_abilities = {one.unit.told.subject for one in unsettled if one.unit.told.kind == "capability"}
    changed = {one.subject for one in found if one.kind == "capability" and one.effect == CHANGE}
    lost = [name for name in lost_requirements(b, requires) if name not in open_abilities | changed]
    if lost:
        return NO_GO, [f"required, but not observed to be supported on {label}: {', '.join(lost)}"]
    if unsettled:
        return UNDECIDED, [unsettled_reason(one, label) for one in unsettled]
    if not _works(b):
        return UNDECIDED, [f"{label} does not answer the plain request{_cause(b)}"]
    unseen = [row for row in missing if row["missing_on"] == "B" and not does_without(row["probe"], b, requires)]
    if unseen:
        return UNDECIDED, [
            f"not observed on {label}: {', '.join(probes)} ({reason})" for reason, probes in by_reason(unseen).items()
        ]
    open_on_b = _musts(b, "undecided") - _musts(a, "undecided")
    if open_on_b:
        return UNDECIDED, [f"not checked on {label}: {', '.join(sorted(open_on_b))}{_cause(b)}"]
    open_on_both = _unobserved(b) & _unobserved(a)
    if open_on_both:  # two things that nobody saw are not the same
        return UNDECIDED, [f"not checked on A, nor on {label}: {', '.join(sorted(open_on_both))}{_cause(b)}"]
    open_on_a = sorted(_musts(b, "broken") & _musts(a, "undecided"))
    if open_on_a:
        return UNDECIDED, [f"failed on {label}, and not checked on A: {', '.join(open_on_a)}"]
    changes = [one for one in found if one.effect == CHANGE]
    if changes:
        return WITH_CHANGES, [_reason(one, label) for one in changes]
    return GO, ["no difference for which a client needs a change"]


def _works(run: Document) -> bool:
    """Smoke's clauses on the plain request hold, waived ones included."""
    surface = of_run(run)
    plain = {id for id, clause in surface.clauses(SMOKE).items() if clause.probe == surface.control}
    found = [f for f in run["findings"] if f["clause"] in plain]
    return bool(found) and all(f["outcome"] in ("holds", "waived", "not_applicable") for f in found)


def _musts(run: Document, outcome: str) -> set[str]:
    told = own_requests.refused(run) if outcome == "undecided" else set()
    return {
        f["clause"]
        for f in run["findings"]
        if f["level"] == "must" and f["outcome"] == outcome and f["probe"] not in told
    }


def _unobserved(run: Document) -> set[str]:
    """Musts that are undecided, without those that need a clause which was seen to fail: that break is compared."""
    clauses = of_run(run).clauses(VALIDATE)
    failed = {f["clause"] for f in run["findings"] if f["outcome"] in ("broken", "waived")}

    def follows(id: str) -> bool:
        return any(need in failed or follows(need) for need in (clauses[id].needs if id in clauses else ()))

    return {id for id in _musts(run, "undecided") if not follows(id)}


def shared_breaks(a: Document, b: Document) -> list[str]:
    """Musts that both break: no difference, and worth a remark."""
    return sorted(_musts(a, "broken") & _musts(b, "broken"))


def _cause(run: Document) -> str:
    return f": {run['diagnoses'][0]['code']}, {run['diagnoses'][0]['summary']}" if run["diagnoses"] else ""


def by_reason(missing: list[dict[str, str]]) -> dict[str, list[str]]:
    """Why requests were not compared → which."""
    found: dict[str, list[str]] = {}
    for row in missing:
        found.setdefault(row["reason"], []).append(row["probe"])
    return found


def _reason(one: Difference, label: str) -> str:
    where = one.probes[0] if len(one.probes) == 1 else f"{one.probes[0]} and {len(one.probes) - 1} more"
    return f"{_about(one)} ({where}): A: {one.a}; {label}: {one.b}"


def unsettled_reason(one: Outcome, label: str = SECOND) -> str:
    """Say what was seen of a difference that is not settled, and what would settle it."""
    told = one.unit.told
    seen = f"{_about(told)} ({', '.join(one.unit.probes)}) {STATES[one.state]}"
    more = f"; about {one.needed} more requests would decide it" if one.needed else ""
    return f"{seen}: good answers: A {one.good('A')}, {label} {one.good('B')}{more}; {label}: {told.b}"


def _about(one: Difference) -> str:
    """The kind and what it is about, each word once."""
    return " ".join(dict.fromkeys(part for part in (one.kind, one.subject or one.at) if part))


def rollback(a: Document, b: Document) -> list[str]:
    """What to restore to be back on A. Everything here is read from the two runs."""
    ours, theirs = a["target"], b["target"]
    lines = []
    apis = [of_run(run) for run in (a, b)]
    if apis[0].name != apis[1].name:
        lines.append(f"API: POST {apis[1].path} → POST {apis[0].path}")
    for name, field in (("base URL", "base_url"), ("model", "model")):
        if ours[field] != theirs[field]:
            lines.append(f"{name}: {theirs[field]} → {ours[field]}")
    keys = [(run["key"] or {}).get("source", "none") for run in (ours, theirs)]
    if keys[0] != keys[1]:
        lines.append(f"key: from {keys[1]} → from {keys[0]}")
    if not lines:
        lines.append("nothing: base URL, key source and model are the same")
    lines.append("undo the listed changes, or keep only those that A also accepts; then run the same check against A")
    return lines
