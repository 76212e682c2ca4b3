"""One self-contained HTML page to attach to a ticket: verdict, cause, clauses by layer, exchanges.

The script only adds a text filter; all else works without it. `html_page` has the frame.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chatproof.printable import escape
from chatproof.reporters import Style, as_yaml, narrowed
from chatproof.reporters.cases import (
    ERROR,
    FAILED,
    PASSED,
    SKIPPED,
    WARNED,
    Case,
    clean,
    epoch_ms,
    headline,
    of_findings,
    sent_at,
    status_of,
)
from chatproof.reporters.html_page import page
from chatproof.reporters.lines import held_of, sent

NEEDS = "jinja2"
_LAYERS = {
    "transport": "the wire: status, headers, framing",
    "schema": "the shape of bodies",
    "behaviour": "what the endpoint does",
    "": "other",
}
_USELESS = "not_applicable"
_UNCHECKED = {"undecided": "not checked"}  # as text reports say it
_WORDS = {FAILED: "failed", WARNED: "warning", ERROR: "undecided", SKIPPED: "not checked", PASSED: "passed"}
_MEANING = {
    "GO": "Every required clause passed.",
    "NO-GO": "A complete reply was observed, and a required clause failed.",
    "UNDECIDED": "No clause failed, but a required one could not be observed. This is not a pass.",
}
_NARROWED = " The run was narrowed: what was left out was not checked."
_PHASES = ("dns", "connect", "tls", "wait", "receive")
_WIDTH = 1000.0


class Span(NamedTuple):
    """A phase as a rectangle, in thousandths of the run's width."""

    phase: str
    x: float
    width: float


class Row(NamedTuple):
    """An exchange as the page shows it."""

    id: str
    probe: str
    request: str
    said: str
    state: str  # of its worst case
    ms: str
    times: str
    spans: tuple[Span, ...]
    request_id: str
    summary: str
    headers: tuple[tuple[str, str], ...]
    excerpt: str
    peer: str


def render(document: dict[str, Any], style: Style, *, back: Sequence[tuple[str, str]] = ()) -> str:
    """The page; `back` are links above it, as (words, address), where a page around it is served."""
    all_cases = of_findings(document)
    shown = _merged(all_cases)
    held, every = held_of(document)
    return page(
        "page.html",
        script="script.js",
        document=document,
        back=back,
        headline=headline(document),
        meaning=_MEANING[document["verdict"]] + (_NARROWED if narrowed(document) else ""),
        card=_card(document),
        facts=_facts(document),
        diagnoses=document["diagnoses"],
        troubled=[case for state in (FAILED, WARNED) for case in shown if case.state == state],
        folds=[*_unchecked(shown), *_held(shown), *_without_use(shown)],
        tally=", ".join([*_counts(all_cases), f"{len(held)} of {len(every)} passed"]),
        commands=_commands(document),
        words=_WORDS,
        rows=_rows(document, all_cases),
        sent=sent(document),
        span_ms=round(_span(document)),
        whole=_whole(_span(document)),
        phases=_PHASES,
        capabilities=_by_state(document.get("capabilities", [])),
        record=as_yaml.render(document, style),
    )


