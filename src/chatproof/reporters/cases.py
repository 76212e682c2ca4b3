"""What test reports have in common: each finding as a case with one of five states. The one table of the mapping.

A report is red exactly when the verdict is not GO: a broken `should` is a warning, and what could not be observed of a
`should` is skipped, never passed.
"""

from typing import Any, NamedTuple

from chatproof.printable import cut, escape, inert
from chatproof.reporters import narrowed

PASSED, WARNED, FAILED, ERROR, SKIPPED = "passed", "warned", "failed", "error", "skipped"
STATES = {
    ("holds", True): PASSED,
    ("holds", False): PASSED,
    ("broken", True): FAILED,
    ("broken", False): WARNED,
    ("undecided", True): ERROR,
    ("undecided", False): SKIPPED,
    ("not_applicable", True): SKIPPED,
    ("not_applicable", False): SKIPPED,
    ("waived", True): SKIPPED,
    ("waived", False): SKIPPED,
}
"""(outcome, whether the clause is a must) → state. `--strict` made a should a must before this is looked up."""


class Shown(NamedTuple):
    """How a state is told in the formats that have words of their own for it; empty: not told."""

    junit: str
    tap: str
    ctrf: str
    sarif_kind: str
    sarif_level: str
    github: str
    gitlab: str


SHOWN = {
    PASSED: Shown("passed", "ok", "passed", "pass", "none", "", ""),
    WARNED: Shown("passed, with system-out", "not ok # TODO", "passed", "fail", "warning", "warning", "minor"),
    FAILED: Shown("failure", "not ok", "failed", "fail", "error", "error", "critical"),
    ERROR: Shown("error", "not ok", "other", "open", "none", "error", "major"),
    SKIPPED: Shown("skipped", "ok # SKIP", "skipped", "notApplicable", "none", "", ""),
}
_TEXT = 2000


class Case(NamedTuple):
    """One clause judged on one exchange. All texts are printable and on one line each."""

    id: str  # the clause; with its probe where it is judged on several
    clause: str
    probe: str
    level: str
    outcome: str
    state: str
    message: str  # what is wrong or why it was not checked; empty when it passed
    details: tuple[str, ...]
    layer: str
    says: str
    source: str
    code: str  # of the diagnosis that explains it
    owner: str
    follows: str  # the clause whose break left this one undecided; empty when it is no consequence
    exchange: str  # its id
    ms: float  # the exchange's time on its first case, 0 on the others, so that the sum is right


VERDICT = "verdict"
"""The case that stands for a run which no finding makes red, and which is not GO."""


def cases(document: dict[str, Any]) -> list[Case]:
    """Every finding of a run as a case, in the contract's order. Where nothing that was judged decides the run, as when
    all that was selected does not apply without a reply, its verdict is a case, too: else the report would be green."""
    made = of_findings(document)
    if document["verdict"] == "GO" or any(case.state in (FAILED, ERROR) for case in made):
        return made
    cause = next(iter(document["diagnoses"]), None)
    said = f"the run is {document['verdict']}, though no clause is: what would decide it was not observed"
    finding = {"outcome": "undecided", "reason": said}
    details, code = _details(finding, cause, set()), cause["code"] if cause else ""
    verdict = Case(
        VERDICT, VERDICT, "", "must", "undecided", ERROR, said, details, "", "The run passes.", "", code,
        cause["owner"] if cause else "", "", "", 0.0,
    )  # fmt: skip
    return [*made, verdict]


