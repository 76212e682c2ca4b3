"""One screen for a person at a terminal at night: verdict, cause, evidence, next step; then what lies behind it."""

from typing import Any

from chatproof.printable import escape, inert
from chatproof.reporters import Style

_COLORS = {"GO": "32", "NO-GO": "31", "UNDECIDED": "33", "warning": "33", "dim": "2", "bold": "1"}
_LABEL = 12
_DRIFTS = 12
_BEFORE_SENDING = {"dns", "connect", "proxy", "tls"}
_DANGER = "DANGER: "


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
    _held(document, lines)
    if style.verbosity > 0:
        exchanges(document, lines)
    footer(document, lines)
    return lines.text()


class Lines:
    """Collects lines: a label column, wrapped text, everything escaped here, at the edge."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.lines: list[str] = []

    def blank(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def paint(self, text: str, color: str) -> str:
        return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if self.style.color and color else text

    def add(self, label: str, text: str, *, color: str = "") -> None:
        room = max(self.style.width - _LABEL - 2, 24)
        for number, part in enumerate(_wrap(escape(text), room)):
            shown = f"{label if number == 0 else '':<{_LABEL}}"
            self.lines.append(f"  {self.paint(shown, color) if number == 0 else shown}{part}".rstrip())

    def head(self, word: str, color: str, text: str) -> None:
        """The line that is read first."""
        self.lines.append(f"{self.paint(word, color)}  {escape(text)}")

    def text(self) -> str:
        return inert("\n".join(self.lines).rstrip("\n")) + "\n"


def _wrap(text: str, width: int) -> list[str]:
    """Break at spaces; a word longer than the line stays whole, so that it can be copied."""
    lines, current = [], ""
    for word in text.split(" "):
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return [*lines, current]


def headline(document: dict[str, Any], lines: Lines) -> None:
    target, verdict = document["target"], document["verdict"]
    parts = [target["base_url"], f"model {target['model'] or '(none)'}"]
    if target["name"] not in ("url", ""):
        parts.insert(0, target["name"])
    lines.head(verdict, verdict, " · ".join(parts))
    if lines.style.verbosity < 0 and document["diagnoses"] and verdict != "GO":
        first = document["diagnoses"][0]
        lines.add("cause", f"{first['code']}: {first['summary']}")
    for note in _dangers(document):
        lines.add("DANGER", note.removeprefix(_DANGER), color="NO-GO")


def _dangers(document: dict[str, Any]) -> list[str]:
    """What a waiver must not make quiet."""
    return [note for note in document["notes"] if note.startswith(_DANGER)]


def _diagnosis(diagnosis: dict[str, Any], lines: Lines) -> None:
    lines.blank()
    lines.add("cause", f"{diagnosis['code']}: {diagnosis['summary']}", color="bold")
    details(diagnosis, lines)


def whose(diagnosis: dict[str, Any]) -> str:
    """The owner and how sure it is. Of an unknown owner nothing is sure: that word is about the cause."""
    owner, confidence = diagnosis["owner"], diagnosis["confidence"]
    return f"{owner} (the cause is {confidence})" if owner == "unknown" else f"{owner} ({confidence})"


def details(diagnosis: dict[str, Any], lines: Lines) -> None:
    lines.add("whose", whose(diagnosis))
    for number, line in enumerate(diagnosis["evidence"]):
        lines.add("evidence" if number == 0 else "", line)
    lines.add("next", diagnosis["next_step"])


def _broken(document: dict[str, Any], lines: Lines) -> None:
    owners = {clause: d for d in reversed(document["diagnoses"]) for clause in d["clauses"]}
    broken = [f for f in document["findings"] if f["outcome"] == "broken"]
    if not broken:
        return
    lines.blank()
    for finding in broken:
        mark = "broken" if finding["level"] == "must" else "warning"
        lines.add(
            mark,
            f"{finding['clause']} at {finding['at']} ({finding['probe']})",
            color="NO-GO" if mark == "broken" else "warning",
        )
        lines.add("", f"expected {finding['expected']}; observed {finding['observed']}")
        cause = owners.get(finding["clause"])
        if cause is not None:
            lines.add("", f"cause {cause['code']}, owner {cause['owner']}")


def _undecided(document: dict[str, Any], lines: Lines) -> None:
    """What was not judged and why, one line for each reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for finding in document["findings"]:
        if finding["outcome"] in ("undecided", "not_applicable", "waived"):
            groups.setdefault((finding["outcome"], finding["reason"]), []).append(finding["clause"])
    if not groups:
        return
    lines.blank()
    names = {"undecided": "not judged", "not_applicable": "n/a", "waived": "waived"}
    for (outcome, reason), clauses in groups.items():
        folded = fold(clauses, [finding["clause"] for finding in document["findings"]])
        lines.add(names[outcome], f"{folded}: {reason}", color="dim")


