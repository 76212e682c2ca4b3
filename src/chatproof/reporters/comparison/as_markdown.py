"""A comparison for a change ticket: the decision, the table of differences, the changes, the way back."""

from typing import Any

from chatproof.reporters import Style
from chatproof.reporters.markdown import cell


def render(document: dict[str, Any], style: Style) -> str:
    targets = {target["label"]: target for target in document["targets"]}
    lines = [f"# {document['decision']}: moving from {cell(_name(targets['A']))}", ""]
    lines += ["| | endpoint | model | run | verdict |", "|---|---|---|---|---|"]
    for target in document["targets"]:
        verdict = target["verdict"] + (f" ({cell(target['diagnosis'])})" if target["diagnosis"] else "")
        fields = (cell(_name(target)), cell(target["model"]), cell(target["run_id"]), verdict)
        lines.append(f"| {target['label']} | {' | '.join(fields)} |")
    if len(document["candidates"]) > 1:
        lines += _ranking(document)
    for candidate in document["candidates"]:
        lines += _candidate(document, candidate)
    if document["notes"]:
        lines += ["", "## Notes", "", *(f"- {cell(note)}" for note in document["notes"])]
    return "\n".join([*lines, "", f"Made by chatproof {document['tool']['version']}, {document['compared_at']}.", ""])


def _name(target: dict[str, Any]) -> str:
    return target["base_url"] if target["name"] in ("url", "") else f"{target['name']}, {target['base_url']}"


def _ranking(document: dict[str, Any]) -> list[str]:
    lines = ["", "| rank | candidate | decision | breaks | changes |", "|---|---|---|---|---|"]
    for rank, candidate in enumerate(document["candidates"], 1):
        effects = [row["effect"] for row in document["differences"] if row["candidate"] == candidate["label"]]
        counts = f"{effects.count('breaks')} | {effects.count('change')}"
        lines.append(f"| {rank} | {candidate['label']} | {candidate['decision']} | {counts} |")
    return lines


def _candidate(document: dict[str, Any], candidate: dict[str, Any]) -> list[str]:
    label = candidate["label"]
    lines = ["", f"## A to {label}: {candidate['decision']}", ""]
    lines += [f"- {cell(reason)}" for reason in candidate["reasons"]]
    rows = [row for row in document["differences"] if row["candidate"] == label]
    if rows:
        lines += ["", f"| | effect | what | probes | A | {label} | clients known to depend on it |"]
        lines += ["|---|---|---|---|---|---|---|", *(_row(row) for row in rows)]
    for title, items in (("Changes the client needs", candidate["changes"]), ("Rollback", candidate["rollback"])):
        if items:
            lines += ["", f"### {title}", "", *(f"{number}. {cell(item)}" for number, item in enumerate(items, 1))]
    if candidate["not_compared"]:
        lines += ["", "### Not compared", ""]
        for row in candidate["not_compared"]:
            lines.append(f"- {cell(row['probe'])}: not observed on {row['missing_on']}: {cell(row['reason'])}")
    return lines


def _row(row: dict[str, Any]) -> str:
    about = " ".join(part for part in (row["kind"], row["subject"], row["at"]) if part)
    clients = "; ".join(f"{c['client']}: {c['says']} ({c['source']}, {c['accessed']})" for c in row["clients"])
    fields = (row["effect"], about, ", ".join(row["probes"]), row["a"], row["b"], clients or "unknown")
    return f"| {row['id']} | " + " | ".join(cell(field) for field in fields) + " |"
