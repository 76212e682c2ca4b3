"""An incident review from recorded runs: what happened when, what changed, layer by layer, and whose it is. Pure.

Documents in, one document out (schema chatproof.review/1). What the runs do not show is "to verify", never invented.
Which runs are the incident says `streak`; the verdict comes from the table in `rules`.
"""

from typing import Any

from chatproof import __version__
from chatproof.analysis import upstream
from chatproof.analysis.incident.changes import Change, changes
from chatproof.analysis.incident.facts import SIMULATOR, Facts, Move, move_between
from chatproof.analysis.incident.layers import layers
from chatproof.analysis.incident.rules import decide
from chatproof.analysis.incident.streak import NO_END, Streak, api_of, cause_of, failed, find, is_good, verdict_of
from chatproof.surfaces import of_run
from chatproof.target.environment import environment_of

SCHEMA = "chatproof.review/1"
_NAMED = 6


def review(
    runs: list[dict[str, Any]], reviewed_at: str, *, in_order: bool = False, others: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The review of some runs of one endpoint, at least one.

    `in_order`: they come oldest first, as a journal wrote them down; else they are put in order by their clocks.
    `others` are targets whose runs were left out, to be named."""
    ordered = runs if in_order else sorted(runs, key=lambda run: (run["started_at"], run["run_id"]))
    streak = find(ordered)
    bad, good, recovered = (streak.bad, streak.good, streak.recovered) if streak else (None, None, None)
    facts = _facts(ordered, streak)
    decided = decide(facts)
    mended = move_between(good, recovered) if good and recovered else None
    return {
        "schema": SCHEMA,
        "tool": {"name": "chatproof", "version": __version__},
        "reviewed_at": reviewed_at,
        "targets": _targets(ordered),
        "verdict": decided._asdict(),
        "standing": bool(streak and streak.standing),
        "timeline": [_step(run, _before(ordered, number), bad, good, recovered) for number, run in enumerate(ordered)],
        "last_good": _brief(good),
        "first_bad": _brief(bad),
        "recovered": _brief(recovered),
        "remarks": [
            *_remarks(ordered, streak),
            *upstream.remarks(ordered),
            *([f"not considered: runs of {', '.join(others)}"] if others else []),
        ],
        "changed": _changed(facts.move),
        "still_differs": _changed(mended),
        "layers": [layer._asdict() for layer in layers(facts, bad or ordered[-1])],
        "request_class": _request_class(bad) if bad else None,
        "request_ids": _request_ids(bad) if bad else [],
        "sources": _sources(bad) if bad else [],
        "close_with": _close_with(facts),
    }


def _facts(ordered: list[dict[str, Any]], streak: Streak | None) -> Facts:
    if streak is None:
        return Facts(bad=None, good=None, later_good=None, move=None, bads=())
    move = move_between(streak.good, streak.bad) if streak.good else None
    after = tuple(run for run in ordered[ordered.index(streak.failing[-1]) + 1 :] if is_good(run, streak.bad))
    here = environment_of(streak.bad)
    since = [run for run in ordered[ordered.index(streak.bad) :] if is_good(run, streak.bad)]
    mending: tuple[Change, ...] = ()
    if streak.recovered:
        mending = changes(move_between(streak.failing[-1], streak.recovered).ours, streak.failing[-1], (), ())
    after = (*streak.passed, *(run for run in after if environment_of(run) == here))
    return Facts(
        bad=streak.bad,
        good=streak.good,
        later_good=streak.recovered,
        move=move,
        bads=streak.failing if streak.good else tuple(run for run in ordered if failed(run)),
        changes=changes(move.ours, streak.bad, streak.failing, after) if move else (),
        mending=mending,
        elsewhere=streak.elsewhere,
        good_there_since=next((run for run in since if environment_of(run) != here), None),
    )


def _targets(ordered: list[dict[str, Any]]) -> list[dict[str, str]]:
    seen: dict[tuple[str, ...], dict[str, str]] = {}
    names = ("name", "profile", "base_url", "model", "environment")
    for run in ordered:
        target = {**{name: str(run["target"].get(name, "")) for name in names}, "environment": environment_of(run)}
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
        "environment": environment_of(run),
        "code": cause["code"] if cause else "",
        "owner": cause["owner"] if cause else "",
        "said": cause["summary"] if cause else "",
    }


def _before(ordered: list[dict[str, Any]], number: int) -> dict[str, Any] | None:
    """The run before one, of the same API: another API's request is no change of ours."""
    api = api_of(ordered[number])
    return next((run for run in reversed(ordered[:number]) if api_of(run) == api), None)


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


def _remarks(ordered: list[dict[str, Any]], streak: Streak | None) -> list[str]:
    """What must be said so that the timeline is not misread."""
    if streak is None:
        return []
    said = []
    if streak.passed:
        names = ", ".join(run["run_id"] for run in streak.passed[-_NAMED:])
        said.append(
            f"{names} passed between failures: a retry that succeeds does not make the failed request valid, and the "
            "failure came back"
        )
    if streak.bad is not streak.failing[0]:
        first = streak.failing[0]
        said.append(
            f"it fails since {first['run_id']}, first with {cause_of(first) or 'no named cause'}; the "
            f"verdict is about the failure since {streak.bad['run_id']}"
        )
    if streak.standing:
        said.append("no good run ends the incident: run the same check again before you close it")
    if streak.good is None:
        said.append("there is no good run from before the incident, so these runs do not show what changed")
    elif streak.elsewhere:
        said.append(
            f"the good run is from another environment, {environment_of(streak.good)}; there is none from this one"
        )
    less = [f"{run['run_id']} ({', '.join(run['narrowed'])})" for run in ordered if run.get("narrowed")]
    if less:
        said.append(f"runs that left something out are no evidence for that part: {', '.join(less)}")
    ends = [run["run_id"] for run in ordered if verdict_of(run) == NO_END]
    if ends:
        said.append(f"runs that did not end are no evidence: {', '.join(ends)}")
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
        else f"{run.get('environment', {}).get('timeout_s', 0):g} s for the complete exchange",
        "retries": unknown if judged else "none: chatproof sends each request once",
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
    rows, surface = [], of_run(run)
    for finding in run.get("findings", ()):
        clause = surface.clause(finding["clause"])
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
        "required fields: model and messages with role and content, and no unverified field",
        "parser: accepts the reply of the last good run and refuses that of the first bad one",
        "errors: classified by their body, not only by the status; none is treated as an answer",
        "logs: no key, no prompt, no full response",
    ]
