"""The comparison document (schema chatproof.comparison/1): one run as A, one or more candidates against it. Pure.

It holds nothing that is not in the runs, which are redacted.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from chatproof import __version__
from chatproof.analysis.comparison import own_requests, tokens
from chatproof.analysis.comparison.across import side_by_side
from chatproof.analysis.comparison.chance import VARIES
from chatproof.analysis.comparison.clients import affected
from chatproof.analysis.comparison.decision import GO, NO_GO, UNDECIDED, WITH_CHANGES, decide, shared_breaks
from chatproof.analysis.comparison.difference import Difference, Document, named
from chatproof.analysis.comparison.differences import between, not_compared, timings
from chatproof.analysis.comparison.repeats import Outcome, Pairing
from chatproof.analysis.comparison.settled import AskedAgain, is_unsettled, settled_of

SCHEMA = "chatproof.comparison/1"
_RANK = (GO, WITH_CHANGES, UNDECIDED, NO_GO)
_LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST = len(_LABELS)


class Comparison(NamedTuple):
    """Several targets, compared.

    - `document`: the redacted comparison document (schema chatproof.comparison/1)
    """

    document: dict[str, Any]

    @property
    def decision(self) -> str:
        """The decision on the best candidate: `GO`, `GO WITH CHANGES`, `NO-GO`, or `UNDECIDED`."""
        return str(self.document["decision"])

    def report(self, format: str = "text", *, color: bool = False, width: int = 100, verbosity: int = 0) -> str:
        """Write the comparison in a format: text, markdown, json or html, as `chatproof compare --format` does.

        `width` is in columns; `verbosity` as for a run. Raises UsageError for a format that does not exist, or
        needs a package that is not installed.
        """
        from chatproof import reporters

        return reporters.render(format, self.document, reporters.Style(color, width, verbosity), "comparison")

    def __str__(self) -> str:
        """The text report: what `chatproof compare` prints."""
        return self.report().rstrip("\n")

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.document['targets'])} targets: {self.decision}>"


def build(
    runs: list[Document],
    requires: frozenset[str],
    compared_at: str,
    again: AskedAgain | None = None,
    prices: Mapping[int, dict[str, float]] = MappingProxyType({}),
) -> dict[str, Any]:
    """Build the document. `runs` begins with A; at least two, at most MOST. `decision` is that of the best candidate.

    `again` is what came when both sides were asked again; without it (recorded runs) each difference was seen once.
    `prices` are those of the configuration, by the number of the run: per million tokens.
    """
    candidates = []
    for number, run in enumerate(runs[1:]):
        pairing = again.pairings.get(number) if again else None
        of_both = {side: prices[at] for side, at in (("a", 0), ("b", number + 1)) if prices.get(at)}
        candidates.append(_candidate(_LABELS[number + 1], runs[0], run, requires, pairing, of_both))
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
        "asked_again": again.document() if again else None,
        "not_asked": not_asked(runs),
        "notes": _notes(runs, requires, again),
        "runs": runs,
    }


def _candidate(
    label: str,
    a: Document,
    b: Document,
    requires: frozenset[str],
    pairing: Pairing | None,
    prices: dict[str, dict[str, float]],
) -> dict[str, Any]:
    outcomes: list[Outcome] = []
    if pairing is None:
        settled: list[tuple[Difference, Outcome | None]] = [(one, None) for one in between(a, b, requires)]
    else:
        a, b, outcomes = pairing.now["A"], pairing.now["B"], pairing.outcomes()
        settled = settled_of(between(a, b, requires), outcomes, pairing)
    unsettled = [one for one in outcomes if is_unsettled(one)]
    missing = not_compared(a, b)
    counted = tokens.counts(a, b)
    found = [one for one, _ in settled]
    return {
        "label": label,
        **decide(a, b, found, missing, requires, unsettled, label)._asdict(),
        "differences": [_row(one, label, number, seen) for number, (one, seen) in enumerate(settled, 1)],
        "varies": [_chance_row(one) for one in outcomes if one.state == VARIES],
        "unsettled": [_chance_row(one) for one in unsettled],
        "not_compared": [row | {"missing_on": named(row["missing_on"], label)} for row in missing],
        **({"side_by_side": rows} if (rows := side_by_side(a, b)) else {}),
        "tokens": tokens.table(counted),
        "cost": tokens.cost(counted, prices),
        "timings_ms": timings(a, b),
    }


def _chance_row(one: Outcome) -> dict[str, Any]:
    told = one.unit.told
    return {
        "kind": told.kind,
        "subject": told.subject,
        "at": told.at,
        "probes": list(one.unit.probes),
        "effect": told.effect,
        "a": told.a,
        "b": told.b,
        **_seen(one),
        "requests_to_settle": one.needed,
    }


def _seen(one: Outcome) -> dict[str, str]:
    return {"state": one.state, "good_a": one.good("A"), "good_b": one.good("B")}


def not_asked(runs: list[Document]) -> list[str]:
    """The API's features that at least one side was not asked about; nothing where a run does not say."""
    return list(dict.fromkeys(name for run in runs for name in run.get("not_asked", ())))


