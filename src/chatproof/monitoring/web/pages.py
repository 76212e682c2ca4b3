"""What the pages show: values in, HTML out. All is escaped by the templates; texts of servers reach them through the
record only, which holds none that was not redacted."""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from chatproof import clock
from chatproof.files import package_files
from chatproof.journal.events import JournalError
from chatproof.monitoring.budgets import Left
from chatproof.monitoring.settings import Configured, Watched, cost_lines
from chatproof.monitoring.snapshot import Snapshot
from chatproof.monitoring.store import TOTAL, Ran, Store
from chatproof.monitoring.values import (
    BUDGET_SPENT,
    DEGRADED,
    FAILING,
    MAINTENANCE,
    PASSING,
    STALE,
    STATES,
    UNKNOWN,
    UNKNOWN_OURS,
    UNKNOWN_THEIRS,
    VALIDATE,
    Incident,
    Status,
)
from chatproof.monitoring.web import plots
from chatproof.reporters.cases import clean
from chatproof.secrets import bundle_scan

_HERE = os.path.join(os.path.dirname(__file__), "html")
_ROWS = 100
_DAY, _WEEK = 86400.0, 7 * 86400.0
WORDS = {
    PASSING: "passing",
    DEGRADED: "degraded",
    FAILING: "failing",
    UNKNOWN: "unknown",
    UNKNOWN_OURS: "unknown: our network",
    UNKNOWN_THEIRS: "unknown: their side",
    MAINTENANCE: "maintenance",
    BUDGET_SPENT: "budget spent",
    STALE: "no fresh run",
}
_ORDER = (FAILING, UNKNOWN_THEIRS, UNKNOWN, UNKNOWN_OURS, DEGRADED, BUDGET_SPENT, STALE, MAINTENANCE, PASSING)
_TONES = {PASSING: "go", FAILING: "no", MAINTENANCE: "soft", STALE: "soft"}
_BADGE = {"go": "#12683a", "no": "#ab1d1d", "un": "#7d5300", "soft": "#5a606b"}
OWNERS = {
    "you": "you",
    "provider": "the provider",
    "gateway": "the gateway",
    "network": "the network",
    "unknown": "unknown",
}


class Chosen(NamedTuple):
    """The rows of one overview page."""

    rows: list[Status]
    start: int
    of: int


class Figures(NamedTuple):
    """What the strips and percentiles are made of, by target."""

    strips: Mapping[str, Mapping[int, str]]
    first_bytes: Mapping[str, Sequence[float]]


class Row(NamedTuple):
    """One target of the overview."""

    status: Status
    day: Markup
    week: Markup
    first_byte: str
    next_run: float
    budget: str


def chosen(snapshot: Snapshot, start: int) -> Chosen:
    """The statuses of one page: what needs a look first, then by name."""
    ordered = sorted(snapshot.statuses, key=lambda s: (_ORDER.index(s.state), s.target))
    return Chosen(ordered[start : start + _ROWS], start, len(ordered))


def figures(store: Store, *, at: float, names: Sequence[str]) -> Figures:
    """Read what the overview draws."""
    return Figures(store.strips(at - _WEEK, names), store.first_bytes(at - _DAY, names))


def overview(snapshot: Snapshot, shown: Chosen, read: Figures, configured: Configured) -> str:
    """The page `/`."""
    rows = []
    for status in shown.rows:
        name, hours = status.target, read.strips.get(status.target, {})
        rows.append(
            Row(
                status,
                plots.strip(hours, snapshot.at, 24, 1, "the last 24 hours"),
                plots.strip(hours, snapshot.at, 28, 6, "the last 7 days"),
                _percentiles(read.first_bytes.get(name, ())),
                snapshot.next_runs.get(name, 0.0),
                _budget(snapshot.left[name]),
            )
        )
    counts = {state: sum(s.state == state for s in snapshot.statuses) for state in _ORDER}
    return _render(
        "overview.html",
        snapshot,
        rows=rows,
        counts=[(state, count) for state, count in counts.items() if count],
        incidents=[i for i in snapshot.incidents if i.is_open],
        costs=cost_lines(configured),
        total=_budget(snapshot.left[TOTAL]),
        before=max(shown.start - _ROWS, 0) if shown.start else None,
        after=shown.start + _ROWS if shown.start + _ROWS < shown.of else None,
    )


