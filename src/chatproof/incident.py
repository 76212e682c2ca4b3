"""An incident review from recorded runs: what happened when, what changed, layer by layer, and whose it is. Pure.

Documents in, one document out (schema chatproof.review/1). What the runs do not show is "to verify", never invented.
The verdict comes from the table in `incident_rules`.
"""

from typing import Any, NamedTuple

from chatproof import __version__, clauses
from chatproof.clause import CLAUSES
from chatproof.incident_layers import layers
from chatproof.incident_rules import Facts, decide
from chatproof.rundiff import ENVIRONMENT, TIMING, Difference, differences

SCHEMA = "chatproof.review/1"
SIMULATOR = "simulator"
GO, NO_GO, UNDECIDED, NO_END = "GO", "NO-GO", "UNDECIDED", "NO END"
_OURS_HARMLESS = (
    "target.name",
    "target.environment",
    "target.profile",
    "target.key.source",
    "environment.ci",
    "environment.container",
    "environment.variables_set",
    "environment.python",
    "environment.platform",
    "environment.user_agent",
    "environment.tz",
    "environment.timeout_s",
    "environment.captures",
    "tool.version",
    "tool.contract",
    "kind",
)
"""Differences on our side that alone change no well-formed exchange: where it ran, with which Python."""
_THEIRS = ("peer.", "environment.addresses")


class Move(NamedTuple):
    """From one run to a later one: what differs, by who can have changed it."""

    a: dict[str, Any]
    b: dict[str, Any]
    ours: tuple[Difference, ...]
    surroundings: tuple[Difference, ...]  # ours, too, but none that alone would break an exchange
    theirs: tuple[Difference, ...]


def review(runs: list[dict[str, Any]], reviewed_at: str) -> dict[str, Any]:
    """The review of some runs of one endpoint, in any order. At least one."""
    clauses.load("validate")
    ordered = sorted(runs, key=lambda run: (run["started_at"], run["run_id"]))
    bad = _first_bad(ordered)
    before = ordered[: ordered.index(bad)] if bad else ordered
    after = ordered[ordered.index(bad) + 1 :] if bad else []
    good = next((run for run in reversed(before) if verdict_of(run) == GO), None)
    recovered = _recovery(ordered, bad)
    later_good = next((run for run in after if verdict_of(run) == GO), None)
    move = move_between(good, bad) if good and bad else None
    facts = Facts(
        bad=bad,
        good=good,
        later_good=later_good,
        move=move,
        bads=tuple(run for run in ordered if verdict_of(run) in (NO_GO, UNDECIDED) and bad),
        before=tuple(before),
    )
    decided = decide(facts)
    mended = move_between(good, recovered) if good and recovered else None
    return {
        "schema": SCHEMA,
        "tool": {"name": "chatproof", "version": __version__},
        "reviewed_at": reviewed_at,
        "targets": _targets(ordered),
        "verdict": decided._asdict(),
        "timeline": [
            _step(run, previous, bad, good, recovered) for run, previous in zip(ordered, [None, *ordered], strict=False)
        ],
        "last_good": _brief(good),
        "first_bad": _brief(bad),
        "recovered": _brief(recovered),
        "remarks": _remarks(ordered, bad, good, recovered),
        "changed": _changed(move),
        "still_differs": _changed(mended),
        "layers": [layer._asdict() for layer in layers(facts)],
        "request_class": _request_class(bad) if bad else None,
        "request_ids": _request_ids(bad) if bad else [],
        "sources": _sources(bad) if bad else [],
        "close_with": _close_with(facts),
    }


def verdict_of(run: dict[str, Any]) -> str:
    return str(run.get("verdict") or NO_END)


