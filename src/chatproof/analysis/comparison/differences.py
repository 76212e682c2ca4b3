"""Every difference between two runs of one contract: B as a replacement for A. Pure.

Differences are found per probe, the coarsest first: where B refuses what A answers, that is the difference, and not
each field that is then missing. What only one run observed is listed as not compared, never as equal.
Text, ids and timings are never differences.
"""

from typing import Any

from chatproof.analysis.comparison import across, exchanges, judgements, own_requests, own_shapes, surroundings, tokens
from chatproof.analysis.comparison.difference import (
    BREAKS,
    Difference,
    Document,
    Pair,
    is_asked_by,
    joined,
    pairs,
    unlike_any,
)
from chatproof.contract.failure_mode import last
from chatproof.contract.probe import CONTROL, KEY_FORM, REJECTION, STREAM
from chatproof.contract.surface import Surface
from chatproof.surfaces import of_run


def between(a: Document, b: Document, requires: frozenset[str] = frozenset()) -> list[Difference]:
    """Every difference, what breaks clients first; equal ones on several probes as one."""
    order = ("breaks", "change", "better", "note")
    return sorted(joined(_absorbed(found_in(a, b, requires))), key=lambda one: order.index(one.effect))


def found_in(a: Document, b: Document, requires: frozenset[str]) -> list[Difference]:
    """Every difference of each probe, before equal ones are joined."""
    if across.is_across(a, b):
        return across.found_in(a, b, requires)
    both, surface = pairs(a, b), of_run(a)
    # An ability is asked about by a probe of its own: what it says there is said once, by its state.
    of_ability = judgements.of_abilities(a, b, requires)
    told = {probe for one in of_ability for probe in one.probes}
    found: list[Difference] = []
    enforced = all(_both_refuse(pair) for pair in both if pair.row.feeds == REJECTION)
    for pair in both:
        if pair.row.role == KEY_FORM:
            # Where any key is good, its form says nothing.
            found += surroundings.of_key_form(pair) if enforced else []
        elif own_requests.is_own(pair.probe):
            found += own_requests.of_pair(pair, a, b)
        elif own_requests.is_usual(pair):
            found += own_requests.of_usual(pair, b)
        else:
            found += _of_pair(pair, told, surface)
    found += [*of_ability, *judgements.of_answers_not_met_on_a(a, b)]
    found = [own_shapes.spared(one, b, requires) for one in found]
    answered = [pair for pair in both if not pair.a["fault"] and not pair.b["fault"]]
    return [*found, *surroundings.of_headers(answered), *surroundings.of_http(answered), *tokens.differences(a, b)]


def _absorbed(found: list[Difference]) -> list[Difference]:
    """A field or word that a clause has told of on one probe is the same difference on the others."""
    told = {one.at: number for number, one in enumerate(found) if one.kind == "clause" and one.at.startswith("$")}
    kept: list[Difference | None] = list(found)
    for place, one in enumerate(found):
        number = told.get(one.at) if one.kind == "field" else _tells(told, one.at) if one.kind == "value" else None
        if number is not None and (teller := kept[number]) is not None:
            kept[number] = teller._replace(probes=tuple(dict.fromkeys((*teller.probes, *one.probes))))
            kept[place] = None
    return [one for one in kept if one is not None]


def _tells(told: dict[str, int], word: str) -> int | None:
    return next((number for at, number in told.items() if at.endswith("." + word)), None)


def _of_pair(pair: Pair, told: set[str], surface: Surface) -> list[Difference]:
    of_wire = exchanges.of_exchange(pair)
    coarse = [one for one in of_wire if one.kind in ("transport", "status", "body")]
    of_clauses = judgements.of_findings(pair, surface)
    if pair.probe in told:
        # The reply to a request that only one side can do: its status and fields follow from that.
        return of_clauses if not coarse else []
    if coarse and not (of_clauses and _both_refuse(pair)):
        return [_with_clauses(coarse[0], of_clauses), *(one for one in of_wire if one not in coarse)]
    root = next((one for id in _ROOTS for one in of_clauses if one.effect == BREAKS and _is_about(one, id, pair)), None)
    if root is not None:
        others = [one for one in of_clauses if one is not root]
        return [_with_clauses(root, [root, *others])]
    touched = [one.at for one in of_clauses if one.at.startswith("$")]
    fine = [one for one in of_wire if not _is_told(one, touched, of_clauses)]
    return [*of_clauses, *fine]


# Where one of these breaks, the reply is no answer, and what else it lacks follows from that.
_ROOTS = ("no_error_field", "no_error", "body_json", "events_parse")


def _is_about(one: Difference, wanted: str, pair: Pair) -> bool:
    """On the plain request, streamed or not: a clause of this kind breaks."""
    return pair.row.role in (CONTROL, STREAM) and any(last(clause) == wanted for clause in one.clauses)


def _both_refuse(pair: Pair) -> bool:
    a, b = pair.a["response"], pair.b["response"]
    return bool(a and b and a["status"] >= 400 and b["status"] >= 400)


def _with_clauses(one: Difference, of_clauses: list[Difference]) -> Difference:
    return one._replace(clauses=tuple(clause for other in of_clauses for clause in other.clauses))


def _is_told(one: Difference, touched: list[str], of_clauses: list[Difference]) -> bool:
    """A clause's break has already said what this difference of the wire shows."""
    if one.kind == "media_type":
        return any("media_type" in clause for other in of_clauses for clause in other.clauses)
    if one.kind == "status":
        return any(other.at == "status" for other in of_clauses)
    if one.kind == "body":
        return bool(of_clauses)
    if one.kind == "value":
        return any(at.endswith("." + one.at) for at in touched)
    return any(one.at == at or one.at.startswith((at + ".", at + "[")) or at.startswith(one.at + ".") for at in touched)


def not_compared(a: Document, b: Document) -> list[dict[str, str]]:
    """Probes that one run sent and the other did not, or whose answer says too little, each with the reason."""
    compared = {pair.probe for pair in pairs(a, b)}
    rows: dict[str, dict[str, str]] = {}
    for side, ours, theirs in (("B", a, b), ("A", b, a)):
        answers = {exchange["probe"]: exchange for exchange in theirs["exchanges"]}
        for probe in (exchange["probe"] for exchange in ours["exchanges"]):
            if (
                probe in compared
                or own_requests.is_smaller(probe)
                or not is_asked_by(probe, of_run(ours), of_run(theirs))
            ):
                continue
            if probe not in answers:
                reasons = [f["reason"] for f in theirs["findings"] if f["probe"] == probe and f["reason"]]
                rows[probe] = {"probe": probe, "missing_on": side, "reason": next(iter(reasons), "not sent")}
            elif why := unlike_any(answers[probe], theirs):
                rows[probe] = {"probe": probe, "missing_on": side, "reason": why}
    return list(rows.values())


def timings(a: Document, b: Document) -> list[dict[str, Any]]:
    """Total milliseconds per probe, shown and never judged."""
    rows = []
    for pair in pairs(a, b):
        rows.append({"probe": pair.probe, "a": pair.a["timings_ms"]["total"], "b": pair.b["timings_ms"]["total"]})
    return rows
