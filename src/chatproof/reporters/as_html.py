"""One self-contained HTML page to attach to a ticket: verdict, cause, clauses by layer, exchanges.

The script only adds a text filter; all else works without it. `html_page` has the frame.
"""

from typing import Any, NamedTuple

from chatproof.printable import escape, inert
from chatproof.reporters import Style, as_yaml
from chatproof.reporters.cases import (
    ERROR,
    FAILED,
    PASSED,
    SKIPPED,
    WARNED,
    Case,
    cases,
    clean,
    epoch_ms,
    headline,
    sent_at,
)
from chatproof.reporters.html_page import page

NEEDS = "jinja2"
_LAYERS = {
    "transport": "the wire: status, headers, framing",
    "schema": "the shape of bodies",
    "behaviour": "what the endpoint does",
    "": "other",
}
_WORDS = {FAILED: "broken", WARNED: "warning", ERROR: "undecided", SKIPPED: "not judged", PASSED: "holds"}
_MEANING = {
    "GO": "Every required clause holds.",
    "NO-GO": "A complete reply was observed, and it breaks a required clause.",
    "UNDECIDED": "Nothing is broken, but something required could not be observed. This is no pass.",
}
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


def render(document: dict[str, Any], style: Style) -> str:
    all_cases = cases(document)
    shown = _merged(all_cases)
    return page(
        "page.html",
        script="script.js",
        document=document,
        headline=headline(document),
        meaning=_MEANING[document["verdict"]],
        facts=_facts(document),
        diagnoses=document["diagnoses"],
        groups=_groups(shown),
        counts={word: sum(case.state == state for case in shown) for state, word in _WORDS.items()},
        words=_WORDS,
        rows=_rows(document, all_cases),
        span_ms=f"{_span(document):.0f}",
        phases=_PHASES,
        capabilities=document.get("capabilities", []),
        record=as_yaml.render(document, style),
    )


def _facts(document: dict[str, Any]) -> list[tuple[str, str]]:
    target, cost, key = document["target"], document["cost"], document["target"]["key"]
    tokens = f", {cost['tokens_reported']} tokens reported" if cost["tokens_reported"] else ""
    facts = [
        ("Target", target["name"] if target["name"] not in ("url", "") else ""),
        ("Endpoint", target["base_url"]),
        ("Model", target["model"] or "(none)"),
        ("Environment", target["environment"]),
        ("Run", f"{document['run_id']} ({document['kind']})"),
        ("Time", f"{document['started_at']}"),
        ("Sent", f"{cost['requests']} requests, {cost['billable_requests']} billable{tokens}"),
        ("Key", f"{key['source']}, {key['length']} characters, fingerprint {key['fingerprint']}" if key else "none"),
        ("Configured in", target.get("place", "")),
        ("Support", target["support"]),
        ("Tool", f"chatproof {document['tool']['version']}, contract {document['tool']['contract'][:12]}"),
    ]
    return [(name, clean(value)) for name, value in facts if value]


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


def _groups(all_cases: list[Case]) -> list[tuple[str, str, list[Case]]]:
    """(layer, what it is about, its cases with the troubled first)."""
    order = {FAILED: 0, ERROR: 1, WARNED: 2, SKIPPED: 3, PASSED: 4}
    found = []
    for layer, about in _LAYERS.items():
        mine = sorted((case for case in all_cases if case.layer == layer), key=lambda case: order[case.state])
        if mine:
            found.append((layer or "other", about, mine))
    return found


def _span(document: dict[str, Any]) -> float:
    """Milliseconds from the run's start to the end of its last exchange; never 0."""
    start = epoch_ms(document["started_at"])
    ends = [epoch_ms(sent_at(e, document)) - start + (e["timings_ms"]["total"] or 0.0) for e in document["exchanges"]]
    return max([*ends, 1.0])


def _rows(document: dict[str, Any], all_cases: list[Case]) -> list[Row]:
    start, scale = epoch_ms(document["started_at"]), _WIDTH / _span(document)
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


def _row(exchange: dict[str, Any], x: float, scale: float, state: str) -> Row:
    response, fault, ms = exchange["response"], exchange["fault"], exchange["timings_ms"]
    said = f"HTTP {response['status']} {response['media_type']}, {response['body']['bytes']} bytes" if response else ""
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
        f"{ms['total']:.0f} ms" if ms["total"] is not None else "no time",
        times,
        tuple(spans),
        clean(response["request_id"]) if response else "",
        clean(exchange["request"]["summary"]),
        tuple((clean(name), clean(value)) for name, value in response["headers"]) if response else (),
        inert(escape(excerpt, keep="\n")),
        clean(exchange["peer"]["address"]) if exchange["peer"] else "",
    )
