"""The decision to move, for a change ticket, in Markdown: the comparison, and everything that it rests on."""

from typing import Any

from chatproof.reporters import Style, narrowed
from chatproof.reporters.comparison import as_markdown
from chatproof.reporters.lines import sent
from chatproof.reporters.markdown import cell

_WORDS = {"broken": "failed", "undecided": "not checked", "holds": "passed", "waived": "waived"}


def render(document: dict[str, Any], style: Style) -> str:
    labels = [target["label"] for target in document["targets"]]
    runs = dict(zip(labels, document["runs"], strict=True))
    more = (*_abilities(runs), *_required(runs), *_rests_on(runs))
    return "\n".join([*as_markdown.body(document), *more, *as_markdown.footer(document)])


def _abilities(runs: dict[str, Any]) -> list[str]:
    """What each side can do, also where they agree: the ticket's reader asks for that as well."""
    states = {label: {row["name"]: row["state"] for row in run.get("capabilities", [])} for label, run in runs.items()}
    names = list(dict.fromkeys(name for found in states.values() for name in found))
    rows = [[f"`{name}`", *(found.get(name, "not asked") for found in states.values())] for name in names]
    return _section("Capabilities", ["capability", *runs], rows)


def _required(runs: dict[str, Any]) -> list[str]:
    """The required clauses that did not pass somewhere."""
    worst: dict[str, dict[str, str]] = {}
    for label, run in runs.items():
        for finding in run["findings"]:
            if finding["level"] == "must":
                known = worst.setdefault(finding["clause"], {})
                known[label] = _worse(known.get(label, ""), finding["outcome"])
    rows = [
        [f"`{clause}`", *(_WORDS.get(found.get(label, ""), "not asked") for label in runs)]
        for clause, found in worst.items()
        if {"broken", "undecided", "waived"} & set(found.values())
    ]
    return _section("Required clauses that did not pass everywhere", ["clause", *runs], rows)


def _worse(one: str, other: str) -> str:
    return next((outcome for outcome in _WORDS if outcome in (one, other)), one or other)


def _rests_on(runs: dict[str, Any]) -> list[str]:
    heads = ["", "run", "time", "contract (sha256)", "key", "cost"]
    rows = []
    for label, run in runs.items():
        key = run["target"]["key"]
        known = f"{key['source']}, fingerprint {key['fingerprint']}" if key else "none"
        less = f" (narrowed: {narrowed(run)})" if narrowed(run) else ""
        time = f"{run['started_at']} to {run['finished_at']}"
        cells = (f"{run['run_id']}{less}", time, run["tool"]["contract"], known, sent(run))
        rows.append([label, *map(cell, cells)])
    return _section("What it rests on", heads, rows)


def _section(title: str, heads: list[str], rows: list[list[str]]) -> list[str]:
    if not rows:
        return []
    marks = ["---"] * len(heads)
    return ["", f"## {title}", "", *(f"| {' | '.join(row)} |" for row in (heads, marks, *rows))]
