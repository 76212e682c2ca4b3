"""May a client move from A to B? The answer with its reasons, the changes it needs, and how to go back."""

from typing import NamedTuple

from chatproof.migration.difference import BREAKS, CHANGE, LIMITED, Difference, Document
from chatproof.migration.judgements import lost_requirements

GO, WITH_CHANGES, NO_GO, UNDECIDED = "GO", "GO WITH CHANGES", "NO-GO", "UNDECIDED"
DECISIONS = {
    GO: "a client that works on A works on B as it is",
    WITH_CHANGES: "it works on B after the changes listed",
    NO_GO: "B lacks what the client needs",
    UNDECIDED: "something that matters could not be observed on one side",
}


class Decision(NamedTuple):
    decision: str
    reasons: list[str]
    changes: list[str]  # what the client needs, each once
    rollback: list[str]


def decide(
    a: Document, b: Document, found: list[Difference], missing: list[dict[str, str]], requires: frozenset[str]
) -> Decision:
    changes = list(dict.fromkeys(one.change for one in found if one.effect in (BREAKS, CHANGE) and one.change))
    decision, reasons = _decided(a, b, found, missing, requires)
    return Decision(decision, reasons, changes, rollback(a, b))


def _decided(
    a: Document, b: Document, found: list[Difference], missing: list[dict[str, str]], requires: frozenset[str]
) -> tuple[str, list[str]]:
    if any(row["probe"] == "happy" and row["reason"] == LIMITED for row in missing):
        return UNDECIDED, [f"the plain request was not compared: {LIMITED}"]
    if not _works(a):
        cause = _cause(a)
        return UNDECIDED, [f"A itself does not answer the plain request, so there is nothing to compare with{cause}"]
    breaks = [one for one in found if one.effect == BREAKS]
    if breaks:
        return NO_GO, [_reason(one) for one in breaks]
    lost = lost_requirements(b, requires)
    if lost:
        return NO_GO, [f"required and not seen to be supported on B: {', '.join(lost)}"]
    if not _works(b):
        return UNDECIDED, [f"B does not answer the plain request{_cause(b)}"]
    unseen = [row for row in missing if row["missing_on"] == "B"]
    if unseen:
        return UNDECIDED, [f"not observed on B: {', '.join(row['probe'] for row in unseen)} ({unseen[0]['reason']})"]
    open_on_b = sorted(_musts(b, "undecided") - _musts(a, "undecided"))
    if open_on_b:
        return UNDECIDED, [f"could not be judged on B: {', '.join(open_on_b)}{_cause(b)}"]
    open_on_a = sorted(_musts(b, "broken") & _musts(a, "undecided"))
    if open_on_a:
        return UNDECIDED, [f"broken on B, and could not be judged on A: {', '.join(open_on_a)}"]
    changed = [one for one in found if one.effect == CHANGE]
    if changed:
        return WITH_CHANGES, [_reason(one) for one in changed]
    return GO, ["no difference that a client needs a change for"]


def _works(run: Document) -> bool:
    """The happy path's musts hold, waived ones included."""
    happy = [f for f in run["findings"] if f["clause"].startswith("happy.")]
    return bool(happy) and all(f["outcome"] in ("holds", "waived", "not_applicable") for f in happy)


def _musts(run: Document, outcome: str) -> set[str]:
    return {f["clause"] for f in run["findings"] if f["level"] == "must" and f["outcome"] == outcome}


def shared_breaks(a: Document, b: Document) -> list[str]:
    """Musts that both break: no difference, and worth a remark."""
    return sorted(_musts(a, "broken") & _musts(b, "broken"))


def _cause(run: Document) -> str:
    return f": {run['diagnoses'][0]['code']}, {run['diagnoses'][0]['summary']}" if run["diagnoses"] else ""


def _reason(one: Difference) -> str:
    about = one.subject or one.at
    where = one.probes[0] if len(one.probes) == 1 else f"{one.probes[0]} and {len(one.probes) - 1} more"
    return f"{one.kind}{f' {about}' if about else ''} ({where}): A: {one.a}; B: {one.b}"


def rollback(a: Document, b: Document) -> list[str]:
    """What to restore to be back on A. Everything here is read from the two runs."""
    ours, theirs = a["target"], b["target"]
    lines = []
    for name, field in (("base URL", "base_url"), ("model", "model")):
        if ours[field] != theirs[field]:
            lines.append(f"{name}: {theirs[field]} → {ours[field]}")
    keys = [(run["key"] or {}).get("source", "none") for run in (ours, theirs)]
    if keys[0] != keys[1]:
        lines.append(f"key: from {keys[1]} → from {keys[0]}")
    if not lines:
        lines.append("nothing: base URL, key source and model are the same")
    lines.append("undo the changes listed, or keep only those that A takes as well; then run the same check against A")
    return lines
