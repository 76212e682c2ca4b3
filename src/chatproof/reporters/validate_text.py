"""The text of a validate run: the decision first, then what it rests on by layer, capabilities, and what is broken.

A person decides on a rollout with it, so it names few clauses: those that are broken. `-v` names the others.
"""

from typing import Any

from chatproof.printable import cut
from chatproof.reporters.lines import Lines, details, exchanges, fold, footer, headline, not_asked, owner_of

_LAYERS = ("transport", "schema", "behaviour")
_STATES = ("supported", "unsupported", "ignored", "broken", "unknown")
_STATE_COLORS = {"ignored": "warning", "broken": "NO-GO"}
_SHOWN = 10  # broken clauses in full; a page of them is read by nobody
_NAMED = 3
_SAID = 140


def render(document: dict[str, Any], lines: Lines) -> str:
    headline(document, lines)
    findings = _worst_first(document["findings"])
    lines.add("clauses", _sentence(document, findings))
    if lines.style.verbosity < 0:
        return lines.text()
    _causes(document, lines)
    _layers(document, findings, lines)
    _capabilities(document, lines)
    _broken(document, findings, lines)
    _waived(document, findings, lines)
    _open(findings, lines)
    if lines.style.verbosity > 0:
        _not_applicable(findings, lines)
        exchanges(document, lines)
    footer(document, lines)
    if document["verdict"] == "GO":
        not_asked(document, lines)
    return lines.text()


def _worst_first(findings: list[dict[str, str]]) -> list[dict[str, str]]:
    """One finding for each clause: a clause on every exchange stands as it does on its worst."""
    order = ("broken", "undecided", "waived", "holds", "not_applicable")
    worst: dict[str, dict[str, str]] = {}
    for finding in findings:
        before = worst.get(finding["clause"])
        if before is None or order.index(finding["outcome"]) < order.index(before["outcome"]):
            worst[finding["clause"]] = finding
    return list(worst.values())


def _count(findings: list[dict[str, str]], level: str, outcome: str) -> int:
    return sum((f["level"] == "must") is (level == "must") and f["outcome"] == outcome for f in findings)


def _sentence(document: dict[str, Any], findings: list[dict[str, str]]) -> str:
    """Why it is this verdict, in one line."""
    failed, warned = _count(findings, "must", "broken"), _count(findings, "should", "broken")
    held, open = _count(findings, "must", "holds"), _count(findings, "must", "undecided")
    waived = sum(finding["outcome"] == "waived" for finding in findings)
    parts = {
        "GO": [f"{_required(held)} passed" if held else "no required clause failed"],
        "NO-GO": [f"{_required(failed)} failed"],
        "UNDECIDED": [f"{_required(open)} not checked"],
    }[document["verdict"]]
    if document["verdict"] == "NO-GO" and not failed:
        parts = ["a complete reply breaks the contract"]
    if document["verdict"] != "GO" and held:
        parts.append(f"{held} passed")
    if document["verdict"] == "NO-GO" and open:
        parts.append(f"{open} not checked")
    if warned:
        parts.append(_many(warned, "warning"))
    if waived:
        parts.append(f"{waived} waived")
    return ", ".join(parts)


def _required(count: int) -> str:
    return f"{count} required"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _causes(document: dict[str, Any], lines: Lines) -> None:
    """The principal cause in full; the others with their next step."""
    go = document["verdict"] == "GO"
    for number, diagnosis in enumerate(document["diagnoses"]):
        lines.blank()
        label, color = ("cause", "bold") if number == 0 and not go else ("warning" if go else "also", "warning")
        lines.add(label, f"{diagnosis['code']}: {diagnosis['summary']}", color=color)
        if number == 0 and not go:
            details(diagnosis, lines)
        else:
            lines.add("owner", owner_of(diagnosis))
            lines.add("next", diagnosis["next_step"])


def _layers(document: dict[str, Any], findings: list[dict[str, str]], lines: Lines) -> None:
    layer_of = {term["clause"]: term["layer"] for term in document["terms"]}
    lines.blank()
    for layer in _LAYERS:
        mine = [finding for finding in findings if layer_of.get(finding["clause"]) == layer]
        if mine:
            lines.add(layer, "; ".join(part for level in ("must", "should") if (part := _tally(mine, level))))


