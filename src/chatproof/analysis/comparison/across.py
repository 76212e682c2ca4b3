"""Two runs of different APIs, side by side: what a team meets that moves from one to the other. Pure.

Replies of two APIs have hardly a field in common, so that fields are not compared. What both are asked is: abilities,
the usage of the plain request, and how mistakes and wrong keys are refused.
"""

from typing import Any

from chatproof.analysis.comparison import exchanges, judgements, surroundings
from chatproof.analysis.comparison.difference import BREAKS, CHANGE, NOTE, Difference, Document, Pair, pairs
from chatproof.analysis.comparison.judgements import Ability
from chatproof.analysis.comparison.tokens import HIDDEN, usage_of
from chatproof.contract.surface import Surface
from chatproof.evidence.json_shape import words
from chatproof.surfaces import of_run

_NEAR = 4  # tokens by which the same text may be counted in another way
_NOT_ASKED = "not requested"


def is_across(a: Document, b: Document) -> bool:
    """The two runs are of different APIs."""
    return of_run(a).name != of_run(b).name


def found_in(a: Document, b: Document, requires: frozenset[str]) -> list[Difference]:
    """Every difference between two runs of different APIs."""
    both = pairs(a, b)
    ours, theirs = _abilities(a, b)
    answered = [pair for pair in both if not pair.a["fault"] and not pair.b["fault"]]
    return [
        _of_api(of_run(a), of_run(b)),
        *judgements.of_states(ours, theirs, requires),
        *(one for pair in both for one in _of_pair(pair)),
        *_of_breaks(a, b),
        *surroundings.of_headers(answered),
        *surroundings.of_http(answered),
    ]


def _of_api(a: Surface, b: Surface) -> Difference:
    said = f"POST {a.path}, {a.title}", f"POST {b.path}, {b.title}"
    change = (
        f"Make the client speak {b.title}: other fields are sent and read, through an adapter or "
        "another call of the SDK."
    )
    return Difference("api", (b.control,), "", *said, CHANGE, change)


def _abilities(a: Document, b: Document) -> tuple[dict[str, Ability], dict[str, Ability]]:
    """The abilities of both sides, those of B by the names that A has for them."""
    ours, theirs = judgements.abilities(a), judgements.abilities(b)
    names = {**{here: there for there, here in _names(of_run(b), ours)}, **dict(_names(of_run(a), theirs))}
    return ours, {names.get(name, name): ability for name, ability in theirs.items()}


def _names(surface: Surface, others: dict[str, Ability]) -> list[tuple[str, str]]:
    """(the other API's name, this one's) of each ability that is called by two names and that the other was asked."""
    found = []
    for here, elsewhere in surface.also_called.items():
        there = next((name for name in elsewhere if name in others), "")
        if there:
            found.append((there, here))
    return found


def _of_pair(pair: Pair) -> list[Difference]:
    """The plain request's usage, and the two refusals of one mistake."""
    a, b = pair.a["response"], pair.b["response"]
    if pair.a["fault"] or pair.b["fault"] or a is None or b is None:
        return exchanges.of_exchange(pair)
    if not pair.row.must_be_refused:
        return _of_status(pair) or _of_usage(pair)
    if a["status"] < 400 or b["status"] < 400 or a["status"] != b["status"]:
        return _of_status(pair)
    return exchanges.of_exchange(pair) or _of_code(pair)


def _of_status(pair: Pair) -> list[Difference]:
    return [one for one in exchanges.of_exchange(pair) if one.kind in ("status", "body", "transport")]


def _of_code(pair: Pair) -> list[Difference]:
    """The code of an error, which clients look at: of two APIs each has its own."""
    a, b = (_code(exchange) for exchange in (pair.a, pair.b))
    if a == b:
        return []
    change = f"If the client checks the code {a}, let it treat {b or 'none'} in the same way." if a else ""
    return [Difference("error", (pair.probe,), "code", a or "none", b or "none", CHANGE if a else NOTE, change)]


