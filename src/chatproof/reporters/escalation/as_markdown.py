"""An escalation bundle for a help center's form or a mail: one Markdown file that needs nothing beside it."""

import re
from typing import Any

from chatproof.printable import escape
from chatproof.reporters import Style
from chatproof.reporters.markdown import own, words


def render(document: dict[str, Any], style: Style) -> str:
    run, target, cause = document["run"], document["target"], document["cause"]
    lines = [f"# Escalation: {words(cause['summary'] if cause else 'see below')}", ""]
    lines += [
        f"- kind of problem: {' and '.join(document['sort']) or 'undecided'}",
        f"- endpoint: {_code(target['base_url'])}, model {_code(target['model'] or 'unknown')}",
        f"- observed: {run['started_at']} to {run['finished_at']} (UTC), environment {words(target['environment'])}",
        f"- run: {_code(run['run_id'])}, {run['kind']}, verdict {run['verdict']}",
        f"- where to send this: {own(document['support'] or 'the profile knows no support channel')}",
    ]
    if cause:
        lines.append(f"- diagnosis: {_code(cause['code'])}, owner {cause['owner']} ({cause['confidence']})")
    lines += _mismatches(document)
    if document["degradation"]:
        lines += ["", "## Degradation", "", "Not a part of the contract: it is not about the form of the replies.", ""]
        lines += ["| probe | sent (UTC) | observed | request id |", "|---|---|---|---|"]
        for row in document["degradation"]:
            lines.append(_row(*(words(row[name]) for name in ("probe", "sent_at", "observed", "request_id"))))
    lines += ["", "## Impact", "", *(f"- {own(item)}" for item in document["impact"])] if document["impact"] else []
    lines += _reproduction(document["reproduction"])
    lines += _evidence(document["exchanges"])
    lines += _list("Not tested", document["not_tested"])
    lines += _list("Notes", document["notes"])
    made = f"Made by chatproof {document['tool']['version']}, {document['made_at']}."
    return "\n".join([*lines, "", made, ""])


def _mismatches(document: dict[str, Any]) -> list[str]:
    if not document["mismatches"]:
        return []
    lines = [
        "",
        "## Contract mismatch",
        "",
        "| clause | expected | observed | probe, sent (UTC) | request id | source |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for row in document["mismatches"]:
        at = f" at {row['at']}" if row["at"] else ""
        lines.append(
            _row(
                f"{words(row['clause'])} ({row['level']}): {own(row['says'])}",
                words(row["expected"]),
                words(f"{row['observed']}{at}; HTTP {row['status']}"),
                words(f"{row['probe']}, {row['sent_at'] or 'unknown'}"),
                words(row["request_id"]),
                f"{own(row['source'])} (accessed {own(row['accessed'])})",
            )
        )
    return lines


def _reproduction(found: dict[str, Any]) -> list[str]:
    lines = ["", "## Reproduction", ""]
    if found["why_none"]:
        return [*lines, f"None: {found['why_none']}."]
    lines.append(
        f"The key is read from the variable {_code('$' + found['variable'])}; this bundle contains no prompt of a user."
    )
    for row in found["commands"]:
        lines += ["", f"{words(row['probe'])}: {words(row['does'])}", "", *_block(row["curl"], "sh")]
    return lines


def _evidence(exchanges: list[dict[str, Any]]) -> list[str]:
    lines = ["", "## Replies"] if exchanges else []
    for exchange in exchanges:
        fault, total = exchange["fault"], exchange["timings_ms"]["total"]
        said = (
            f"HTTP {exchange['status'] or 'status unknown'}" if exchange["status"] or not fault else "no complete reply"
        )
        took = f", {total:g} ms" if total is not None else ""
        lines += ["", f"{words(exchange['probe'])}, {exchange['sent_at'] or 'time unknown'}: {said}{took}", ""]
        text = [f"{name}: {value}" for name, value in exchange["headers"]]
        text += [f"fault {fault['code']} ({fault['phase']}): {fault['detail']}"] if fault else []
        text += ["", exchange["excerpt"]] if exchange["excerpt"] else []
        lines += _block("\n".join(text), "")
    return lines


def _list(title: str, items: list[str]) -> list[str]:
    return ["", f"## {title}", "", *(f"- {words(item)}" for item in items)] if items else []


def _row(*fields: str) -> str:
    """A row of cells that are Markdown already."""
    return f"| {' | '.join(fields)} |"


def _code(text: str) -> str:
    return f"`{escape(text).replace('`', '')}`"


def _block(text: str, language: str) -> list[str]:
    """A fenced block whose fence is longer than any run of backticks in it."""
    shown = escape(text, keep="\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    return [f"{fence}{language}", *shown.rstrip("\n").split("\n"), fence]
