"""A comparison as one self-contained page for a change ticket: decision, changes, both sides of each difference."""

from typing import Any

from chatproof.reporters import Style
from chatproof.reporters.cases import clean
from chatproof.reporters.html_page import page

NEEDS = "jinja2"
_MEANING = {
    "GO": "A client that works on A works there without changes.",
    "GO WITH CHANGES": "It works there after the listed changes.",
    "NO-GO": "It lacks what a client of A needs.",
    "UNDECIDED": "An important point could not be observed on one side, or on both. This is not a pass.",
}
_TONE = {"GO": "go", "GO WITH CHANGES": "undecided", "NO-GO": "no-go", "UNDECIDED": "undecided"}
_EFFECTS = {
    "breaks": "a client that works on A does not work",
    "change": "the client needs a change, or must work without something",
    "better": "passes what A fails",
    "note": "no known client needs a change for it",
}
_MARKS = {"breaks": "failed", "change": "warning", "better": "passed", "note": "not-checked"}  # classes of the style


def render(document: dict[str, Any], style: Style) -> str:
    by_label: dict[str, list[dict[str, Any]]] = {candidate["label"]: [] for candidate in document["candidates"]}
    for row in document["differences"]:
        by_label[row["candidate"]].append(row)
    grouped = {
        label: [(e, mine) for e in _EFFECTS if (mine := [row for row in rows if row["effect"] == e])]
        for label, rows in by_label.items()
    }
    counts = {
        label: {effect: sum(row["effect"] == effect for row in rows) for effect in _EFFECTS}
        for label, rows in by_label.items()
    }
    first = document["targets"][0]
    return page(
        "comparison.html",
        document=document,
        headline=clean(f"{document['decision']}: from {first['base_url']}"),
        meaning=_MEANING,
        tone=_TONE,
        effects=_EFFECTS,
        marks=_MARKS,
        groups=grouped,
        counts=counts,
        targets={target["label"]: target for target in document["targets"]},
    )