def target(
    snapshot: Snapshot,
    watched: Watched,
    runs: Sequence[Ran],
    hours: Mapping[int, str],
    capabilities: Sequence[Mapping[str, Any]],
    form: str,
) -> str:
    """The page of one target. `form` is the session's form token; empty where nobody can run now."""
    status = next(s for s in snapshot.statuses if s.target == watched.name)
    paid = [run for run in runs if run.module == "smoke" and "first_byte" in run.phases]
    week = snapshot.at - _WEEK
    days: dict[str, float] = {}
    for back in range(6, -1, -1):
        days[clock.utc(snapshot.at - back * _DAY)[:10]] = 0.0
    for run in runs:
        day = clock.utc(run.at)[:10]
        if day in days:
            days[day] += run.tokens
    by_state: dict[str, list[str]] = {}
    for row in capabilities:
        by_state.setdefault(row["state"], []).append(row["name"])
    return _render(
        "target.html",
        snapshot,
        status=status,
        watched=watched,
        endpoint=clean(str(watched.resolved.url)),
        day=plots.strip(hours, snapshot.at, 24, 1, "the last 24 hours"),
        week=plots.strip(hours, snapshot.at, 84, 2, "the last 7 days"),
        first_byte=plots.curve([(r.at, r.phases["first_byte"]) for r in paid], week, snapshot.at, "first byte", "ms"),
        total=plots.curve(
            [(r.at, r.phases["total"]) for r in paid if "total" in r.phases], week, snapshot.at, "whole answer", "ms"
        ),
        percentiles=_percentiles(sorted(r.phases["first_byte"] for r in paid if r.at > snapshot.at - _DAY)),
        tokens=plots.bars(list(days.items()), "tokens a day"),
        incidents=[i for i in snapshot.incidents if watched.name in i.all_targets][:20],
        capabilities=by_state,
        runs=runs[:20],
        budget=_budget(snapshot.left[watched.name]),
        next_run=snapshot.next_runs.get(watched.name, 0.0),
        form=form,
        outcomes={"G": "GO", "W": "GO with warnings", "F": "NO-GO", "U": "UNDECIDED"},
    )


def incident(snapshot: Snapshot, of: Incident, document: Mapping[str, Any] | None) -> str:
    """The page of one incident."""
    first = next(iter(document["diagnoses"]), None) if document else None
    evidence = [clean(text) for text in first["evidence"]] if first else []
    broken = [f for f in document["findings"] if f["outcome"] == "broken"][:10] if document else []
    return _render(
        "incident.html", snapshot, incident=of, evidence=evidence, broken=broken, recorded=document is not None
    )


def login(wanted: str, said: str) -> str:
    """The page that asks for the token."""
    return _render("login.html", None, wanted=wanted, said=said)


def plain(title: str, text: str) -> str:
    """A page of one sentence."""
    return _render("plain.html", None, title=title, text=text)


def report(document: dict[str, Any], snapshot: Snapshot) -> str:
    """The HTML report of a run, as `--report html` writes it, with the way back to its target and incidents."""
    from chatproof.reporters import Style, as_html

    name, run_id, began = document["target"]["name"], document["run_id"], document["started_at"]
    back = [("All targets", "/")]
    if any(status.target == name for status in snapshot.statuses):
        back.append((f"Target {name}", f"/targets/{quote(name, safe='')}"))
    for of in snapshot.incidents:
        during = clock.utc(of.since) <= began and (of.is_open or began <= clock.utc(of.ended))
        if of.cause.run_id == run_id or (name in of.all_targets and during):
            back.append((f"Incident {of.cause.code}{'' if of.is_open else ' (over)'}", f"/incidents/{of.id}"))
    return as_html.render(document, Style(), back=back)


def bundle(document: dict[str, Any]) -> str:
    """The bundle for a help center, as `chatproof escalate` writes it, looked through for secrets."""
    from chatproof import reporters
    from chatproof.analysis.escalation import bundle as made

    text = reporters.render("markdown", made(document, clock.utc()), of="escalation")
    key = document["target"].get("key") or {}
    length, mark = int(key.get("length", 0)), str(key.get("fingerprint", ""))
    if bundle_scan.find(text.encode("utf-8", "backslashreplace"), length=length, mark=mark, environ=os.environ):
        raise KeyError(document["run_id"])  # it is not given out
    return text


