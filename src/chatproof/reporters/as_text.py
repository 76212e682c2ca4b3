"""One screen for a person at a terminal at night: verdict, cause, evidence, next step; then what lies behind it."""

from __future__ import annotations

from chatproof.printable import number_of
from chatproof.reporters import Style
from chatproof.reporters.lines import Lines, details, exchanges, fold, footer, headline, held_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def render(document: dict[str, Any], style: Style) -> str:
    lines = Lines(style)
    if "capabilities" in document:
        from chatproof.reporters import validate_text

        return validate_text.render(document, lines)
    headline(document, lines)
    if style.verbosity < 0:
        return lines.text()
    principal = document["diagnoses"][:1]
    if document["verdict"] != "GO":
        for diagnosis in principal:
            _diagnosis(diagnosis, lines)
    else:
        principal = []
    _broken(document, lines)
    for diagnosis in document["diagnoses"][len(principal) :]:
        lines.blank()
        lines.add(
            "also" if document["verdict"] != "GO" else "warning",
            f"{diagnosis['code']}: {diagnosis['summary']}",
            color="warning",
        )
        details(diagnosis, lines)
    _undecided(document, lines)
    _passed(document, lines)
    if style.verbosity > 0:
        exchanges(document, lines)
    footer(document, lines)
    return lines.text()


def _diagnosis(diagnosis: dict[str, Any], lines: Lines) -> None:
    lines.blank()
    lines.add("cause", f"{diagnosis['code']}: {diagnosis['summary']}", color="bold")
    details(diagnosis, lines)


def _broken(document: dict[str, Any], lines: Lines) -> None:
    owners = {clause: d for d in reversed(document["diagnoses"]) for clause in d["clauses"]}
    broken = [f for f in document["findings"] if f["outcome"] == "broken"]
    if not broken:
        return
    lines.blank()
    for finding in broken:
        mark = "failed" if finding["level"] == "must" else "warning"
        lines.add(
            mark,
            f"{finding['clause']} at {finding['at']} ({finding['probe']})",
            color="NO-GO" if mark == "failed" else "warning",
        )
        lines.add("", f"expected {finding['expected']}; observed {finding['observed']}")
        cause = owners.get(finding["clause"])
        if cause is not None:
            lines.add("", f"cause {cause['code']}, owner {cause['owner']}")


def _undecided(document: dict[str, Any], lines: Lines) -> None:
    """What was not checked and why, one line for each reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    applied = {f["clause"] for f in document["findings"] if f["outcome"] in ("holds", "broken")}
    for finding in document["findings"]:
        if finding["outcome"] == "not_applicable" and finding["clause"] in applied:
            continue  # it was judged on another request
        if finding["outcome"] in ("undecided", "not_applicable", "waived"):
            groups.setdefault((finding["outcome"], finding["reason"]), []).append(finding["clause"])
    if not groups:
        return
    lines.blank()
    names = {"undecided": "not checked", "not_applicable": "n/a", "waived": "waived"}
    for (outcome, reason), clauses in groups.items():
        folded = fold(clauses, [finding["clause"] for finding in document["findings"]])
        lines.add(names[outcome], f"{folded}: {reason}", color="dim")


def _passed(document: dict[str, Any], lines: Lines) -> None:
    held, every = held_of(document)
    lines.blank()
    count = f"{len(held)} of {number_of(len(every), 'clause')}"
    lines.add("passed", f"{count}: {fold(held, every)}" if held else count, color="dim")