def _rank(candidate: dict[str, Any]) -> tuple[int, int, int]:
    """Better decisions first; among equals, fewer breaks and fewer changes. What could not be seen there counts as a
    break: of a dead gateway it is nearly all."""
    effects = [row["effect"] for row in candidate["differences"]]
    unseen = sum(row["missing_on"] == candidate["label"] for row in candidate["not_compared"])
    return _RANK.index(candidate["decision"]), effects.count("breaks") + unseen, effects.count("change")


def _row(one: Difference, label: str, number: int, seen: Outcome | None) -> dict[str, Any]:
    return {
        "id": f"{label}{number}",
        "candidate": label,
        **one._replace(change=named(one.change, label))._asdict(),
        "probes": list(one.probes),
        "clauses": list(one.clauses),
        "clients": affected(one),
        "repeated": _seen(seen) if seen else None,
    }


def _who(run: Document) -> tuple[str, str, str, str]:
    target = run["target"]
    return run.get("api", ""), target["base_url"], target["model"], (target["key"] or {}).get("fingerprint", "")


def _target(label: str, run: Document) -> dict[str, Any]:
    target = run["target"]
    return {
        "label": label,
        **({"api": run["api"]} if run.get("api") else {}),
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
        **({"narrowed": run["narrowed"]} if run.get("narrowed") else {}),
    }


def _notes(runs: list[Document], requires: frozenset[str], again: AskedAgain | None) -> list[str]:
    notes = []
    for label, run in zip(_LABELS[1:], runs[1:], strict=False):
        if _who(run) == _who(runs[0]):
            notes.append(f"A and {label} have the same URL, key and model: any difference is due to chance or time")
    if again is None:
        notes.append("no request was repeated, so a difference that was seen once may be due to chance")
    elif again.stopped:
        notes.append(f"repeating requests ended before every difference was decided: {again.stopped}")
    if len({run["kind"] for run in runs}) > 1:
        notes.append("the runs are of different kinds; a check that only one of them has is not compared")
    if len({run["tool"]["version"] for run in runs}) > 1:
        notes.append("the runs were made by different versions of chatproof")
    if of_requests := own_requests.note(runs):
        notes.append(of_requests)
    if not requires:
        notes.append("no capability is declared as required: losing one that most clients need counts as NO-GO")
    for label, run in zip(_LABELS[1:], runs[1:], strict=False):
        if both := shared_breaks(runs[0], run):
            notes.append(f"A and {label} both fail, so it is no difference: {', '.join(both)}")
    for label, run in zip(_LABELS, runs, strict=False):
        notes += [f"{label}: {note}" for note in run["notes"]]
    return notes
