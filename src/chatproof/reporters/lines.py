"""Lines of text for a person at a terminal, and the parts that smoke's and validate's texts share."""

from __future__ import annotations

from chatproof.printable import escape
from chatproof.reporters import Style, narrowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_COLORS = {"GO": "32", "NO-GO": "31", "UNDECIDED": "33", "warning": "33", "dim": "2", "bold": "1"}
_LABEL = 12
_DRIFTS = 12
_FEW = 3  # names in a headline
_DANGER = "DANGER: "


def paint(text: str, color: str, on: bool) -> str:
    """Text in one of the report's colours, where colours are wanted."""
    return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if on and color in _COLORS else text


class Lines:
    """Collects lines: a label column, wrapped text, everything escaped here, at the edge."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.lines: list[str] = []

    def blank(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def paint(self, text: str, color: str) -> str:
        return paint(text, color, self.style.color)

    def add(self, label: str, text: str, *, color: str = "") -> None:
        room = max(self.style.width - _LABEL - 2, 24)
        for number, part in enumerate(wrap(escape(text), room)):
            shown = f"{label if number == 0 else '':<{_LABEL}}"
            self.lines.append(f"  {self.paint(shown, color) if number == 0 else shown}{part}".rstrip())

    def head(self, word: str, color: str, text: str) -> None:
        """The line that is read first."""
        self.lines.append(f"{self.paint(word, color)}  {escape(text)}")

    def text(self) -> str:
        return "\n".join(self.lines).rstrip("\n") + "\n"


def wrap(text: str, width: int) -> list[str]:
    """Break at spaces; a word longer than the line stays whole, so that it can be copied."""
    lines, current = [], ""
    for word in text.split(" "):
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return [*lines, current]


def not_asked(document: dict[str, Any], lines: Lines) -> None:
    """End a GO with what it says nothing of: the features that no request exercised."""
    if document.get("not_asked"):
        lines.blank()
        lines.add("not asked", "; ".join(document["not_asked"]), color="dim")


def _counted(narrowing: str) -> str:
    """A reason with the probes it kept back: more than a few are counted, for the record has their names."""
    reason, bracket, probes = narrowing.partition(" (")
    count = probes.count(",") + 1
    return f"{reason} ({count} requests)" if bracket and count > _FEW else narrowing


def narrowed_by(what: Iterable[str]) -> str:
    """What the headline says of a verdict that does not cover the whole contract."""
    return f"narrowed by {', '.join(map(_counted, what))}"


def headline(document: dict[str, Any], lines: Lines) -> None:
    target, verdict = document["target"], document["verdict"]
    parts = [target["base_url"], f"model {target['model'] or '(none)'}"]
    if target["name"] not in ("url", ""):
        parts.insert(0, target["name"])
    if narrowed(document):
        parts.insert(0, narrowed_by(document["narrowed"]))
    lines.head(verdict, verdict, " · ".join(parts))
    if lines.style.verbosity < 0 and document["diagnoses"] and verdict != "GO":
        first = document["diagnoses"][0]
        lines.add("cause", f"{first['code']}: {first['summary']}")
        lines.add("owner", owner_of(first))
        lines.add("next", first["next_step"])
    way = document.get("origin") or {}
    if lines.style.verbosity >= 0 and any(way.get(name) for name in ("config", "proxy", "ca_file")):
        from chatproof.target.origin import sentence

        lines.add("origin", sentence(way), color="dim")
    for note in _dangers(document):
        lines.add("DANGER", note.removeprefix(_DANGER), color="NO-GO")


def _dangers(document: dict[str, Any]) -> list[str]:
    """What a waiver must not make quiet."""
    return [note for note in document["notes"] if note.startswith(_DANGER)]


def owner_of(diagnosis: dict[str, Any]) -> str:
    """The owner and how sure it is. Of an unknown owner nothing is sure: that word is about the cause."""
    owner, confidence = diagnosis["owner"], diagnosis["confidence"]
    return f"{owner} (the cause is {confidence})" if owner == "unknown" else f"{owner} ({confidence})"


def details(diagnosis: dict[str, Any], lines: Lines) -> None:
    lines.add("owner", owner_of(diagnosis))
    for number, line in enumerate(diagnosis["evidence"]):
        lines.add("evidence" if number == 0 else "", line)
    lines.add("next", diagnosis["next_step"])


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


def held_of(document: dict[str, Any]) -> tuple[list[str], list[str]]:
    """(the clauses that hold wherever they apply, all clauses)."""
    outcomes: dict[str, set[str]] = {}
    for finding in document["findings"]:
        outcomes.setdefault(finding["clause"], set()).add(finding["outcome"])
    return [clause for clause, seen in outcomes.items() if "holds" in seen <= {"holds", "not_applicable"}], list(
        outcomes
    )


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
        kept = response["body"].get("kept") if response else None
        if kept:
            said = f"{kept['bytes']} bytes in the journal: chatproof show {document['run_id']} --body {exchange['id']}"
            lines.add("whole body", said if kept["sha256"] else f"not kept: {kept['reason']}")


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


def sent(document: dict[str, Any]) -> str:
    """What was sent and what it cost; and what never left, which costs nothing."""
    cost = document["cost"]
    judged = document["kind"] == "judge"
    stopped = [e for e in document["exchanges"] if not (judged or e.get("sent", True))]
    phases = ", ".join(sorted({e["fault"]["phase"] for e in stopped}))
    if stopped and not cost["requests"]:
        return f"nothing: {_requests(len(stopped))} got no further than {phases}"
    tokens = f", {cost['tokens_reported']} tokens reported" if cost["tokens_reported"] else ""
    less = f"; {len(stopped)} more got no further than {phases}" if stopped else ""
    return f"{_requests(cost['requests'])}, {cost['billable_requests']} billable{tokens}{less}"


def _requests(count: int) -> str:
    return f"{count} request{'' if count == 1 else 's'}"


def footer(document: dict[str, Any], lines: Lines) -> None:
    lines.blank()
    _drift(document, lines)
    for note in document["notes"]:
        if not note.startswith(_DANGER):
            lines.add("note", note, color="warning")
    target = document["target"]
    key = target["key"]
    known = f"{key['source']}, {key['length']} characters, fingerprint {key['fingerprint']}" if key else "none"
    lines.add("key", known, color="dim")
    label = "captured" if document["kind"] == "judge" else "sent"
    lines.add(label, sent(document), color="dim")
    ids = [e["response"]["request_id"] for e in document["exchanges"] if e["response"] and e["response"]["request_id"]]
    if ids and document["verdict"] != "GO":
        lines.add("ids", ", ".join(dict.fromkeys(ids[:4])), color="dim")
    if target["support"] and document["diagnoses"]:
        lines.add("support", target["support"], color="dim")
    lines.add("run", f"{document['run_id']}, {document['started_at']}", color="dim")
