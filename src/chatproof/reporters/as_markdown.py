"""Markdown for a ticket, a pull request or a step summary: verdict, cause, what failed, what was sent.

Untrusted words stand in code spans, where no host of Markdown makes links, mentions, images or HTML of them.
"""

from typing import Any

from chatproof.printable import number_of
from chatproof.reporters import Style, narrowed
from chatproof.reporters.cases import ERROR, FAILED, SKIPPED, WARNED, Case, of_findings, status_of
from chatproof.reporters.lines import held_of, sent
from chatproof.reporters.markdown import code, prose
from chatproof.target.origin import sentence

_FEW = 3  # requests that are named
_MARKS = {FAILED: "failed", WARNED: "warning", ERROR: "undecided"}


def render(document: dict[str, Any], style: Style) -> str:
    target, all_cases = document["target"], of_findings(document)
    where = [code(target["base_url"]), f"model {code(target['model'] or '(none)')}"]
    if target["name"] not in ("url", ""):
        where.insert(0, code(target["name"]))
    less = " (narrowed)" if narrowed(document) else ""
    lines = [f"## chatproof {document['kind']}: {document['verdict']}{less}", "", " · ".join(where), ""]
    if less:
        lines += [f"**Narrowed** by {code(narrowed(document))}: what was left out was not checked.", ""]
    for number, diagnosis in enumerate(document["diagnoses"]):
        lines += _diagnosis("Cause" if number == 0 and document["verdict"] != "GO" else "Also", diagnosis)
    lines += _troubled([case for case in all_cases if case.state in _MARKS])
    held, every = held_of(document)
    if held:
        lines += [f"**Passed**: {len(held)} of {number_of(len(every), 'clause')}.", ""]
    lines += _skipped([case for case in all_cases if case.state == SKIPPED])
    lines += _exchanges(document)
    if way := sentence(document.get("origin") or {}):
        lines.append(f"- origin: {prose(way)}")
    lines += [f"- note: {prose(note)}" for note in document["notes"]]
    label = "captured" if document["kind"] == "judge" else "sent"
    lines.append(f"- run {code(document['run_id'])}, {document['started_at']}, {label} {sent(document)}")
    return "\n".join([*lines, ""])


def _diagnosis(label: str, diagnosis: dict[str, Any]) -> list[str]:
    return [
        f"**{label}**: {code(diagnosis['code'])}: {prose(diagnosis['summary'])}",
        "",
        f"- owner: {diagnosis['owner']} ({diagnosis['confidence']})",
        *(f"- evidence: {code(line)}" for line in diagnosis["evidence"]),
        f"- next: {prose(diagnosis['next_step'])}",
        "",
    ]


def _troubled(troubled: list[Case]) -> list[str]:
    if not troubled:
        return []
    rows = []
    for case in troubled:
        cause = code(case.code) if case.code else ""
        rows.append(f"| {_MARKS[case.state]} | {code(case.id)} | {case.level} | {code(case.message)} | {cause} |")
    return ["| | clause | level | observed | cause |", "|---|---|---|---|---|", *rows, ""]


def _skipped(skipped: list[Case]) -> list[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for case in skipped:
        reasons.setdefault((case.outcome.replace("_", " "), case.message), []).append(case.id)
    lines = [
        f"- {outcome}: {code(', '.join(_folded(ids)), 600)}: {prose(why)}" for (outcome, why), ids in reasons.items()
    ]
    return [*lines, ""] if lines else []


def _folded(ids: list[str]) -> list[str]:
    """A clause that was skipped on many requests once, with their number in the place of their names."""
    of_clause: dict[str, list[str]] = {}
    for each in ids:
        of_clause.setdefault(each.partition(" (")[0], []).append(each)
    folded = [[f"{clause} ({len(each)} requests)"] if len(each) > _FEW else each for clause, each in of_clause.items()]
    return [one for each in folded for one in each]


def _exchanges(document: dict[str, Any]) -> list[str]:
    rows = []
    for exchange in document["exchanges"]:
        response, fault, total = exchange["response"], exchange["fault"], exchange["timings_ms"]["total"]
        said = status_of(response) if response else ""
        said = " ".join(word for word in (said, code(fault["code"]) if fault else "") if word)
        request_id = code(response["request_id"]) if response and response["request_id"] else ""
        time = f"{total:g} ms" if total is not None else ""
        rows.append(f"| {code(exchange['probe'])} | {said} | {time} | {request_id} |")
    return ["| request | answered | time | request id |", "|---|---|---|---|", *rows, ""] if rows else []
