"""A comparison for a change ticket: the decision, the table of differences, the changes, the way back."""

from typing import Any

from chatproof.printable import number_of
from chatproof.reporters import Style
from chatproof.reporters.comparison import side_by_side
from chatproof.reporters.markdown import cell


def render(document: dict[str, Any], style: Style) -> str:
    return "\n".join([*body(document), *footer(document)])


def body(document: dict[str, Any]) -> list[str]:
    """The lines of the report, but for its last one."""
    targets = {target["label"]: target for target in document["targets"]}
    lines = [f"# {document['decision']}: moving from {cell(_name(targets['A']))}", ""]
    lines += ["| | endpoint | model | run | verdict |", "|---|---|---|---|---|"]
    for target in document["targets"]:
        verdict = target["verdict"] + (f" ({cell(target['diagnosis'])})" if target["diagnosis"] else "")
        verdict += f", narrowed by {cell(', '.join(target['narrowed']))}" if target.get("narrowed") else ""
        fields = (cell(_name(target)), cell(target["model"]), cell(target["run_id"]), verdict)
        lines.append(f"| {target['label']} | {' | '.join(fields)} |")
    if len(document["candidates"]) > 1:
        lines += _ranking(document)
    for candidate in document["candidates"]:
        lines += _candidate(document, candidate)
    lines += _requests(document)
    if document["notes"]:
        lines += ["", "## Notes", "", *(f"- {cell(note)}" for note in document["notes"])]
    if document["decision"].startswith("GO") and document["not_asked"]:
        lines += ["", "## Not asked", "", f"No request exercised: {'; '.join(map(cell, document['not_asked']))}."]
    again = document["asked_again"]
    if again and again["requests"]:
        cost = f"{again['billable_requests']} billable, {again['tokens_reported']} tokens reported"
        allowed = f"{number_of(again['requests'], 'request')} of {again['limit']} allowed"
        lines += ["", f"Asked again where they differ: {allowed}, {cost}."]
    return lines


def footer(document: dict[str, Any]) -> list[str]:
    """What made the report, and when."""
    return ["", f"Made by chatproof {document['tool']['version']}, {document['compared_at']}.", ""]


def _name(target: dict[str, Any]) -> str:
    api = f", --api {target['api']}" if target.get("api") else ""
    return f"{'' if target['name'] in ('url', '') else target['name'] + ', '}{target['base_url']}{api}"


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
        lines += ["", f"| | effect | difference | probes | A | {label} | asked again | clients known to depend on it |"]
        lines += ["|---|---|---|---|---|---|---|---|", *(_row(row) for row in rows)]
    lines += _chance(candidate)
    for title, items in (("Changes the client needs", candidate["changes"]), ("Rollback", candidate["rollback"])):
        if items:
            lines += ["", f"### {title}", "", *(f"{number}. {cell(item)}" for number, item in enumerate(items, 1))]
    lines += _side_by_side(candidate)
    lines += _tokens(candidate)
    if candidate["not_compared"]:
        lines += ["", "### Not compared", ""]
        for row in candidate["not_compared"]:
            lines.append(f"- {cell(row['probe'])}: not observed on {row['missing_on']}: {cell(row['reason'])}")
    return lines


def _requests(document: dict[str, Any]) -> list[str]:
    """The user's own requests, each with what became of it on every side. What they say is in no record."""
    runs: list[dict[str, Any]] = document["runs"]
    rows: list[dict[str, Any]] = next((run["requests"] for run in runs if run.get("requests")), [])
    if not rows:
        return []
    labels = [target["label"] for target in document["targets"]]
    lines = ["", "## Your requests", "", f"| request | from | made of | {' | '.join(labels)} |"]
    lines.append("|---" * (3 + len(labels)) + "|")
    for row in rows:
        seen = (_answer(run, row["probe"]) for run in runs)
        times = f" ({row['times']} calls)" if row["times"] > 1 else ""
        cells = (row["probe"], f"{row['source']}{times}", row["summary"], *seen)
        lines.append(f"| {' | '.join(map(cell, cells))} |")
    return lines