def of_findings(document: dict[str, Any]) -> list[Case]:
    """Every finding of a run as a case, in the contract's order."""
    known = sentences(document)
    causes = {clause: d for d in reversed(document["diagnoses"]) for clause in d["clauses"]}
    times = {exchange["id"]: exchange["timings_ms"]["total"] or 0.0 for exchange in document["exchanges"]}
    counts: dict[str, int] = {}
    for finding in document["findings"]:
        counts[finding["clause"]] = counts.get(finding["clause"], 0) + 1
    made: list[Case] = []
    told: set[str] = set()
    for finding in document["findings"]:
        clause = known.get(finding["clause"], {})
        state = STATES[(finding["outcome"], finding["level"] == "must")]
        cause = causes.get(finding["clause"]) if state in (FAILED, WARNED, ERROR) else None
        many = counts[finding["clause"]] > 1
        made.append(
            Case(
                f"{finding['clause']} ({finding['probe']})" if many else finding["clause"],
                finding["clause"],
                finding["probe"],
                finding["level"],
                finding["outcome"],
                state,
                _message(finding),
                _details(finding, cause, told),
                clause.get("layer", ""),
                clause.get("says", ""),
                clause.get("source", ""),
                cause["code"] if cause else "",
                cause["owner"] if cause else "",
                finding["reason"].partition(" ")[0] if finding["reason"].partition(" ")[0] in counts else "",
                finding["exchange"],
                times.pop(finding["exchange"], 0.0),
            )
        )
    return made


def sentences(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each clause says, by its id: from the terms of validate, or the clauses of smoke."""
    terms = {term["clause"]: term for term in document.get("terms", ())}
    return terms or {clause["id"]: clause for clause in document.get("clauses", ())}


def clean(text: str, limit: int = _TEXT) -> str:
    """An untrusted text on one line: nothing a terminal, an XML parser or a log reader acts on; bounded."""
    return inert(cut(escape(text), limit))


def epoch_ms(time: str) -> int:
    """Milliseconds since the epoch of a document's time."""
    from datetime import datetime  # few formats need it

    return round(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000)


def status_of(response: dict[str, Any]) -> str:
    """`HTTP 200`. A captured body alone does not say."""
    return f"HTTP {response['status']}" if response["status"] is not None else "HTTP status unknown"


def sent_at(exchange: dict[str, Any], document: dict[str, Any]) -> str:
    """When an exchange was sent. A capture may not say: then the time of its judging stands there."""
    return str(exchange["sent_at"] or document["started_at"])


def headline(document: dict[str, Any]) -> str:
    """`NO-GO: target, model` in one line; of a narrowed run, what narrowed it."""
    target = document["target"]
    where = target["base_url"] if target["name"] in ("url", "") else f"{target['name']}, {target['base_url']}"
    less = f", narrowed by {narrowed(document)}" if narrowed(document) else ""
    return clean(f"{document['verdict']}{less}: {where}, model {target['model'] or '(none)'}")


def identity(document: dict[str, Any]) -> str:
    """What stays the same from run to run: the target's name, or its URL when it has none."""
    target = document["target"]
    return str(target["base_url"] if target["name"] in ("url", "") else target["name"])


def place(document: dict[str, Any]) -> tuple[str, int]:
    """The file and line of the target in the user's configuration; ("", 0) when it is not from there."""
    file, _, line = str(document["target"].get("place", "")).rpartition(":")
    file = file.replace("\\", "/")
    while file.startswith("../"):
        file = file[3:]  # reports name files from the repository's root, which is above where we stand
    return (clean(file), max(int(line), 1)) if file and line.isdecimal() else ("", 0)


def _message(finding: dict[str, Any]) -> str:
    if finding["outcome"] == "broken":
        return clean(f"expected {finding['expected']}; observed {finding['observed']}")
    return clean(finding["reason"])


def _details(finding: dict[str, Any], cause: dict[str, Any] | None, told: set[str]) -> tuple[str, ...]:
    """The whole cause on the first case it explains, its name on the others: `told` holds those named already."""
    lines = []
    if finding["outcome"] == "broken":
        lines += [f"at: {finding['at']}", f"expected: {finding['expected']}", f"observed: {finding['observed']}"]
    elif finding["reason"]:
        lines.append(f"{finding['outcome'].replace('_', ' ')}: {finding['reason']}")
    if cause:
        lines.append(f"cause: {cause['code']}: {cause['summary']}")
    if cause and cause["code"] not in told:
        told.add(cause["code"])
        lines.append(f"owner: {cause['owner']} ({cause['confidence']})")
        lines += [f"evidence: {line}" for line in cause["evidence"]]
        lines.append(f"next: {cause['next_step']}")
    return tuple(clean(line) for line in lines)