def _tally(findings: list[dict[str, str]], level: str) -> str:
    words = {
        "holds": "passed",
        "broken": "failed",
        "undecided": "not checked",
        "waived": "waived",
        "not_applicable": "n/a",
    }
    counts = {word: _count(findings, level, outcome) for outcome, word in words.items()}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{level}: {said}" if said else ""


def _capabilities(document: dict[str, Any], lines: Lines) -> None:
    """Names by state; what is required is marked, and what is not supported says how that was seen."""
    lines.blank()
    for state in _STATES:
        groups: dict[str, list[str]] = {}
        for row in document["capabilities"]:
            if row["state"] == state:
                said = "" if state == "supported" else cut(row["said"], _SAID)
                groups.setdefault(said, []).append(f"{row['name']} (required)" if row["required"] else row["name"])
        for number, (said, names) in enumerate(groups.items()):
            text = ", ".join(names) + (f": {said}" if said else "")
            lines.add(state if number == 0 else "", text, color=_STATE_COLORS.get(state, ""))


def _broken(document: dict[str, Any], findings: list[dict[str, str]], lines: Lines) -> None:
    """Musts before shoulds, by layer."""
    layer_of = {term["clause"]: term["layer"] for term in document["terms"]}
    causes = {clause: d["code"] for d in reversed(document["diagnoses"]) for clause in d["clauses"]}
    broken = [finding for finding in findings if finding["outcome"] == "broken"]
    broken.sort(key=lambda f: (f["level"] != "must", _LAYERS.index(layer_of.get(f["clause"], "schema"))))
    if not broken:
        return
    lines.blank()
    shown = broken if lines.style.verbosity > 0 else broken[:_SHOWN]
    for finding in shown:
        mark = "failed" if finding["level"] == "must" else "warning"
        cause = f", {causes[finding['clause']]}" if finding["clause"] in causes else ""
        at = f" at {finding['at']}" if finding["at"] else ""
        lines.add(mark, f"{finding['clause']}{at}{cause}", color="NO-GO" if mark == "failed" else "warning")
        lines.add("", f"expected {finding['expected']}; observed {finding['observed']}")
        if finding["reason"]:
            lines.add("", finding["reason"])
    if len(broken) > len(shown):
        left = broken[len(shown) :]
        lines.add("", f"and {len(left)} more (-v shows them): {fold([f['clause'] for f in left], [])}")


def _waived(document: dict[str, Any], findings: list[dict[str, str]], lines: Lines) -> None:
    waivers = {term["clause"]: term["waiver"] for term in document["terms"]}
    waived = [finding for finding in findings if finding["outcome"] == "waived"]
    for finding in waived:
        waiver = waivers.get(finding["clause"]) or {}
        until = f", until {waiver['expires']}" if waiver.get("expires") else ""
        lines.blank() if finding is waived[0] else None
        lines.add("waived", f"{finding['clause']}: {finding['reason']}{until}", color="warning")


def _open(findings: list[dict[str, str]], lines: Lines) -> None:
    """What was not checked and why, one line for each reason, musts first."""
    groups: dict[str, list[dict[str, str]]] = {}
    for finding in sorted(findings, key=lambda f: f["level"] != "must"):
        if finding["outcome"] == "undecided":
            groups.setdefault(finding["reason"], []).append(finding)
    if not groups:
        return
    lines.blank()
    known = [finding["clause"] for finding in findings]
    for reason, group in groups.items():
        musts = sum(finding["level"] == "must" for finding in group)
        name = fold([finding["clause"] for finding in group], known)
        if len(group) > _NAMED and lines.style.verbosity <= 0:
            name = f"{len(group)} clauses" + (f", {_required(musts)} among them" if musts else "")
        lines.add("not checked", f"{name}: {reason}", color="dim")


def _not_applicable(findings: list[dict[str, str]], lines: Lines) -> None:
    groups: dict[str, list[str]] = {}
    for finding in findings:
        if finding["outcome"] == "not_applicable":
            groups.setdefault(finding["reason"], []).append(finding["clause"])
    lines.blank()
    known = [finding["clause"] for finding in findings]
    for reason, group in groups.items():
        lines.add("n/a", f"{fold(group, known)}: {reason}", color="dim")
    held = [finding["clause"] for finding in findings if finding["outcome"] == "holds"]
    lines.add("passed", fold(held, known), color="dim")