def _held(document: dict[str, Any], lines: Lines) -> None:
    outcomes: dict[str, set[str]] = {}
    for finding in document["findings"]:
        outcomes.setdefault(finding["clause"], set()).add(finding["outcome"])
    held = [clause for clause, seen in outcomes.items() if seen == {"holds"}]
    lines.blank()
    count = f"{len(held)} of {len(outcomes)} clauses"
    lines.add("held", f"{count}: {fold(held, list(outcomes))}" if held else count, color="dim")


def fold(clauses: list[str], known: list[str]) -> str:
    """Clause names, a whole family of three or more as `happy.* (6)`."""
    families: dict[str, list[str]] = {}
    for clause in dict.fromkeys(clauses):
        families.setdefault(clause.rpartition(".")[0], []).append(clause)
    parts = []
    for family, members in families.items():
        whole = {clause for clause in known if clause.rpartition(".")[0] == family}
        parts.append(
            f"{family}.* ({len(members)})" if whole == set(members) and len(members) > 2 else ", ".join(members)
        )
    return ", ".join(parts)


def exchanges(document: dict[str, Any], lines: Lines) -> None:
    lines.blank()
    for exchange in document["exchanges"]:
        response, fault = exchange["response"], exchange["fault"]
        status = response and (response["status"] or "(status unknown)")
        said = f"HTTP {status} {response['media_type']} {response['body']['bytes']} bytes" if response else ""
        said += f" {fault['code']} ({fault['phase']}): {fault['detail']}" if fault else ""
        times = ", ".join(f"{phase} {ms:g} ms" for phase, ms in exchange["timings_ms"].items() if ms is not None)
        lines.add(
            exchange["id"],
            f"{exchange['probe']}: {exchange['request']['method']} {exchange['request']['url']}",
        )
        lines.add("", f"{said.strip()}; {times}" if times else said.strip())
        if response and response["request_id"]:
            lines.add("", f"request id {response['request_id']}")
        if response and lines.style.verbosity > 1:
            for name, value in response["headers"]:
                lines.add("", f"{name}: {value}")
        if response and response["body"]["excerpt"]:
            lines.add("body", response["body"]["excerpt"][:600])


def _drift(document: dict[str, Any], lines: Lines) -> None:
    """What differs from the good runs before: a warning, whatever the verdict."""
    rows = document.get("drift", [])
    for number, row in enumerate(rows[:_DRIFTS]):
        was, now = (_said(row[side]) for side in ("before", "after"))
        change = {"lost": f"lost (was {was})", "added": f"new ({now})"}.get(row["change"], f"{was} → {now}")
        lines.add("drift" if number == 0 else "", f"{row['probe']}: {row['path']} {change}", color="warning")
    if len(rows) > _DRIFTS:
        lines.add("", f"… and {len(rows) - _DRIFTS} more, in the JSON report")
    if rows:
        many = len(document["drift_baseline"])
        runs = f"the last {many} good runs" if many > 1 else document["drift_baseline"][0]
        lines.add("", f"compared with {runs}; see: chatproof diff {document['drift_baseline'][0]} {document['run_id']}")
        lines.blank()


def _said(value: Any) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value or "without a value")


def _unsent(document: dict[str, Any]) -> str:
    """When no request got on its way, nothing was sent and nothing is billed."""
    faults = [e["fault"] if e["response"] is None else None for e in document["exchanges"]]
    phases = {fault["phase"] if fault else "" for fault in faults}
    if document["kind"] == "judge" or not phases or not phases <= _BEFORE_SENDING:
        return ""
    many = f"{len(faults)} request{'' if len(faults) == 1 else 's'}"
    return f"nothing: {many} got no further than {', '.join(sorted(phases))}"


def footer(document: dict[str, Any], lines: Lines) -> None:
    lines.blank()
    _drift(document, lines)
    for note in document["notes"]:
        if not note.startswith(_DANGER):
            lines.add("note", note, color="warning")
    cost, target = document["cost"], document["target"]
    tokens = f", {cost['tokens_reported']} tokens reported" if cost["tokens_reported"] else ""
    key = target["key"]
    known = f"{key['source']}, {key['length']} characters, fingerprint {key['fingerprint']}" if key else "none"
    lines.add("key", known, color="dim")
    many = f"{cost['requests']} request{'' if cost['requests'] == 1 else 's'}"
    label = "captured" if document["kind"] == "judge" else "sent"
    lines.add(label, _unsent(document) or f"{many}, {cost['billable_requests']} billable{tokens}", color="dim")
    ids = [e["response"]["request_id"] for e in document["exchanges"] if e["response"] and e["response"]["request_id"]]
    if ids and document["verdict"] != "GO":
        lines.add("ids", ", ".join(dict.fromkeys(ids[:4])), color="dim")
    if target["support"] and document["diagnoses"]:
        lines.add("support", target["support"], color="dim")
    lines.add("run", f"{document['run_id']}, {document['started_at']}", color="dim")
