"""Differences in the user's own requests: what B refuses of them, and which part of them that is.

What a model says or whether it calls a tool, where it is free to, is no difference between endpoints.
"""

from chatproof.analysis.comparison import exchanges, judgements
from chatproof.analysis.comparison.difference import BETTER, BREAKS, CHANGE, NOTE, Difference, Document, Pair
from chatproof.contract.clause import is_named
from chatproof.contract.probe import OWN_REQUEST, REFUSED_FORM, SMALLER_REQUEST
from chatproof.surfaces import of_run

KIND = "request"
USUAL = "usual."
_NAMED = 8
_ANSWERED = "request.answered"
_LOST = ("request.tool_choice", "request.schema")


def is_own(probe: str) -> bool:
    """The pair is one of the user's own requests."""
    return probe.startswith(OWN_REQUEST)


def is_smaller(probe: str) -> bool:
    """Asked by one run only, to explain a refusal: there is nothing to compare it with."""
    return probe.startswith((SMALLER_REQUEST, REFUSED_FORM))


def of_pair(pair: Pair, a: Document, b: Document) -> list[Difference]:
    """Every difference of one of the user's own requests."""
    was, now = (_finding(findings, _ANSWERED) for findings in (pair.findings_a, pair.findings_b))
    if was is None or now is None or "undecided" in (was["outcome"], now["outcome"]):
        return exchanges.of_exchange(pair)
    answered_a, answered_b = (finding["outcome"] != "broken" for finding in (was, now))
    if answered_a and not answered_b:
        return [_refused(pair.probe, b, now)]
    if answered_b and not answered_a:
        return [Difference(KIND, (pair.probe,), "status", was["observed"], "answered", BETTER, "", (now["clause"],))]
    if not answered_a:  # no difference between the two; and yet the request does not work on B
        both = _refused(pair.probe, b, now)
        return [both._replace(a=was["observed"], effect=CHANGE, change=f"A refuses it, too. {both.change}")]
    found = [_gravely(one) for one in judgements.of_findings(pair, of_run(b))]
    touched = [one.at for one in found if one.at.startswith("$")]
    return [*found, *(one for one in exchanges.of_exchange(pair) if not _is_told(pair, one, touched))]


def _finding(findings: dict[str, Document], name: str) -> Document | None:
    """The finding of a clause, whatever the API."""
    return next((finding for id, finding in findings.items() if is_named(id, name)), None)


def _gravely(one: Difference) -> Difference:
    """A forced call that is not made, or an answer that is not the JSON it had to be, is lost as if it were refused."""
    is_lost = any(is_named(id, name) for id in one.clauses for name in _LOST)
    return one._replace(effect=BREAKS) if one.effect == CHANGE and is_lost else one


def is_usual(pair: Pair) -> bool:
    """One of our requests that ask several things at once, done by one side only."""
    a, b = pair.a["response"], pair.b["response"]
    if not pair.probe.startswith(USUAL) or not a or not b:
        return False
    return (a["status"] == 200) != (b["status"] == 200) or _is_failed(pair)


def _is_failed(pair: Pair) -> bool:
    return _taken(pair.findings_b).get("outcome") == "broken" != _taken(pair.findings_a).get("outcome")


def _taken(findings: dict[str, Document]) -> Document:
    """The finding on whether the request is taken, or clearly refused."""
    return next((f for id, f in findings.items() if id.endswith((".taken", ".usual"))), {})


def of_usual(pair: Pair, b: Document) -> list[Difference]:
    """What B refuses of the things that clients send every day. Where the user's own requests are known, and they are
    answered, no client of theirs needs a change for it."""
    if _is_failed(pair):
        return judgements.of_findings(pair, of_run(b))
    a_status, b_status = pair.a["response"]["status"], pair.b["response"]["status"]
    if b_status == 200:
        return [Difference(KIND, (pair.probe,), "status", f"HTTP {a_status}", "answered", BETTER, "")]
    rows = (row for row in b.get("explained", ()) if row["probe"] == pair.probe)
    explained: Document = next(rows, {"parts": [], "sentence": "refuses it"})
    parts = ", ".join(explained["parts"])
    told = _taken(pair.findings_b) or {"observed": "", "reason": ""}
    said = told["reason"].removeprefix("unsupported: ") or told["observed"] or f"HTTP {b_status}"
    effect = NOTE if b.get("requests") else CHANGE
    change = f"B {explained['sentence']}. Only a client that sends this needs the change." if effect == CHANGE else ""
    return [Difference(KIND, (pair.probe,), "status", "answered", said, effect, change, (), parts or pair.probe)]


def _refused(probe: str, b: Document, finding: Document) -> Difference:
    """B refuses what A answers. It is a change where a part that can be spared is known to be the cause."""
    rows = (row["refused"] for row in b.get("requests", ()) if row["probe"] == probe)
    explained: Document = next((row for row in rows if row), {"parts": [], "asked": 0})
    parts = explained["parts"]
    change = "This request must work on B before traffic moves."
    if parts:
        change = f"B {explained['sentence']}."
    elif explained["asked"]:
        change = f"B {explained['sentence']}. {change}"
    effect = CHANGE if parts and not explained["needed"] else BREAKS
    subject = ", ".join(parts)
    return Difference(
        KIND, (probe,), "status", "answered", finding["observed"], effect, change, (finding["clause"],), subject
    )


def refused(run: Document) -> set[str]:
    """The requests that a run saw refused: what was to be judged of their answers is not missing."""
    failed = (f for f in run["findings"] if f["outcome"] == "broken")
    return {f["probe"] for f in failed if is_named(f["clause"], _ANSWERED)}


def note(runs: list[Document]) -> str:
    """Where the requests are from; empty where there are none."""
    rows: list[Document] = next((run["requests"] for run in runs if run.get("requests")), [])
    named = [f"{row['probe']} is {row['source']}" for row in rows[:_NAMED]]
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f"your own requests: {'; '.join(named)}{more}" if rows else ""


def _is_told(pair: Pair, one: Difference, touched: list[str]) -> bool:
    """A clause has said it, or it is the model's own choice."""
    if one.kind == "value" and one.at in pair.shape.free:
        return True
    if any(one.at == at or one.at.startswith((f"{at}.", f"{at}[")) or at.startswith(f"{one.at}.") for at in touched):
        return True
    return pair.shape.comes_and_goes(one.at) and _comes_and_goes(one)


def _comes_and_goes(one: Difference) -> bool:
    values = [set(side.split("|")) - {"null", "absent"} for side in (one.a, one.b)]
    return not values[0] or not values[1] or values[0] == values[1]
