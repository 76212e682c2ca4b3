"""The comparison document (schema chatproof.comparison/1): one run as A, one or more candidates against it. Pure.

It holds nothing that is not in the runs, which are redacted.
"""

from typing import Any

from chatproof import __version__
from chatproof.migration.clients import affected
from chatproof.migration.decision import GO, NO_GO, UNDECIDED, WITH_CHANGES, decide, shared_breaks
from chatproof.migration.difference import Difference, Document
from chatproof.migration.differences import between, not_compared, timings

SCHEMA = "chatproof.comparison/1"
_RANK = (GO, WITH_CHANGES, UNDECIDED, NO_GO)
_LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST = len(_LABELS)


def build(runs: list[Document], requires: frozenset[str], compared_at: str) -> dict[str, Any]:
    """`runs` begins with A; at least two, at most MOST. `decision` is that of the best candidate."""
    a, candidates = runs[0], []
    for label, run in zip(_LABELS[1:], runs[1:], strict=False):
        found = between(a, run, requires)
        missing = not_compared(a, run)
        candidates.append(
            {
                "label": label,
                **decide(a, run, found, missing, requires)._asdict(),
                "differences": [_row(one, label, number) for number, one in enumerate(found, 1)],
                "not_compared": missing,
                "timings_ms": timings(a, run),
            }
        )
    ranked = sorted(candidates, key=_rank)
    return {
        "schema": SCHEMA,
        "tool": {"name": "chatproof", "version": __version__},
        "compared_at": compared_at,
        "decision": ranked[0]["decision"],
        "requires": sorted(requires),
        "targets": [_target(label, run) for label, run in zip(_LABELS, runs, strict=False)],
        "differences": [row for candidate in ranked for row in candidate.pop("differences")],
        "candidates": ranked,
        "notes": _notes(runs, requires),
        "runs": runs,
    }


def _rank(candidate: dict[str, Any]) -> tuple[int, int, int]:
    """Better decisions first; among equals, fewer breaks and fewer changes."""
    effects = [row["effect"] for row in candidate["differences"]]
    return _RANK.index(candidate["decision"]), effects.count("breaks"), effects.count("change")


def _row(one: Difference, label: str, number: int) -> dict[str, Any]:
    return {
        "id": f"{label}{number}",
        "candidate": label,
        **one._asdict(),
        "probes": list(one.probes),
        "clauses": list(one.clauses),
        "clients": affected(one),
    }


def _target(label: str, run: Document) -> dict[str, Any]:
    target = run["target"]
    return {
        "label": label,
        "name": target["name"],
        "profile": target["profile"],
        "base_url": target["base_url"],
        "model": target["model"],
        "key": target["key"],
        "run_id": run["run_id"],
        "started_at": run["started_at"],
        "kind": run["kind"],
        "verdict": run["verdict"],
        "diagnosis": run["diagnoses"][0]["code"] if run["diagnoses"] else "",
    }


def _notes(runs: list[Document], requires: frozenset[str]) -> list[str]:
    notes = []
    if len({run["kind"] for run in runs}) > 1:
        notes.append("the runs are of different kinds; what only one of them asked about is not compared")
    if len({run["tool"]["version"] for run in runs}) > 1:
        notes.append("the runs were made by different versions of chatproof")
    if not requires:
        notes.append("no capability is declared as required: a loss of what most clients are built on counts as NO-GO")
    for label, run in zip(_LABELS[1:], runs[1:], strict=False):
        if both := shared_breaks(runs[0], run):
            notes.append(f"A and {label} both break, so it is no difference: {', '.join(both)}")
    for label, run in zip(_LABELS, runs, strict=False):
        notes += [f"{label}: {note}" for note in run["notes"]]
    return notes
