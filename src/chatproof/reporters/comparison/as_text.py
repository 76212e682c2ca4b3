"""One screen: may we move, what breaks, what the client has to change, how to go back."""

from typing import Any

from chatproof.reporters import Style
from chatproof.reporters.as_text import Lines

_COLORS = {"GO": "GO", "GO WITH CHANGES": "UNDECIDED", "NO-GO": "NO-GO", "UNDECIDED": "UNDECIDED"}
_MARKS = {"breaks": "breaks", "change": "change", "better": "better", "note": "note"}
_PROBES = 3
_NOTES = 8


def render(document: dict[str, Any], style: Style) -> str:
    lines = Lines(style)
    targets = {target["label"]: target for target in document["targets"]}
    for candidate in document["candidates"]:
        decision = candidate["decision"]
        head = f"from {_target(targets['A'])} to {_target(targets[candidate['label']])}"
        lines.head(decision, _COLORS[decision], head)
    if style.verbosity < 0:
        return lines.text()
    for candidate in document["candidates"]:
        _candidate(document, candidate, targets, lines)
    _footer(document, lines)
    return lines.text()


def _target(target: dict[str, Any]) -> str:
    name = f"{target['name']} " if target["name"] not in ("url", "") else ""
    return f"{target['label']} {name}{target['base_url']} ({target['model'] or 'no model'})"


def _candidate(document: dict[str, Any], candidate: dict[str, Any], targets: dict[str, Any], lines: Lines) -> None:
    label = candidate["label"]
    lines.blank()
    if len(document["candidates"]) > 1:
        lines.add("candidate", _target(targets[label]), color="bold")
    for number, reason in enumerate(candidate["reasons"][:3]):
        lines.add("because" if number == 0 else "", reason)
    if len(candidate["reasons"]) > 3:
        lines.add("", f"and {len(candidate['reasons']) - 3} more, below")
    rows = [row for row in document["differences"] if row["candidate"] == label]
    notes = [row for row in rows if row["effect"] == "note"]
    for row in rows:
        if row["effect"] != "note" or lines.style.verbosity > 0 or len(notes) <= _NOTES:
            _difference(row, lines)
    if len(notes) > _NOTES and lines.style.verbosity < 1:
        lines.add("note", f"{len(notes)} differences that need no change: -v shows them", color="dim")
    if not rows:
        lines.add("differences", "none")
    if candidate["not_compared"]:
        lines.blank()
        for side in ("A", label):
            rows = [row for row in candidate["not_compared"] if row["missing_on"] == ("A" if side == "A" else "B")]
            if rows:
                probes = ", ".join(row["probe"] for row in rows)
                lines.add("not seen", f"on {side}: {probes}: {rows[0]['reason']}", color="dim")
    lines.blank()
    for number, line in enumerate(candidate["rollback"]):
        lines.add("rollback" if number == 0 else "", line)
    if lines.style.verbosity > 0:
        lines.blank()
        for row in candidate["timings_ms"]:
            both = " and ".join("–" if ms is None else f"{ms:g} ms" for ms in (row["a"], row["b"]))
            lines.add("time", f"{row['probe']}: {both} (shown, never judged)", color="dim")


def _difference(row: dict[str, Any], lines: Lines) -> None:
    lines.blank()
    about = " ".join(part for part in (row["kind"], row["subject"], row["at"]) if part)
    probes = ", ".join(row["probes"][:_PROBES])
    more = f" and {len(row['probes']) - _PROBES} more" if len(row["probes"]) > _PROBES else ""
    color = {"breaks": "NO-GO", "change": "warning"}.get(row["effect"], "dim")
    lines.add(_MARKS[row["effect"]], f"{about} ({probes}{more})", color=color)
    lines.add("", f"A: {row['a'] or 'nothing'}")
    lines.add("", f"{row['candidate']}: {row['b'] or 'nothing'}")
    if row["change"]:
        lines.add("", f"change: {row['change']}")
    for client in row["clients"]:
        lines.add("", f"known: {client['client']} {client['says']} ({client['source']}, {client['accessed']})")


def _footer(document: dict[str, Any], lines: Lines) -> None:
    lines.blank()
    for note in document["notes"]:
        lines.add("note", note, color="warning")
    if document["requires"]:
        lines.add("requires", ", ".join(document["requires"]), color="dim")
    for target in document["targets"]:
        cause = f", {target['diagnosis']}" if target["diagnosis"] else ""
        lines.add("run", f"{target['label']}: {target['verdict']}{cause}, {target['run_id']}", color="dim")
