"""The layers of an incident review: for each, whether it held, changed, or is to be verified, and by which evidence.

Changed: it is not what it was in the last good run, or not what the contract says. Holds: seen to hold in the bad run.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from chatproof.analysis.incident.facts import Facts
from chatproof.analysis.run_diff import BODY, HEADER, SHAPE, STATUS, USAGE, WORD, Difference
from chatproof.contract.clause import SERVED, Clause
from chatproof.contract.probe import ALL
from chatproof.contract.surface import Surface
from chatproof.surfaces import of_run

HOLDS, CHANGED, TO_VERIFY = "holds", "changed", "to verify"
_EVIDENCE = 6
_SHAPE_AREAS = ("Response shape", "Streaming", "Capabilities", "Error response shape")  # of what must not be refused
_OURS_BY_LAYER = {
    "endpoint path": ("target.base_url", "request.method", "request.path"),
    "authentication": ("target.key.length", "target.key.fingerprint"),
    "request": ("target.model", "request.header_names", "request.summary"),
}


class Layer(NamedTuple):
    layer: str
    state: str
    evidence: list[str]


def layers(facts: Facts, run: dict[str, Any]) -> list[Layer]:
    """Each layer of a run: the first bad one; the last one when none is bad."""
    return [Layer(name, *_judged(name, look, facts, run)) for name, look in _LAYERS.items()]


def _judged(name: str, look: "Look", facts: Facts, run: dict[str, Any]) -> tuple[str, list[str]]:
    broken, held = look(run)
    moved = [_words(d) for d in (facts.move.ours if facts.move else ()) if d.path in _OURS_BY_LAYER.get(name, ())]
    seen = [_words(d) for d in _replies(name, facts, of_run(run))]
    if broken or moved or seen:
        return CHANGED, [*broken, *moved, *seen][:_EVIDENCE]
    return (HOLDS, held[:_EVIDENCE]) if held else (TO_VERIFY, ["these runs do not show it"])


def _replies(name: str, facts: Facts, surface: Surface) -> list[Difference]:
    """Differences in replies that belong to a layer."""
    theirs = facts.move.theirs if facts.move else ()
    if name == "response shape":
        kinds = (SHAPE, USAGE, WORD, BODY)
        answers = {e["probe"] for e in (facts.bad or {}).get("exchanges", ()) if 200 <= _status(e) < 300}
        found = [d for d in theirs if d.kind in kinds and d.probe in answers and not _refusal(d.probe, surface)]
        return [d for d in found if d.path != "model"]
    if name == "error behaviour":
        return [d for d in theirs if d.kind in (STATUS, SHAPE, BODY) and _refusal(d.probe, surface)]
    if name == "endpoint path":
        return [d for d in theirs if d.kind == HEADER and d.path in ("server", "via", "location")]
    return []


def _refusal(probe: str, surface: Surface) -> bool:
    row = surface.row(probe)
    return row is not None and row.must_be_refused


def _words(d: Difference) -> str:
    where = f" ({d.probe})" if d.probe else ""
    if d.change == "lost":
        return f"{d.path}{where} is gone"
    if d.change == "added":
        return f"{d.path}{where} is new"
    return f"{d.path}{where}: {_short(d.a)} → {_short(d.b)}"


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else text[:79] + "…"


# -- what each layer looks at: (what is broken, what held) ------------------------------------------------------------

Look = Callable[[dict[str, Any]], tuple[list[str], list[str]]]


def _codes(run: dict[str, Any], *families: str) -> list[str]:
    return [f"{d['code']}: {d['summary']}" for d in run.get("diagnoses", ()) if d["code"].startswith(families)]


def _clauses(run: dict[str, Any], wanted: Callable[[Clause, bool], bool]) -> tuple[list[str], list[str]]:
    """(broken, held): of the clauses that are wanted, by clause and whether its request must be refused."""
    broken, held, surface = [], [], of_run(run)
    for finding in run.get("findings", ()):
        clause = surface.clause(finding["clause"])
        row = surface.row(clause.probe) if clause else None
        if clause is None or not wanted(clause, row is not None and row.must_be_refused):
            continue
        if finding["outcome"] == "broken":
            broken.append(f"{finding['clause']}: expected {finding['expected']}; observed {finding['observed']}")
        elif finding["outcome"] == "holds":
            held.append(finding["clause"])
    return list(dict.fromkeys(broken)), list(dict.fromkeys(held))


def _happy(run: dict[str, Any]) -> int:
    """The status of the plain request; 0 when it was not seen."""
    control = of_run(run).control
    return next((_status(e) for e in run.get("exchanges", ()) if e["probe"] == control), 0)


def _status(exchange: dict[str, Any]) -> int:
    """0 when no complete reply was seen."""
    if exchange["fault"] or not exchange["response"]:
        return 0
    return int(exchange["response"]["status"] or 0)


def _path(run: dict[str, Any]) -> tuple[list[str], list[str]]:
    broken = _codes(run, "url.")
    status = _happy(run)
    answered = status and not broken and status not in (404, 405, 410) and not _codes(run, "gateway.")
    return broken, [f"the endpoint answered at this path with HTTP {status}"] if answered else []


def _auth(run: dict[str, Any]) -> tuple[list[str], list[str]]:
    broken, held = _clauses(run, lambda clause, refusal: clause.danger == SERVED)
    refused = _codes(run, "auth.rejected", "auth.header", "auth.permission", "auth.organization")
    accepted = [f"the key was accepted: HTTP {_happy(run)}"] if 200 <= _happy(run) < 300 else []
    return [*refused, *broken], [*accepted, *held] if accepted else []


def _request(run: dict[str, Any]) -> tuple[list[str], list[str]]:
    broken = _codes(run, "request.", "model.unavailable", "model.retired")
    accepted = 200 <= _happy(run) < 300
    return broken, [f"the request was accepted as sent: HTTP {_happy(run)}"] if accepted else []


def _shape(run: dict[str, Any]) -> tuple[list[str], list[str]]:
    broken, held = _clauses(run, lambda clause, refusal: not refusal and clause.area in _SHAPE_AREAS)
    surface = of_run(run)
    # What holds of every reply, of a refusal too, tells nothing of an answer's shape.
    known = ((name, surface.clause(name)) for name in held)
    return broken, [name for name, clause in known if clause is not None and clause.probe != ALL]


def _errors(run: dict[str, Any]) -> tuple[list[str], list[str]]:
    return _clauses(run, lambda clause, refusal: refusal and clause.danger != SERVED)


def _account(run: dict[str, Any]) -> tuple[list[str], list[str]]:
    accepted = 200 <= _happy(run) < 300
    said = "requests were accepted: no refusal for quota, rate or region (balance and billing are not checked)"
    return _codes(run, "account."), [said] if accepted else []


_LAYERS: dict[str, Look] = {
    "endpoint path": _path,
    "authentication": _auth,
    "request": _request,
    "response shape": _shape,
    "error behaviour": _errors,
    "account": _account,
}
