"""Differences in what was judged: clauses that hold on one side only, and capabilities."""

from collections.abc import Iterable
from typing import NamedTuple

from chatproof.analysis.comparison.difference import BETTER, BREAKS, CHANGE, NOTE, Difference, Document, Pair, place
from chatproof.analysis.comparison.refusals import advice, part_refused
from chatproof.contract.probe import ALL, SMALLER_REQUEST
from chatproof.contract.surface import Surface
from chatproof.surfaces import of_run

_ORDER = ("broken", "ignored", "unsupported", "supported")  # of states: the worst that was seen counts
_DIALECTS = ("max_tokens", "max_completion_tokens")
_SMALL = frozenset(("n", "seed", "logprobs", "stop", "tool_choice", "developer", "image", "stream_usage", *_DIALECTS))
_WORDS = {
    "supported": "supported",
    "unsupported": "clearly refused",
    "ignored": "accepted without effect",
    "broken": "done in a form that clients cannot read",
}
_REFUSED = "refused in this form"


class Ability(NamedTuple):
    state: str
    clauses: tuple[str, ...]
    probes: tuple[str, ...]
    observed: str
    refused: bool = False  # answered with a status of 400 or more
    works: bool = False  # another clause saw it done, whatever this one saw


def abilities(run: Document) -> dict[str, Ability]:
    """The state of each capability that was asked about; the worst where several clauses say something."""
    surface = of_run(run)
    found: dict[str, Ability] = {}
    refused = {x["probe"] for x in run["exchanges"] if x["response"] and (x["response"]["status"] or 0) >= 400}
    for finding in run["findings"]:
        clause, state = surface.clause(finding["clause"]), finding.get("state", "")
        if clause is None or not clause.capability or state not in _ORDER:
            continue
        before = found.get(clause.capability)
        said = finding["observed"] or finding["reason"]
        works = state == "supported" or (before is not None and before.works)
        if before is None or _ORDER.index(state) < _ORDER.index(before.state):
            probe = finding["probe"]
            found[clause.capability] = Ability(state, (clause.id,), (probe,), said, probe in refused, works)
        elif works:
            found[clause.capability] = before._replace(works=True)
    return found


def of_abilities(a: Document, b: Document, requires: frozenset[str]) -> list[Difference]:
    return of_states(abilities(a), abilities(b), requires)


def of_states(ours: dict[str, Ability], theirs: dict[str, Ability], requires: frozenset[str]) -> list[Difference]:
    """The abilities of one name whose state differs."""
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
            change = advice(name, now.observed, refused=now.refused)
            if now.works and now.refused and effect == BREAKS and part_refused(now.observed, name):
                effect = CHANGE  # it works there, but for a part that the client can send otherwise
        probes = tuple(dict.fromkeys((*was.probes, *now.probes)))
        touched = tuple(dict.fromkeys((*was.clauses, *now.clauses)))
        found.append(Difference("capability", probes, "", _state(was), _state(now), effect, change, touched, name))
    return found


def _state(side: Ability) -> str:
    words = _REFUSED if side.refused and side.state == "broken" else _WORDS[side.state]
    return words + (f": {side.observed}" if side.observed else "")


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
        f"Send {new} instead of {old}.",
        clauses_of,
        "token cap",
    )


def of_findings(pair: Pair, surface: Surface) -> list[Difference]:
    """Clauses that hold on one side and are broken on the other; those that speak of a capability are told there."""
    found: list[Difference] = []
    for clause, was in pair.findings_a.items():
        now = pair.findings_b.get(clause)
        if now is None or _speaks_of_ability(clause, (was, now), surface):
            continue
        broken_a, broken_b = (is_broken(finding) for finding in (was, now))
        if broken_a == broken_b or "undecided" in (was["outcome"], now["outcome"]):
            continue
        seen = now if broken_b else was
        at = place(seen["at"], surface.shape())
        a, b = (f["observed"] if is_broken(f) else f"as required: {seen['expected']}" for f in (was, now))
        effect = BETTER if broken_a else BREAKS if now["level"] == "must" else CHANGE
        change = "" if broken_a else _change(clause, surface)
        found.append(Difference("clause", (pair.probe,), at, a, b, effect, change, (clause,), _family(clause, surface)))
    return _by_place(found)


def of_answers_not_met_on_a(a: Document, b: Document) -> list[Difference]:
    """What every answer must keep, broken on B in an answer that A was never brought to give, such as a 429."""
    surface = of_run(b)
    sent = {exchange["probe"] for exchange in a["exchanges"]}
    found = []
    for seen in b["findings"]:
        known = surface.clause(seen["clause"])
        if known is None or known.probe != ALL or not is_broken(seen) or seen["probe"] in sent or _is_smaller(seen):
            continue
        effect = BREAKS if seen["level"] == "must" else CHANGE
        change = f"{known.says} {known.why}"
        at = place(seen["at"], surface.shape())
        found.append(
            Difference(
                "clause", (seen["probe"],), at, "not met", seen["observed"], effect, change, (known.id,), known.id
            )
        )
    return found


def _is_smaller(finding: Document) -> bool:
    """On a part of the user's own request: what it breaks is told where the whole one is."""
    return bool(finding["probe"].startswith(SMALLER_REQUEST))


def _speaks_of_ability(id: str, findings: Iterable[Document], surface: Surface) -> bool:
    clause = surface.clause(id)
    return clause is not None and bool(clause.capability) and any(finding.get("state") for finding in findings)


def is_broken(finding: Document) -> bool:
    """A break that a waiver excuses is one that a client meets all the same."""
    return finding["outcome"] == "broken" or (finding["outcome"] == "waived" and bool(finding["observed"]))


def _change(clause: str, surface: Surface) -> str:
    known = surface.clause(clause)
    return f"On A this passes: {known.says} {known.why}" if known else f"{clause} fails on B."


def _family(id: str, surface: Surface) -> str:
    """What the same clause on several probes has in common: error.wrong_role.field_named → field_named."""
    clause = surface.clause(id)
    row = surface.row(clause.probe) if clause else None
    return id.rpartition(".")[2] if row is not None and row.must_be_refused else id


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