def _code(exchange: Document) -> str:
    response = exchange["response"]
    found = sorted(words(response["body"]["shape"], "code")) if response else []
    return found[0] if len(found) == 1 else ""


def _of_usage(pair: Pair) -> list[Difference]:
    a, b = (usage_of(exchange).get("prompt") for exchange in (pair.a, pair.b))
    if a is None or b is None or abs(a - b) <= _NEAR:
        return []
    more = b - a
    said = f"{abs(more)} {'more' if more > 0 else 'fewer'} prompt tokens for the same text"
    change = "Ask the provider there what is added to each request: you pay for it." if more >= HIDDEN else ""
    effect = CHANGE if change else NOTE
    return [
        Difference("tokens", (pair.probe,), "usage", f"{a} prompt tokens", said, effect, change, (), "prompt tokens")
    ]


def _of_breaks(a: Document, b: Document) -> list[Difference]:
    """What B breaks of its own API's contract, and A not of its own, where that has the same clause."""
    of_a = {_bare(finding["clause"], of_run(a)): finding for finding in a["findings"]}
    surface, found = of_run(b), []
    for finding in b["findings"]:
        if not judgements.is_broken(finding) or finding.get("state"):
            continue
        same = of_a.get(_bare(finding["clause"], surface))
        if same is not None and judgements.is_broken(same):
            continue
        clause, is_must = surface.clause(finding["clause"]), finding["level"] == "must"
        effect = BREAKS if is_must else NOTE if same is None else CHANGE
        said = "as required" if same is not None else "no clause of its API"
        change = f"{clause.says} {clause.why}" if clause and effect != NOTE else ""
        probes, clauses = (finding["probe"],), (finding["clause"],)
        found.append(
            Difference("clause", probes, finding["at"], said, finding["observed"], effect, change, clauses, clauses[0])
        )
    return found


def _bare(id: str, surface: Surface) -> str:
    """A clause's id without the name of its API."""
    return id.removeprefix(f"{surface.name}.")


def side_by_side(a: Document, b: Document) -> list[dict[str, str]]:
    """What both APIs were asked, and how each answered: abilities, usage, refusals, whether they differ or not."""
    if not is_across(a, b):
        return []
    ours, theirs = _abilities(a, b)
    rows = [
        _row("ability", name, _state(ours.get(name)), _state(theirs.get(name)))
        for name in dict.fromkeys([*ours, *theirs])
    ]
    for pair in pairs(a, b):
        if pair.row.must_be_refused:
            rows.append(_row("refusal", pair.probe, _refusal(pair.a), _refusal(pair.b)))
        elif usage_of(pair.a) or usage_of(pair.b):
            rows.append(_row("usage", pair.probe, _usage(pair.a), _usage(pair.b)))
    return rows


def _row(sort: str, what: str, a: str, b: str) -> dict[str, str]:
    return {"sort": sort, "what": what, "a": a, "b": b}


def _state(ability: Ability | None) -> str:
    return ability.state if ability else _NOT_ASKED


def _usage(exchange: Document) -> str:
    counts = usage_of(exchange)
    said = [f"{counts[name]} {name}" for name in ("prompt", "completion", "cached", "reasoning") if name in counts]
    return ", ".join(said) or "none reported"


def _refusal(exchange: Document) -> str:
    """A refusal in a few words: status, code, and where its text stands."""
    response: dict[str, Any] | None = exchange["response"]
    if response is None:
        return exchange["fault"]["code"] if exchange["fault"] else "no reply"
    if (response["status"] or 0) < 400:
        return f"HTTP {response['status']}: not refused"
    paths = {path for path, _ in response["body"]["shape"]}
    place = exchanges.place_of_text(paths)
    code = _code(exchange)
    parts = [
        f"HTTP {response['status']}",
        *([f"code {code}"] if code else []),
        place or f"{response['body']['kind']} body",
    ]
    return ", ".join(parts)