def _first_bad(ordered: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first broken contract; where none was seen broken, the first run that could not observe it."""
    for wanted in (NO_GO, UNDECIDED):
        found = next((run for run in ordered if verdict_of(run) == wanted), None)
        if found:
            return found
    return None


def _recovery(ordered: list[dict[str, Any]], bad: dict[str, Any] | None) -> dict[str, Any] | None:
    """The first good run after which nothing bad was seen; None when the last run is no good one."""
    if bad is None:
        return None
    recovered = None
    for run in reversed(ordered[ordered.index(bad) + 1 :]):
        if verdict_of(run) != GO:
            break
        recovered = run
    return recovered


def move_between(a: dict[str, Any], b: dict[str, Any]) -> Move:
    ours, surroundings, theirs = [], [], []
    for found in differences(a, b):
        if found.kind == TIMING:
            continue
        if found.kind != ENVIRONMENT or found.path.startswith(_THEIRS):
            theirs.append(found)
        elif found.path in _OURS_HARMLESS or _is_simulators(found, a, b):
            surroundings.append(found)
        else:
            ours.append(found)
    return Move(a, b, tuple(ours), tuple(surroundings), tuple(theirs))


def _is_simulators(found: Difference, a: dict[str, Any], b: dict[str, Any]) -> bool:
    """The simulator has another port and another key each time it starts."""
    both = all(run["target"]["name"] == SIMULATOR for run in (a, b))
    return both and found.path in ("target.base_url", "target.key.fingerprint")


def _targets(ordered: list[dict[str, Any]]) -> list[dict[str, str]]:
    seen: dict[tuple[str, ...], dict[str, str]] = {}
    names = ("name", "profile", "base_url", "model", "environment")
    for run in ordered:
        target = {name: str(run["target"].get(name, "")) for name in names}
        if target["name"] == SIMULATOR:
            target["base_url"] = "a loopback port"
        seen.setdefault(tuple(target.values()), target)
    return list(seen.values())


def _brief(run: dict[str, Any] | None) -> dict[str, Any] | None:
    if run is None:
        return None
    cause = next(iter(run.get("diagnoses", ())), None)
    return {
        "run_id": run["run_id"],
        "at": run["started_at"],
        "kind": run["kind"],
        "verdict": verdict_of(run),
        "environment": run["target"].get("environment", ""),
        "code": cause["code"] if cause else "",
        "owner": cause["owner"] if cause else "",
        "said": cause["summary"] if cause else "",
    }


def _step(
    run: dict[str, Any],
    previous: dict[str, Any] | None,
    bad: dict[str, Any] | None,
    good: dict[str, Any] | None,
    recovered: dict[str, Any] | None,
) -> dict[str, Any]:
    marks = [name for name, one in (("last good", good), ("first bad", bad), ("recovered", recovered)) if one is run]
    changed: list[str] = []
    if previous is not None and previous.get("exchanges") and run.get("exchanges"):
        move = move_between(previous, run)
        changed = list(dict.fromkeys(d.path for d in move.ours))
    brief = _brief(run)
    assert brief is not None
    return {**brief, "marks": marks if bad else [], "changed_here": changed}


def _remarks(
    ordered: list[dict[str, Any]],
    bad: dict[str, Any] | None,
    good: dict[str, Any] | None,
    recovered: dict[str, Any] | None,
) -> list[str]:
    """What must be said so that the timeline is not misread."""
    if bad is None:
        return []
    said = []
    after = ordered[ordered.index(bad) + 1 :]
    passing = [run for run in after if verdict_of(run) == GO and run is not recovered]
    between = [run for run in passing if any(verdict_of(r) in (NO_GO, UNDECIDED) for r in after[after.index(run) :])]
    if between:
        names = ", ".join(run["run_id"] for run in between)
        said.append(
            f"{names} passed between failures: a retry that succeeds does not make the failed request valid, and the "
            "failure came back"
        )
    if recovered is None:
        said.append("no good run closes the incident: run the same check again before calling it over")
    if good is None:
        said.append("no good run from before the incident was given: what changed cannot be read off these runs")
    ends = [run["run_id"] for run in ordered if verdict_of(run) == NO_END]
    if ends:
        said.append(f"without an end, and so no evidence: {', '.join(ends)}")
    return said


def _changed(move: Move | None) -> dict[str, Any] | None:
    if move is None:
        return None
    return {
        "from": move.a["run_id"],
        "to": move.b["run_id"],
        "on_our_side": [d._asdict() for d in move.ours],
        "around_us": [d._asdict() for d in move.surroundings],
        "in_replies": [d._asdict() for d in move.theirs],
    }


def failing_exchange(run: dict[str, Any]) -> dict[str, Any] | None:
    """The exchange of the first broken must, else of the first finding that is not well; None when none was made."""
    by_id = {exchange["id"]: exchange for exchange in run.get("exchanges", ())}
    for outcome, level in (("broken", "must"), ("broken", "should"), ("undecided", "must")):
        for finding in run.get("findings", ()):
            if finding["outcome"] == outcome and finding["level"] == level and finding["exchange"] in by_id:
                return dict(by_id[finding["exchange"]])
    return None


def _request_class(run: dict[str, Any]) -> dict[str, str]:
    """The failed request, as a class of requests: never its text."""
    exchange = failing_exchange(run)
    judged = run["kind"] == "judge"
    unknown = "to verify"
    return {
        "probe": exchange["probe"] if exchange else unknown,
        "method": exchange["request"]["method"] if exchange else unknown,
        "url": (exchange["request"]["url"] or unknown) if exchange else unknown,
        "model": run["target"]["model"] or unknown,
        "summary": exchange["request"]["summary"] if exchange else unknown,
        "header_names": ", ".join(exchange["request"]["header_names"]) if exchange else unknown,
        "timeout": unknown
        if judged
        else f"{run.get('environment', {}).get('timeout_s', 0):g} s for the whole exchange",
        "retries": unknown if judged else "none: chatproof sends nothing twice",
        "fallback": unknown if judged else "none",
    }


def _request_ids(run: dict[str, Any]) -> list[dict[str, str]]:
    found = []
    for exchange in run.get("exchanges", ()):
        response = exchange["response"]
        if response and response["request_id"]:
            found.append(
                {"probe": exchange["probe"], "sent_at": exchange["sent_at"], "request_id": response["request_id"]}
            )
    return found


def _sources(run: dict[str, Any]) -> list[dict[str, str]]:
    """What each broken clause rests on: the assumption, its source, when it was read, what was seen."""
    rows = []
    for finding in run.get("findings", ()):
        clause = CLAUSES.get(finding["clause"])
        if finding["outcome"] != "broken" or clause is None:
            continue
        rows.append(
            {
                "clause": clause.id,
                "says": clause.says,
                "source": clause.source.url,
                "accessed": clause.source.accessed,
                "probe": finding["probe"],
                "expected": finding["expected"],
                "observed": finding["observed"],
            }
        )
    return rows


def _close_with(facts: Facts) -> list[str]:
    """What a client asserts before the incident is closed."""
    if facts.bad is None:
        return []
    return [
        "path and method: the URL in the request log is the documented one",
        "authentication: header name and scheme as documented, the key by its fingerprint",
        "required fields: model and messages with role and content, and no field that was not verified",
        "parser: reads the reply of the last good run and refuses that of the first bad one",
        "errors: classified by their body, not by the status alone; none is read as an answer",
        "logs: no key, no prompt, no full response",
    ]
