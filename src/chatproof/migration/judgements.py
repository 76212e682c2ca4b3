"""Differences in what was judged: clauses that hold on one side only, and capabilities."""

from collections.abc import Iterable
from typing import NamedTuple

from chatproof import clauses
from chatproof.clause import CLAUSES, VALIDATE
from chatproof.migration.difference import BETTER, BREAKS, CHANGE, NOTE, Difference, Document, Pair, place

_ORDER = ("broken", "ignored", "unsupported", "supported")  # of states: the worst that was seen counts
_DIALECTS = ("max_tokens", "max_completion_tokens")
_SMALL = frozenset(("n", "seed", "logprobs", "stop", "tool_choice", "developer", "image", "stream_usage", *_DIALECTS))
_WORDS = {
    "supported": "supported",
    "unsupported": "clearly refused",
    "ignored": "accepted and not done",
    "broken": "done in a shape that clients cannot read",
}


class Ability(NamedTuple):
    state: str
    clauses: tuple[str, ...]
    probes: tuple[str, ...]
    observed: str


def abilities(run: Document) -> dict[str, Ability]:
    """The state of each capability that was asked about; the worst where several clauses say something."""
    clauses.load(VALIDATE)
    found: dict[str, Ability] = {}
    for finding in run["findings"]:
        clause, state = CLAUSES.get(finding["clause"]), finding.get("state", "")
        if clause is None or not clause.capability or state not in _ORDER:
            continue
        before = found.get(clause.capability)
        said = finding["observed"] or finding["reason"]
        if before is None or _ORDER.index(state) < _ORDER.index(before.state):
            found[clause.capability] = Ability(state, (clause.id,), (finding["probe"],), said)
    return found


def of_abilities(a: Document, b: Document, requires: frozenset[str]) -> list[Difference]:
    ours, theirs = abilities(a), abilities(b)
    found = []
    moved = _dialect(ours, theirs)
    if moved:
        found.append(moved)
    for name in [name for name in ours if name in theirs]:
        was, now = ours[name], theirs[name]
        if was.state == now.state or (moved and name in _DIALECTS):
            continue
        if _ORDER.index(now.state) > _ORDER.index(was.state):
            effect, change = BETTER, ""
        else:
            effect = _effect(name, requires) if was.state == "supported" else NOTE
            change = f"Do without {name} on B, or do it in the client."
        probes = tuple(dict.fromkeys((*was.probes, *now.probes)))
        touched = tuple(dict.fromkeys((*was.clauses, *now.clauses)))
        found.append(Difference("capability", probes, "", _state(was), _state(now), effect, change, touched, name))
    return found


def _state(side: Ability) -> str:
    return _WORDS[side.state] + (f": {side.observed}" if side.observed else "")


def _effect(name: str, requires: frozenset[str]) -> str:
    """What is required is needed. Where nothing is declared, what most clients are built on counts as needed."""
    if requires:
        return BREAKS if name in requires else CHANGE
    return CHANGE if name in _SMALL else BREAKS


def _dialect(ours: dict[str, Ability], theirs: dict[str, Ability]) -> Difference | None:
    """The token cap is taken under another name: a change of one word in the client."""
    works_a, works_b = (
        {name for name in _DIALECTS if name in side and side[name].state == "supported"} for side in (ours, theirs)
    )
    lost = works_a - works_b
    if not lost or not works_b or not all(name in theirs for name in lost):
        return None
    old, new = sorted(lost)[0], sorted(works_b)[0]
    clauses_of = theirs[old].clauses
    said = f"{old}: {_WORDS[theirs[old].state]}", f"{new}: supported"
    return Difference(
        "parameter",
        theirs[old].probes,
        "",
        f"{old}: supported",
        "; ".join(said),
        CHANGE,
        f"Send {new} in place of {old}.",
        clauses_of,
        "token cap",
    )


def of_findings(pair: Pair) -> list[Difference]:
    """Clauses that hold on one side and are broken on the other; those that speak of a capability are told there."""
    found: list[Difference] = []
    for clause, was in pair.findings_a.items():
        now = pair.findings_b.get(clause)
        if now is None or _speaks_of_ability(clause, (was, now)):
            continue
        broken_a, broken_b = (_is_broken(finding) for finding in (was, now))
        if broken_a == broken_b or "undecided" in (was["outcome"], now["outcome"]):
            continue
        seen = now if broken_b else was
        at = place(seen["at"])
        a, b = (f["observed"] if _is_broken(f) else f"as due: {seen['expected']}" for f in (was, now))
        effect = BETTER if broken_a else BREAKS if now["level"] == "must" else CHANGE
        change = "" if broken_a else _change(clause)
        found.append(Difference("clause", (pair.probe,), at, a, b, effect, change, (clause,), _family(clause)))
    return _by_place(found)


def of_answers_not_met_on_a(a: Document, b: Document) -> list[Difference]:
    """What every answer must keep, broken on B in an answer that A was never brought to give, such as a 429."""
    clauses.load(VALIDATE)
    sent = {exchange["probe"] for exchange in a["exchanges"]}
    found = []
    for seen in b["findings"]:
        known = CLAUSES.get(seen["clause"])
        if known is None or known.probe != "*" or not _is_broken(seen) or seen["probe"] in sent:
            continue
        effect = BREAKS if seen["level"] == "must" else CHANGE
        change = f"{known.says} {known.why}"
        at = place(seen["at"])
        found.append(
            Difference(
                "clause", (seen["probe"],), at, "not met", seen["observed"], effect, change, (known.id,), known.id
            )
        )
    return found


def _speaks_of_ability(clause: str, findings: Iterable[Document]) -> bool:
    return any(finding.get("state") for finding in findings) and bool(
        CLAUSES[clause].capability if clause in CLAUSES else False
    )


def _is_broken(finding: Document) -> bool:
    """A break that a waiver excuses is one that a client meets all the same."""
    return finding["outcome"] == "broken" or (finding["outcome"] == "waived" and bool(finding["observed"]))


def _change(clause: str) -> str:
    known = CLAUSES.get(clause)
    return f"On A this holds: {known.says} {known.why}" if known else f"{clause} does not hold on B."


def _family(clause: str) -> str:
    """What the same clause on several probes has in common: error.wrong_role.field_named → field_named."""
    return clause.rpartition(".")[2] if clause.startswith(("error.", "auth.")) else clause


def _by_place(found: list[Difference]) -> list[Difference]:
    """Several clauses that break at one place are one difference; the gravest speaks."""
    by_place: dict[str, Difference] = {}
    gravity = (BREAKS, CHANGE, BETTER, NOTE)
    for one in found:
        before = by_place.get(one.at) if one.at.startswith("$") else None
        if before is None:
            by_place[one.at if one.at.startswith("$") else f"{one.at} {one.subject}"] = one
            continue
        first, second = sorted((before, one), key=lambda d: gravity.index(d.effect))
        by_place[one.at] = first._replace(clauses=(*first.clauses, *second.clauses))
    return list(by_place.values())


def lost_requirements(b: Document, requires: frozenset[str]) -> list[str]:
    """Capabilities that are required and that B was not seen to support."""
    theirs = abilities(b)
    return sorted(name for name in requires if name not in theirs or theirs[name].state != "supported")