def _card(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What the head says beside the verdict: a glance must be enough to know which run this is."""
    target = document["target"]
    rows = [
        ("Target", target["name"] if target["name"] not in ("url", "") else ""),
        ("Endpoint", target["base_url"]),
        ("Model", target["model"] or "(none)"),
        ("Environment", target["environment"]),
        ("Narrowed by", narrowed(document)),
        ("Started", document["started_at"]),
        ("Run", document["run_id"]),
    ]
    return [(name, clean(value)) for name, value in rows if value]


def _facts(document: dict[str, Any]) -> list[tuple[str, str]]:
    target, key = document["target"], document["target"]["key"]
    facts = [
        ("Key", f"{key['source']}, {key['length']} characters, fingerprint {key['fingerprint']}" if key else "none"),
        ("Configured in", target.get("place", "")),
        ("Support", target["support"]),
        ("Tool", f"chatproof {document['tool']['version']}, contract {document['tool']['contract'][:12]}"),
    ]
    return [(name, clean(value)) for name, value in facts if value]


def _counts(all_cases: list[Case]) -> list[str]:
    """How many clauses failed, warn or could not be checked: each counts once, as its worst case."""
    states: dict[str, set[str]] = {}
    for case in all_cases:
        states.setdefault(case.clause, set()).add(case.state)
    words = {FAILED: "failed", WARNED: "with a warning", ERROR: "not checked"}
    worst = [next((state for state in words if state in of), "") for of in states.values()]
    return [f"{worst.count(state)} {word}" for state, word in words.items() if state in worst]


def _commands(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What to type next, and what it gives. The run's own id stands in them: no other run is meant."""
    found = [(f"chatproof show {document['run_id']}", "all of this run, on the machine that has its journal")]
    if document["verdict"] != "GO" and document["diagnoses"]:
        cause = document["diagnoses"][0]
        found.insert(0, (f"chatproof explain {cause['code']}", "what this cause means, and a fault that shows it"))
        if cause["owner"] != "you":
            about = "what to send to the other side: evidence, request ids, curl commands, no secret"
            found.append((f"chatproof escalate {document['run_id']}", about))
    return found


def _merged(all_cases: list[Case]) -> list[Case]:
    """One row for a clause that holds, or does not apply, on several exchanges alike."""
    rows: dict[tuple[str, ...], list[Case]] = {}
    for number, case in enumerate(all_cases):
        quiet = case.state in (PASSED, SKIPPED)
        rows.setdefault((case.clause, case.state, case.message) if quiet else (str(number),), []).append(case)
    return [
        same[0] if len(same) == 1 else same[0]._replace(id=same[0].clause, probe=f"{len(same)} exchanges")
        for same in rows.values()
    ]


def _by_state(capabilities: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The names of capabilities by their state, what a client would miss first."""
    order = ("broken", "ignored", "unsupported", "unknown", "supported")
    found: dict[str, list[str]] = {}
    for row in sorted(capabilities, key=lambda row: order.index(row["state"]) if row["state"] in order else 0):
        found.setdefault(row["state"], []).append(clean(row["name"] + (" (required)" if row["required"] else "")))
    return found


Fold = tuple[str, str, list[Case]]
"""A line, what stands softly beside it, and the clauses behind it."""


def _unchecked(all_cases: list[Case]) -> list[Fold]:
    """What was not checked, by its reason: one line each, undecided first."""
    groups: dict[tuple[str, str], list[Case]] = {}
    for state in (ERROR, SKIPPED):
        for case in all_cases:
            if case.state == state and case.outcome != _USELESS:
                groups.setdefault((case.outcome.replace("_", " "), case.message), []).append(case)
    return [
        (f"{_clauses(same)} {_UNCHECKED.get(outcome, outcome)}", f"because {reason}" if reason else "", same)
        for (outcome, reason), same in sorted(groups.items(), key=lambda group: group[0][0] != "undecided")
    ]


def _without_use(all_cases: list[Case]) -> list[Fold]:
    """What does not apply, in one line at the end: each row says why, and nobody need act on it."""
    same = [case for case in all_cases if case.outcome == _USELESS]
    return [(f"{_clauses(same)} not applicable", "", same)] if same else []


def _held(all_cases: list[Case]) -> list[Fold]:
    """What holds, by layer."""
    found = []
    for layer, about in _LAYERS.items():
        mine = [case for case in all_cases if case.layer == layer and case.state == PASSED]
        if mine:
            found.append((f"{_clauses(mine)} passed: {layer or 'other'}", about, mine))
    return found


def _clauses(of: list[Case]) -> str:
    count = len({case.clause for case in of})
    return f"{count} clause{'' if count == 1 else 's'}"


def _start(document: dict[str, Any]) -> int:
    """Milliseconds since the epoch when the first exchange was sent: where the axis begins."""
    return min((epoch_ms(sent_at(e, document)) for e in document["exchanges"]), default=0)


def _span(document: dict[str, Any]) -> float:
    """Milliseconds from the first exchange's start to the end of the last one; never 0."""
    start = _start(document)
    ends = [epoch_ms(sent_at(e, document)) - start + (e["timings_ms"]["total"] or 0.0) for e in document["exchanges"]]
    return max([*ends, 1.0])


def _rows(document: dict[str, Any], all_cases: list[Case]) -> list[Row]:
    start, scale = _start(document), _WIDTH / _span(document)
    worst: dict[str, str] = {}
    for wanted in (WARNED, ERROR, FAILED):
        for case, finding in zip(all_cases, document["findings"], strict=True):
            if case.state == wanted:
                worst[finding["exchange"]] = wanted
    return [
        _row(
            exchange,
            max(epoch_ms(sent_at(exchange, document)) - start, 0) * scale,
            scale,
            worst.get(exchange["id"], PASSED),
        )
        for exchange in document["exchanges"]
    ]


def _whole(ms: float) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.0f} ms"


def _ms(total: float | None) -> str:
    return "no time" if total is None else f"{total:.1f} ms" if total < 10 else f"{total:.0f} ms"


def _row(exchange: dict[str, Any], x: float, scale: float, state: str) -> Row:
    response, fault, ms = exchange["response"], exchange["fault"], exchange["timings_ms"]
    said = ""
    if response:
        labelled = f"{status_of(response)} {response['media_type']}".rstrip()
        said = f"{labelled}, {response['body']['bytes']} bytes"
    if fault:
        said = f"{said} {fault['code']} ({fault['phase']}): {fault['detail']}".strip()
    known = [ms["dns"] or 0.0, ms["connect"] or 0.0, ms["tls"] or 0.0, ms["first_byte"] or 0.0]
    parts = dict(zip(_PHASES, [*known, max((ms["total"] or 0.0) - sum(known), 0.0)], strict=True))
    spans = []
    for phase, length in parts.items():
        width = min(length * scale, _WIDTH - x)
        if width > 0:
            spans.append(Span(phase, round(x, 2), round(max(width, 1.0), 2)))
        x += max(width, 0.0)
    times = ", ".join(f"{phase} {length:.1f} ms" for phase, length in parts.items() if length)
    excerpt = response["body"]["excerpt"] if response else ""
    return Row(
        exchange["id"],
        exchange["probe"],
        clean(f"{exchange['request']['method']} {exchange['request']['url']}"),
        clean(said),
        state,
        _ms(ms["total"]),
        times,
        tuple(spans),
        clean(response["request_id"]) if response else "",
        clean(exchange["request"]["summary"]),
        tuple((clean(name), clean(value)) for name, value in response["headers"]) if response else (),
        escape(excerpt, keep="\n"),
        clean(exchange["peer"]["address"]) if exchange["peer"] else "",
    )