def _answer(run: dict[str, Any], probe: str) -> str:
    refused = next((row["refused"] for row in run.get("requests", ()) if row["probe"] == probe), None)
    if refused:
        return str(refused["sentence"])
    found = [finding for finding in run["findings"] if finding["probe"] == probe]
    failed = [finding["clause"].rpartition(".")[2] for finding in found if finding["outcome"] == "broken"]
    answered = any(finding["exchange"] for finding in found)
    return f"failed: {', '.join(failed)}" if failed else "answered" if answered else "not sent"


def _side_by_side(candidate: dict[str, Any]) -> list[str]:
    """Of two APIs: what both were asked, and how each answered."""
    if not candidate.get("side_by_side"):
        return []
    lines = ["", "### The two APIs side by side", "", f"| | what | A | {candidate['label']} |", "|---|---|---|---|"]
    for sort in side_by_side.TITLES:
        lines += [
            f"| {sort} | {cell(row['what'])} | {cell(row['a'])} | {cell(row['b'])} |"
            for row in side_by_side.rows(candidate, sort)
        ]
    asked = [f"On {side} alone: {cell(said)}." for side, said in side_by_side.alone(candidate)]
    return [*lines, *(["", *asked] if asked else [])]


def _tokens(candidate: dict[str, Any]) -> list[str]:
    """What both sides count for the same requests, and what that costs where the configuration has prices."""
    if not candidate["tokens"]:
        return []
    label, cost = candidate["label"], candidate["cost"]
    lines = ["", "### Tokens", ""]
    if cost:
        of = f"{cost['requests']} requests like these cost, at the configured prices per million tokens:"
        lines += [f"{of} A {_money(cost['a'])}, {label} {_money(cost['b'])}.", ""]
    lines += [
        f"| request | prompt A | prompt {label} | completion A | completion {label} | cached A | cached {label} |"
    ]
    lines += ["|---|---|---|---|---|---|---|"]
    names = ("prompt_a", "prompt_b", "completion_a", "completion_b", "cached_a", "cached_b")
    for row in candidate["tokens"]:
        counts = ("–" if row[name] is None else str(row[name]) for name in names)
        lines.append(f"| {cell(row['probe'])} | {' | '.join(counts)} |")
    return lines


def _money(amount: float | None) -> str:
    return "unknown (no prices)" if amount is None else f"{amount:.4g}"


def _chance(candidate: dict[str, Any]) -> list[str]:
    """What came and went when both sides were asked again."""
    rows = [("not settled", row) for row in candidate["unsettled"]] + [("varies", row) for row in candidate["varies"]]
    if not rows:
        return []
    head = f"| | difference | probes | good on A | good on {candidate['label']} | requests to decide it |"
    lines = ["", "### Differences that did not repeat each time", "", head, "|---|---|---|---|---|---|"]
    for state, row in rows:
        about = " ".join(dict.fromkeys(filter(None, (row["kind"], row["subject"], row["at"]))))
        more = str(row["requests_to_settle"] or "–")
        fields = (state, about, ", ".join(row["probes"]), row["good_a"], row["good_b"], more)
        lines.append(f"| {' | '.join(cell(field) for field in fields)} |")
    return lines


def _row(row: dict[str, Any]) -> str:
    about = " ".join(dict.fromkeys(filter(None, (row["kind"], row["subject"], row["at"]))))
    clients = "; ".join(f"{c['client']}: {c['says']} ({c['source']}, {c['accessed']})" for c in row["clients"])
    again = row["repeated"]
    seen = f"good answers: A {again['good_a']}, {row['candidate']} {again['good_b']}" if again else "not asked again"
    fields = (row["effect"], about, ", ".join(row["probes"]), row["a"], row["b"], seen, clients or "unknown")
    return f"| {row['id']} | " + " | ".join(cell(field) for field in fields) + " |"
