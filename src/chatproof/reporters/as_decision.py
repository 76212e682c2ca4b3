"""The rollout decision for a change ticket, in Markdown: what was decided and why, and everything that it rests on.

Sources checked, request templates with the key by its variable's name, fields observed, failure modes tested,
capabilities, waivers, and what was not checked. It is complete rather than short; the text report is the short one.
"""

import re
from typing import Any

from chatproof.printable import cut, escape
from chatproof.reporters import Style, narrowed
from chatproof.reporters.lines import sent
from chatproof.reporters.markdown import cell, own, words

_OUTCOMES = ("broken", "undecided", "waived", "holds", "not_applicable")  # a clause stands as on its worst exchange
_WORDS = {"not_applicable": "not applicable", "undecided": "not checked", "broken": "failed", "holds": "passed"}
_REFUSED, _FORM = ("key_refusal", "refusal"), "key_form"  # roles of probes
_OLDER_ROLES = {"auth.": "key_refusal", "error.": "refusal", "key.": _FORM}
_OLDER_SHAPES = {
    "happy": "the completion",
    "stream": "the chunks of a stream",
    "stream.usage": "the chunks of a stream with usage",
    "tools": "a reply to a forced tool call",
    "models": "the listing of models",
    "auth.invalid_key": "the refusal of a wrong key",
    "error.missing_messages": "the refusal of a request without messages",
}
"""What an exchange is for, and how its reply is called, in documents of 0.1, which do not say so: by its probe."""
_PATHS = 60
_CELL = 300
Rows = list[list[str]]


def render(document: dict[str, Any], style: Style) -> str:
    clauses = _clauses(document)
    parts = [
        _head(document),
        _decision(document, clauses),
        _capabilities(document),
        _failure_modes(document, clauses),
        _waivers(document, clauses),
        _not_judged(clauses),
        _tokens(document),
        _fields(document),
        _sources(document),
        _requests(document),
        _contract(clauses),
        _run(document),
    ]
    return escape("\n".join(line for part in parts for line in part), keep="\n")


