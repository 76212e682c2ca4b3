"""The contract ledger: for each clause, when it was last seen to hold on a target, who last read its source. Pure."""

from collections.abc import Iterable
from datetime import date
from typing import Any

HOLDS = "holds"


def observed(runs: Iterable[dict[str, Any]], clauses: Iterable[str]) -> dict[str, dict[str, dict[str, str]]]:
    """By clause: {"held": {run_id, at}, "last": {run_id, at, outcome}}, from runs newest first.

    `last` is the newest run that judged the clause at all (holds, broken, undecided, waived); a clause that no run
    judged is not there. Reads no more runs than it needs.
    """
    left = set(clauses)
    found: dict[str, dict[str, dict[str, str]]] = {}
    for run in runs:
        seen: dict[str, set[str]] = {}
        for finding in run["findings"]:
            seen.setdefault(finding["clause"], set()).add(finding["outcome"])
        for clause in left & seen.keys():
            outcomes = seen[clause] - {"not_applicable"}
            if not outcomes:
                continue
            outcome = next(o for o in ("broken", "undecided", "waived", HOLDS) if o in outcomes)
            at = {"run_id": run["run_id"], "at": run["started_at"]}
            found.setdefault(clause, {"last": {**at, "outcome": outcome}})
            if outcomes == {HOLDS}:
                found[clause]["held"] = at
        left -= {clause for clause in left if "held" in found.get(clause, {})}
        if not left:
            break
    return found


def signatures(documents: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The latest sign-off of each clause, from documents in order."""
    return {document["clause"]: document for document in documents}


def age(accessed: str, signed: dict[str, Any] | None, check: int, today: str) -> tuple[int, str]:
    """(days since the source was last read, who read it then). A sign-off of an earlier check does not count; one that
    names none is of the first."""
    read, owner = accessed, ""
    if signed and signed.get("check", 1) == check and signed["signed_on"] > accessed:
        read, owner = signed["signed_on"], signed["owner"]
    return (date.fromisoformat(today) - date.fromisoformat(read)).days, owner


def between(a: dict[str, Any], b: dict[str, Any]) -> list[dict[str, Any]]:
    """What differs between two contracts as `contract --format json` gives them: {part, id, field, a, b}, None where
    one has no such clause, fact or quirk."""
    rows: list[dict[str, Any]] = []
    for part, key in (("clauses", "id"), ("facts", "name")):
        ours, theirs = ({row[key]: row for row in side[part]} for side in (a, b))
        for id in dict.fromkeys([*ours, *theirs]):
            if id not in ours or id not in theirs:
                said = "says" if part == "clauses" else "value"
                sides = [side.get(id, {}).get(said) for side in (ours, theirs)]
                rows.append({"part": part, "id": id, "field": "", "a": sides[0], "b": sides[1]})
                continue
            rows += [
                {"part": part, "id": id, "field": field, "a": ours[id].get(field), "b": theirs[id].get(field)}
                for field in dict.fromkeys([*ours[id], *theirs[id]])
                if field in _JUDGED and ours[id].get(field) != theirs[id].get(field)
            ]
    quirks = [{quirk["text"] for quirk in side["quirks"]} for side in (a, b)]
    rows += [{"part": "quirks", "id": "", "field": "", "a": text, "b": None} for text in sorted(quirks[0] - quirks[1])]
    rows += [{"part": "quirks", "id": "", "field": "", "a": None, "b": text} for text in sorted(quirks[1] - quirks[0])]
    return rows


_JUDGED = ("level", "layer", "capability", "area", "says", "why", "probe", "source", "accessed", "waived", "value")