def status(snapshot: Snapshot) -> dict[str, Any]:
    """What /status.json says (schema chatproof.status/1). Times are RFC 3339 UTC, null for never."""
    return {
        "schema": "chatproof.status/1",
        "at": clock.utc(snapshot.at),
        "targets": [
            {
                "target": s.target,
                "state": s.state,
                "since": _stamp(s.since),
                "code": s.cause.code,
                "owner": s.cause.owner,
                "next_step": s.cause.next_step,
                "run_id": s.cause.run_id or s.last_run_id,
                "last_go": _stamp(s.last_go),
                "last_run": _stamp(s.last_run),
                "incident": s.incident,
                "flapping": s.flapping,
                "budget_left": snapshot.left[s.target]._asdict() if s.target in snapshot.left else {},
            }
            for s in snapshot.statuses
        ],
        "incidents": [
            {
                "id": i.id,
                "revision": i.revision,
                "state": i.state,
                "code": i.cause.code,
                "owner": i.cause.owner,
                "summary": i.cause.summary,
                "next_step": i.cause.next_step,
                "run_id": i.cause.run_id,
                "origin": i.origin,
                "side": i.side,
                "since": _stamp(i.since),
                "targets": list(i.targets),
            }
            for i in snapshot.incidents
            if i.is_open
        ],
    }


def badge(name: str, state: str) -> str:
    """A small picture: the target's name and its state."""
    word, colour = WORDS[state], _BADGE[_TONES.get(state, "un")]
    shown = escape(clean(name))
    left, right = 7 * len(name) + 12, 7 * len(word) + 12
    said = f"{shown}: {word}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{said}">'
        f'<title>{said}</title><rect width="{left + right}" height="20" rx="3" fill="#3a3f47"/>'
        f'<rect x="{left}" width="{right}" height="20" rx="3" fill="{colour}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2}" y="14">{shown}</text><text x="{left + right / 2}" y="14">{word}</text></g></svg>\n'
    )


def document_of(store: Store, run_id: str) -> dict[str, Any] | None:
    """The record of a run by its whole id; None where the journal has none, or not its end."""
    if not run_id or not all(char.isalnum() or char == "-" for char in run_id) or len(run_id) > 80:
        return None
    try:
        found = store.journal.find(run_id)
    except JournalError as error:
        if error.is_usage:
            return None
        raise
    return found.document if found.row.ended and found.row.run_id == run_id else None


def last_document(store: Store, runs: Sequence[Ran]) -> list[dict[str, Any]]:
    """The capabilities that the newest run of the whole contract saw; none without one."""
    newest = next((run.run_id for run in runs if run.module == VALIDATE), "")
    document = document_of(store, newest)
    return document.get("capabilities", []) if document else []


def _stamp(at: float) -> str | None:
    return clock.utc(at) if at else None


def _percentiles(values: Sequence[float]) -> str:
    if not values:
        return "–"
    return f"{plots.middle(values):,.0f} / {plots.middle(values, 0.95):,.0f} ms"


def _budget(left: Left) -> str:
    parts = [f"{left.requests:,} requests"] if left.requests is not None else []
    parts += [f"{left.tokens:,} tokens"] if left.tokens is not None else []
    parts += [f"{left.money:,.2f} money"] if left.money is not None else []
    return ", ".join(parts) or "no limit"


def _ago(at: float, now: float) -> str:
    seconds = max(now - at, 0.0)
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"


def _moment(at: float, now: float) -> Markup:
    """A time as people read it: how long ago, or until; the whole of it as its title."""
    if not at:
        return Markup("never")
    stamp = clock.utc(at)[:19]
    said = f"{_ago(at, now)} ago" if at <= now else f"in {_ago(now, at)}"
    return Markup('<time datetime="{0}Z" title="{0}Z">{1}</time>').format(stamp, said)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(lambda name: package_files.read(os.path.join(_HERE, name)).decode("utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "words": WORDS,
        "tones": {state: _TONES.get(state, "un") for state in STATES},
        "owners": OWNERS,
        "clean": clean,
        "stamp": lambda at: clock.utc(at)[:19].replace("T", " ") + " UTC",
    }
    return made


def _render(template: str, snapshot: Snapshot | None, **values: Any) -> str:
    at = snapshot.at if snapshot else 0.0
    found = _environment().get_template(template)
    return str(found.render(now=at, moment=lambda when: _moment(when, at), **values))


def render_static(template: str, at: float, **values: Any) -> str:
    """A page that is written to a file, as of a moment."""
    return str(_environment().get_template(template).render(now=at, **values)).lstrip()
