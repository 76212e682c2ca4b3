"""One screen: may we move, what breaks, what the client has to change, how to go back."""

from typing import Any

from chatproof.printable import number_of
from chatproof.reporters import Style
from chatproof.reporters.comparison import side_by_side
from chatproof.reporters.lines import Lines, narrowed_by, not_asked

_COLORS = {"GO": "GO", "GO WITH CHANGES": "UNDECIDED", "NO-GO": "NO-GO", "UNDECIDED": "UNDECIDED"}
_MARKS = {"breaks": "breaks", "change": "change", "better": "better", "note": "note"}
_PROBES = 3
_NOTES = 8


def render(document: dict[str, Any], style: Style) -> str:
    lines = Lines(style)
    targets = {target["label"]: target for target in document["targets"]}
    for candidate in document["candidates"]:
        decision = candidate["decision"]
        sides = targets["A"], targets[candidate["label"]]
        head = f"from {_target(sides[0])} to {_target(sides[1])}"
        if less := dict.fromkeys(what for side in sides for what in side.get("narrowed", ())):
            head = f"{narrowed_by(less)} · {head}"
        lines.head(decision, _COLORS[decision], head)
    if style.verbosity < 0:
        return lines.text()
    for candidate in document["candidates"]:
        _candidate(document, candidate, targets, lines)
    _footer(document, lines)
    if document["decision"].startswith("GO"):
        not_asked(document, lines)
    return lines.text()


def _target(target: dict[str, Any]) -> str:
    name = f"{target['name']} " if target["name"] not in ("url", "") else ""
    api = f", --api {target['api']}" if target.get("api") else ""
    return f"{target['label']} {name}{target['base_url']} ({target['model'] or 'no model'}{api})"


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
    _chance(candidate, lines)
    if candidate["not_compared"]:
        lines.blank()
        for side in ("A", label):
            reasons: dict[str, list[str]] = {}
            for row in candidate["not_compared"]:
                if row["missing_on"] == side:
                    reasons.setdefault(row["reason"], []).append(row["probe"])
            for reason, probes in reasons.items():
                lines.add("not seen", f"on {side}: {', '.join(probes)}: {reason}", color="dim")
    _side_by_side(candidate, lines)
    _tokens(candidate, lines)
    lines.blank()
    for number, line in enumerate(candidate["rollback"]):
        lines.add("rollback" if number == 0 else "", line)
    if lines.style.verbosity > 0:
        lines.blank()
        for row in candidate["timings_ms"]:
            both = " and ".join("–" if ms is None else f"{ms:g} ms" for ms in (row["a"], row["b"]))
            lines.add("time", f"{row['probe']}: {both} (shown, never checked)", color="dim")


def _difference(row: dict[str, Any], lines: Lines) -> None:
    lines.blank()
    about = " ".join(dict.fromkeys(filter(None, (row["kind"], row["subject"], row["at"]))))
    probes = ", ".join(row["probes"][:_PROBES])
    more = f" and {len(row['probes']) - _PROBES} more" if len(row["probes"]) > _PROBES else ""
    color = {"breaks": "NO-GO", "change": "warning"}.get(row["effect"], "dim")
    lines.add(_MARKS[row["effect"]], f"{about} ({probes}{more})", color=color)
    lines.add("", f"A: {row['a'] or 'nothing'}")
    lines.add("", f"{row['candidate']}: {row['b'] or 'nothing'}")
    if row["change"]:
        lines.add("", f"change: {row['change']}")
    if row["repeated"]:
        lines.add("", f"good answers: {_good(row['repeated'], row['candidate'])}", color="dim")
    for client in row["clients"]:
        lines.add("", f"known: {client['client']} {client['says']} ({client['source']}, {client['accessed']})")


def _side_by_side(candidate: dict[str, Any], lines: Lines) -> None:
    """Of two APIs: what both were asked, and how each answered."""
    label = candidate["label"]
    for sort, title in side_by_side.TITLES.items():
        listed = side_by_side.rows(candidate, sort)
        if listed:
            lines.blank()
        for number, row in enumerate(listed):
            same = f"A and {label} {row['a']}" if row["a"] == row["b"] else f"A {row['a']}; {label} {row['b']}"
            lines.add(title if number == 0 else "", f"{row['what']}: {same}")
    for side, said in side_by_side.alone(candidate):
        lines.add("", f"on {side} alone: {said}", color="dim")


def _tokens(candidate: dict[str, Any], lines: Lines) -> None:
    """What both sides count together, with -v each request; and the cost, where the configuration has prices."""
    rows, label, cost = candidate["tokens"], candidate["label"], candidate["cost"]
    if not rows:
        return
    lines.blank()
    sums = [sum(row[f"{name}_{side}"] or 0 for row in rows) for name in ("prompt", "completion") for side in ("a", "b")]
    of = number_of(len(rows), "request")
    said = f"prompt A {sums[0]}, {label} {sums[1]}; completion A {sums[2]}, {label} {sums[3]} ({of})"
    lines.add("tokens", said, color="dim")
    if cost:
        a, b = ("unknown" if amount is None else f"{amount:.4g}" for amount in (cost["a"], cost["b"]))
        lines.add("cost", f"{cost['requests']} requests like these, at the configured prices: A {a}, {label} {b}")
    for row in rows if lines.style.verbosity > 0 else ():
        prompt, completion = (f"{row[f'{name}_a']} and {row[f'{name}_b']}" for name in ("prompt", "completion"))
        lines.add("", f"{row['probe']}: prompt {prompt}, completion {completion}".replace("None", "–"), color="dim")


def _chance(candidate: dict[str, Any], lines: Lines) -> None:
    """What came and went when both sides were asked again."""
    for name, rows in (("unsettled", candidate["unsettled"]), ("varies", candidate["varies"])):
        for row in rows:
            lines.blank()
            about = " ".join(dict.fromkeys(filter(None, (row["kind"], row["subject"], row["at"]))))
            lines.add(name, f"{about} ({', '.join(row['probes'][:_PROBES])})", color="warning")
            lines.add("", f"good answers: {_good(row, candidate['label'])}")
            if row["requests_to_settle"]:
                lines.add("", f"about {row['requests_to_settle']} more requests would decide it")


def _good(row: dict[str, Any], label: str) -> str:
    return f"A {row['good_a']}, {label} {row['good_b']}"


def _footer(document: dict[str, Any], lines: Lines) -> None:
    lines.blank()
    for note in document["notes"]:
        lines.add("note", note, color="warning")
    again = document["asked_again"]
    if again and again["requests"]:
        cost = f"{again['billable_requests']} billable, {again['tokens_reported']} tokens reported"
        lines.add(
            "asked again", f"{number_of(again['requests'], 'request')} of {again['limit']} allowed, {cost}", color="dim"
        )
    if document["requires"]:
        lines.add("requires", ", ".join(document["requires"]), color="dim")
    for target in document["targets"]:
        cause = f", {target['diagnosis']}" if target["diagnosis"] else ""
        lines.add("run", f"{target['label']}: {target['verdict']}{cause}, {target['run_id']}", color="dim")
