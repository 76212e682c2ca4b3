"""Markdown for a ticket, a pull request or a step summary: verdict, cause, what is broken, what was sent.

Untrusted words stand in code spans, where no host of Markdown makes links, mentions, images or HTML of them.
"""

import re
from typing import Any

from chatproof.reporters import Style
from chatproof.reporters.cases import ERROR, FAILED, SKIPPED, WARNED, Case, cases, clean

_WORD = re.compile(r"""["'(]*[A-Za-z]+(?:['-][A-Za-z]+)*["')]*[,;.:!?]*|[0-9]{1,5}[,;.:)]*|[-–—=]""")
_MARKS = {FAILED: "broken", WARNED: "warning", ERROR: "undecided"}


def render(document: dict[str, Any], style: Style) -> str:
    target, all_cases = document["target"], cases(document)
    where = [code(target["base_url"]), f"model {code(target['model'] or '(none)')}"]
    if target["name"] not in ("url", ""):
        where.insert(0, code(target["name"]))
    lines = [f"## chatproof {document['kind']}: {document['verdict']}", "", " · ".join(where), ""]
    for number, diagnosis in enumerate(document["diagnoses"]):
        lines += _diagnosis("Cause" if number == 0 and document["verdict"] != "GO" else "Also", diagnosis)
    lines += _troubled([case for case in all_cases if case.state in _MARKS])
    held = [case.id for case in all_cases if case.outcome == "holds"]
    if held:
        lines += [f"**Held**: {len(held)} of {len(all_cases)} checks.", ""]
    lines += _skipped([case for case in all_cases if case.state == SKIPPED])
    lines += _exchanges(document)
    lines += [f"- note: {prose(note)}" for note in document["notes"]]
    lines.append(f"- run {code(document['run_id'])}, {document['started_at']}, {_sent(document['cost'])}")
    return "\n".join([*lines, ""])


def code(text: str, limit: int = 300) -> str:
    """Any text as a code span that no text can end, in a table cell too."""
    text = clean(text, limit).replace("|", "\\x7c").strip()
    if not text:
        return "` `"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    edge = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{edge}{text}{edge}{fence}"


def prose(text: str, limit: int = 600) -> str:
    """A sentence: plain words as they are, whatever else in code spans."""
    parts: list[str] = []
    odd: list[str] = []
    for word in clean(text, limit).split():
        if _WORD.fullmatch(word):
            parts += [code(" ".join(odd), limit), word] if odd else [word]
            odd = []
        else:
            odd.append(word)
    return " ".join([*parts, code(" ".join(odd), limit)] if odd else parts)


def _diagnosis(label: str, diagnosis: dict[str, Any]) -> list[str]:
    return [
        f"**{label}**: {code(diagnosis['code'])}: {prose(diagnosis['summary'])}",
        "",
        f"- whose: {diagnosis['owner']} ({diagnosis['confidence']})",
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
    return ["| | clause | level | what was seen | cause |", "|---|---|---|---|---|", *rows, ""]


def _skipped(skipped: list[Case]) -> list[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for case in skipped:
        reasons.setdefault((case.outcome.replace("_", " "), case.message), []).append(case.id)
    lines = [f"- {outcome}: {code(', '.join(ids), 600)}: {prose(why)}" for (outcome, why), ids in reasons.items()]
    return [*lines, ""] if lines else []


def _exchanges(document: dict[str, Any]) -> list[str]:
    rows = []
    for exchange in document["exchanges"]:
        response, fault, total = exchange["response"], exchange["fault"], exchange["timings_ms"]["total"]
        said = f"HTTP {response['status']}" if response else ""
        said = " ".join(word for word in (said, code(fault["code"]) if fault else "") if word)
        request_id = code(response["request_id"]) if response and response["request_id"] else ""
        time = f"{total:g} ms" if total is not None else ""
        rows.append(f"| {code(exchange['probe'])} | {said} | {time} | {request_id} |")
    return ["| sent | answered | time | request id |", "|---|---|---|---|", *rows, ""] if rows else []


def _sent(cost: dict[str, int]) -> str:
    tokens = f", {cost['tokens_reported']} tokens reported" if cost["tokens_reported"] else ""
    return f"{cost['requests']} requests, {cost['billable_requests']} billable{tokens}"