def _clauses(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Each clause with its worst finding, and what the contract says of it where the document holds that."""
    terms = {term["clause"]: term for term in document.get("terms", [])}
    worst: dict[str, dict[str, Any]] = {}
    for finding in document["findings"]:
        before = worst.get(finding["clause"])
        if before is None or _OUTCOMES.index(finding["outcome"]) < _OUTCOMES.index(before["outcome"]):
            worst[finding["clause"]] = finding
    return [{"layer": "", "says": "", "waiver": None, **terms.get(id, {}), **found} for id, found in worst.items()]


def _head(document: dict[str, Any]) -> list[str]:
    target, key = document["target"], document["target"]["key"]
    known = f"{key['source']}, {key['length']} characters, fingerprint {key['fingerprint']}" if key else "none"
    rows = [
        ["endpoint", _code(target["base_url"])],
        ["model", _code(target["model"])],
        ["profile", cell(target["profile"])],
        ["environment", cell(target["environment"])],
        ["key", _code(known)],
        ["run", f"{document['run_id']}, {document['started_at']} to {document['finished_at']}"],
        ["contract", f"sha256 {document['tool']['contract']}"],
    ]
    less = " (narrowed)" if narrowed(document) else ""
    return [f"# Rollout decision: {document['verdict']}{less}", "", *_table(["", ""], rows), ""]


def _decision(document: dict[str, Any], clauses: list[dict[str, Any]]) -> list[str]:
    """The verdict, its reasons, and the conditions under which it stands."""
    dangers = [note for note in document["notes"] if note.startswith("DANGER: ")]
    musts = [clause for clause in clauses if clause["level"] == "must"]
    of = {outcome: [c for c in musts if c["outcome"] == outcome] for outcome in _OUTCOMES}
    warned = [clause for clause in clauses if clause["level"] != "must" and clause["outcome"] == "broken"]
    words = {
        "GO": "The endpoint is ready for traffic: every required clause was checked and passed, or is waived below.",
        "NO-GO": "Send no traffic to the endpoint: a complete reply breaks a rule that a client relies on.",
        "UNDECIDED": "No decision can be made: a required clause could not be observed. This is not a GO.",
    }
    if narrowed(document):
        words["GO"] = (
            "All checks passed, but a part of the contract was not checked: this is not a decision about a rollout."
        )
    lines = ["## Decision", "", f"**{document['verdict']}**. {words[document['verdict']]}", ""]
    if narrowed(document):
        lines += [f"**Narrowed** by {_span(narrowed(document))}: what was left out was not checked.", ""]
    lines += [line for note in dangers for line in (f"**DANGER**: {cell(note.removeprefix('DANGER: '))}", "")]
    if document["kind"] == "judge":
        lines += [
            "Captured exchanges were judged; nothing was sent. A part that is missing in a capture is not checked.",
            "",
        ]
    if "terms" not in document:
        lines += [
            "Only the smoke contract was checked. `chatproof validate` checks the complete one before a rollout.",
            "",
        ]
    counts = ", ".join(f"{len(found)} {_WORDS.get(outcome, outcome)}" for outcome, found in of.items() if found)
    lines.append(f"- Required clauses: {counts or 'none was requested'}.")
    lines += [f"- **Failed** `{clause['clause']}`: {_seen(clause)}" for clause in of["broken"]]
    if of["undecided"]:
        reasons = dict.fromkeys(clause["reason"] for clause in of["undecided"])
        lines += [f"- **Not checked**: {cell(reason)}." for reason in list(reasons)[:8]]
    lines += [f"- Warning `{clause['clause']}`: {_seen(clause)}" for clause in warned]
    lines.append("")
    if document["diagnoses"]:
        rows = [
            [f"`{d['code']}`", cell(d["summary"]), f"{d['owner']} ({d['confidence']})", cell(d["next_step"])]
            for d in document["diagnoses"]
        ]
        lines += ["### Causes and next steps", "", *_table(["cause", "what it means", "owner", "next step"], rows), ""]
    return lines


def _seen(clause: dict[str, Any]) -> str:
    at = f"at {_span(clause['at'])}, " if clause["at"] else ""
    said = f"{at}expected {_span(clause['expected'])}; observed {_span(clause['observed'])}"
    return f"{said}; {cell(clause['reason'])}" if clause["reason"] else said


def _capabilities(document: dict[str, Any]) -> list[str]:
    rows = [
        [f"`{row['name']}`", row["state"], "yes" if row["required"] else "", _code(row["said"])]
        for row in document.get("capabilities", [])
    ]
    if not rows:
        return []
    about = (
        "Unsupported: clearly refused. Ignored: accepted, but without effect and without an "
        "error. Broken: done in a form that\nclients cannot read. Required capabilities must be "
        "supported."
    )
    heads = ["capability", "state", "required", "seen by"]
    return ["## Capabilities", "", about, "", *_table(heads, rows), ""]


def _failure_modes(document: dict[str, Any], clauses: list[dict[str, Any]]) -> list[str]:
    """What was done wrong on purpose, and how it was met."""
    exchanges = {exchange["probe"]: exchange for exchange in document["exchanges"]}
    rows = []
    for probe, exchange in exchanges.items():
        mine = [clause for clause in clauses if clause["probe"] == probe]
        if _role(exchange) not in _REFUSED:
            continue
        bad = [clause for clause in mine if clause["outcome"] in ("broken", "undecided", "waived")]
        stands = ", ".join(f"`{clause['clause']}` {_WORDS.get(clause['outcome'], clause['outcome'])}" for clause in bad)
        rows.append([f"`{probe}`", words(exchange["request"]["summary"]), _answer(exchange), stands or "passed"])
    forms = [
        [f"`{probe}`", words(exchange["request"]["summary"]), _answer(exchange)]
        for probe, exchange in exchanges.items()
        if _role(exchange) == _FORM
    ]
    lines = ["## Failure modes tested", "", *_table(["probe", "sent", "answered", "outcome"], rows), ""]
    if forms:
        about = "Forms of the key are recorded, not judged: providers differ, and no client can rely on one."
        lines += [about, "", *_table(["probe", "sent", "answered"], forms), ""]
    return lines


def _role(exchange: dict[str, Any]) -> str:
    if "role" in exchange:
        return str(exchange["role"])
    return next((role for start, role in _OLDER_ROLES.items() if exchange["probe"].startswith(start)), "")


def _answer(exchange: dict[str, Any]) -> str:
    response, fault = exchange["response"], exchange["fault"]
    if fault:
        return f"{fault['code']} ({fault['phase']})"
    return (
        f"{response['status'] or 'status unknown'} {_code(response['media_type'])}, {response['body']['kind']}"
        if response
        else "nothing"
    )


def _waivers(document: dict[str, Any], clauses: list[dict[str, Any]]) -> list[str]:
    rows = []
    for clause in clauses:
        waiver = clause["waiver"]
        if waiver is None:
            continue
        whose = "you" if waiver["own"] else "the profile"
        until = f"{waiver['expires']}{' (expired)' if waiver['expired'] else ''}" if waiver["expires"] else "–"
        used = {"waived": "yes", "broken": "no, expired"}.get(clause["outcome"], "no, nothing to waive")
        rows.append([f"`{clause['clause']}`", whose, cell(waiver["reason"]), cell(waiver["source"]), until, used])
    if not rows:
        return ["## Waivers", "", "None.", ""]
    return ["## Waivers", "", *_table(["clause", "set by", "reason", "ticket or source", "until", "used"], rows), ""]


def _not_judged(clauses: list[dict[str, Any]]) -> list[str]:
    """One row for each reason: a reader must see what this decision says nothing about."""
    groups: dict[tuple[str, str], list[str]] = {}
    for clause in clauses:
        if clause["outcome"] in ("undecided", "not_applicable"):
            level = "" if clause["level"] == "must" else f" ({clause['level']})"
            groups.setdefault((clause["outcome"], clause["reason"]), []).append(f"`{clause['clause']}`{level}")
    rows = [[_WORDS[outcome], cell(reason), ", ".join(ids)] for (outcome, reason), ids in groups.items()]
    always = "Price, quota, latency, uptime and the text of the model are never judged."
    table = _table(["", "reason", "clauses"], rows) if rows else ["Every clause in force was checked."]
    return ["## Not checked", "", always, "", *table, ""]


def _tokens(document: dict[str, Any]) -> list[str]:
    """What each success reports of tokens: what a bill will be made of."""
    heads = ("prompt", "completion", "cached", "reasoning")
    rows = []
    for exchange in document["exchanges"]:
        usage = (exchange["response"] or {}).get("usage")
        if usage:
            rows.append([f"`{exchange['probe']}`", *("–" if name not in usage else str(usage[name]) for name in heads)])
    return ["## Tokens reported", "", *_table(["probe", *heads], rows), ""]


def _fields(document: dict[str, Any]) -> list[str]:
    """JSON paths with their types, without values."""
    lines = ["## Fields observed", ""]
    for exchange in document["exchanges"]:
        response = exchange["response"]
        shown = exchange.get("shown_as", "") if "role" in exchange else _OLDER_SHAPES.get(exchange["probe"], "")
        if not shown or not response or not response["body"]["shape"]:
            continue
        shape = response["body"]["shape"]
        rows = [[_code(path), _code(types.replace("|", " or "))] for path, types in shape[:_PATHS]]
        if len(shape) > _PATHS:
            rows.append(["…", f"{len(shape) - _PATHS} more paths"])
        lines += [f"### Of {words(shown)} (`{exchange['probe']}`, answered {_answer(exchange)})", ""]
        lines += [*_table(["path", "types"], rows), ""]
    if len(lines) == 2:
        lines += ["None: no reply contained JSON.", ""]
    return lines


def _sources(document: dict[str, Any]) -> list[str]:
    groups: dict[tuple[str, str], int] = {}
    for term in document.get("terms", []):
        place = (term["source"], term["accessed"])
        groups[place] = groups.get(place, 0) + 1
    rows = [[own(url), accessed, str(count)] for (url, accessed), count in groups.items()]
    if not rows:
        return []
    about = "The contract follows these pages as they were on that day; read them again before you rely on a detail."
    return ["## Sources checked", "", about, "", *_table(["source", "accessed", "clauses"], rows), ""]


def _requests(document: dict[str, Any]) -> list[str]:
    """What was sent, as templates: the key stands in them by the name of its variable."""
    lines = ["## Request templates", ""]
    for exchange in document["exchanges"]:
        request = exchange["request"]
        template = request.get("template", {"headers": [], "body": ""})
        text = [f"{request['method']} {request['url']}"]
        text += [f"{name}: {value}" for name, value in template["headers"]]
        text += ["", template["body"]] if template["body"] else []
        block = [escape(line) for line in text]
        fence = "`" * max(3, 1 + max(len(run) for run in [*re.findall("`+", "\n".join(block)), ""]))
        lines += [f"`{exchange['probe']}`, answered {_answer(exchange)}:", "", fence, *block, fence, ""]
    return lines


def _contract(clauses: list[dict[str, Any]]) -> list[str]:
    """Every clause with its outcome, by layer, musts first."""
    lines = ["## The contract, clause by clause", ""]
    for layer in dict.fromkeys(clause["layer"] for clause in clauses):
        mine = sorted((c for c in clauses if c["layer"] == layer), key=lambda c: c["level"] != "must")
        rows = [[f"`{c['clause']}`", c["level"], _WORDS.get(c["outcome"], c["outcome"]), own(c["says"])] for c in mine]
        lines += [f"### {layer.capitalize() or 'Clauses'}", ""] if layer else []
        lines += [*_table(["clause", "level", "outcome", "what it says"], rows), ""]
    return lines


def _run(document: dict[str, Any]) -> list[str]:
    lines = ["## The run", ""]
    if document["verdict"] == "GO" and document.get("not_asked"):
        lines.append(f"- not requested, so not checked: {'; '.join(map(cell, document['not_asked']))}")
    lines += [f"- {cell(note)}" for note in document["notes"]]
    ids = [e["response"]["request_id"] for e in document["exchanges"] if e["response"] and e["response"]["request_id"]]
    lines.append(f"- {sent(document)}")
    if ids:
        lines.append(f"- request ids: {', '.join(_span(id) for id in ids[:8])}{' …' if len(ids) > 8 else ''}")
    if document["target"]["support"]:
        lines.append(f"- support: {own(document['target']['support'])}")
    return [*lines, f"- made by chatproof {document['tool']['version']}", ""]


def _code(text: str) -> str:
    """Untrusted text as a code span in a table's cell: as it is, and nothing in it is read as Markdown."""
    return _span(text).replace("|", "\\|")


def _span(text: str) -> str:
    """Untrusted text as a code span that it cannot end."""
    text = cut(escape(text), _CELL).strip()
    fence = "`" * (1 + max(len(run) for run in [*re.findall("`+", text), ""]))
    edge = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{edge}{text}{edge}{fence}" if text else ""


def _table(heads: list[str], rows: Rows) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)] if rows else ["None."]
