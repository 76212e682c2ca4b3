"""What a difference is, and how equal ones are joined.

Everything in `migration` is pure: run documents in (chatproof.run/1, redacted), values out.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from chatproof.contract.probe import CONTROL, KEY_REFUSAL, LISTING, REFUSAL, STREAM, Probe
from chatproof.contract.surface import Shape, Surface
from chatproof.surfaces import of_run

Document = dict[str, Any]

BREAKS, CHANGE, NOTE, BETTER = "breaks", "change", "note", "better"
EFFECTS = {
    BREAKS: "a client that works on A does not work on B",
    CHANGE: "the client needs a change, or must work without something",
    NOTE: "worth knowing; no known client needs a change for it",
    BETTER: "B passes a clause that A fails",
}

KINDS = {
    "api": "the two sides have different APIs",
    "transport": "no complete response on one side",
    "request": "a request of your own that one side refuses",
    "status": "a different status for the same request",
    "body": "a different kind of body",
    "media_type": "a different Content-Type",
    "clause": "a clause of the contract passes on one side only",
    "capability": "an ability of the model or endpoint",
    "parameter": "the name under which a parameter is accepted",
    "field": "a field of a reply: missing, added, or of another type",
    "value": "a protocol value that the other side does not use",
    "error": "the shape of an error, or its code",
    "auth": "a form of the key that only one side accepts",
    "header": "a header that clients and support read",
    "http": "the version of HTTP or TLS",
    "tokens": "what is counted and billed for the same request",
}


SECOND = "B"
"""The letter that texts have for the candidate: it is compared alone with A, whatever its place among the targets."""
_AS_A_WORD = re.compile(r"(?<![\w.`\"'-])B(?=$|[ ,:;]|'s |\.(?:$| ))")


def named(text: str, label: str) -> str:
    """A sentence of ours with the candidate's own letter."""
    return text if label == SECOND else _AS_A_WORD.sub(label, text)


class Difference(NamedTuple):
    """One point in which B is not A. `a` and `b` are printable sentences."""

    kind: str
    probes: tuple[str, ...]
    at: str  # a JSON path with arrays folded, or a place such as `status`; empty where there is none
    a: str
    b: str
    effect: str
    change: str  # what the client needs; empty where nothing
    clauses: tuple[str, ...] = ()
    subject: str = ""  # what this is about, where no path says it: a capability, a header


class Pair(NamedTuple):
    """The two exchanges of one probe, and the findings on it."""

    row: Probe  # of A's API
    shape: Shape  # what replies of that are compared by
    probe: str
    a: Document
    b: Document
    findings_a: dict[str, Document]  # by clause
    findings_b: dict[str, Document]


def pairs(a: Document, b: Document) -> list[Pair]:
    """The probes that both runs sent, and whose answers can be compared, in A's order."""
    ours, theirs = ({x["probe"]: x for x in run["exchanges"] if not unlike_any(x, run)} for run in (a, b))
    surface, shape = of_run(a), of_run(a).shape()
    return [
        Pair(row, shape, probe, ours[probe], theirs[probe], findings(a, probe), findings(b, probe))
        for probe in ours
        if probe in theirs and (row := surface.row(probe)) is not None and is_asked_by(probe, surface, of_run(b))
    ]


_ALIKE = (CONTROL, STREAM, LISTING, KEY_REFUSAL, REFUSAL)


def is_asked_by(probe: str, surface: Surface, other: Surface) -> bool:
    """The other run's API asks the same by a probe of this name: the same API, or a question that every API has."""
    if surface.name == other.name:
        return True
    ours, theirs = surface.row(probe), other.row(probe)
    return ours is not None and theirs is not None and ours.role == theirs.role and ours.role in _ALIKE


LIMITED = "answered with 429: too many requests; try again later, or with --only"


NO_STATUS = "its status is not in the capture"


def unlike_any(exchange: Document, run: Document) -> str:
    """Why an exchange is not compared: LIMITED, or NO_STATUS for a captured body alone; empty where it is."""
    if is_limited(exchange, run):
        return LIMITED
    response = exchange["response"]
    return NO_STATUS if response and response["status"] is None else ""


def is_limited(exchange: Document, run: Document) -> bool:
    """Answered with 429 because of the moment: how fast we asked is no property of the endpoint. An account without
    money is another matter."""
    response = exchange["response"]
    return bool(response and response["status"] == 429) and all(d["code"] != "account.quota" for d in run["diagnoses"])


def findings(run: Document, probe: str) -> dict[str, Document]:
    return {f["clause"]: f for f in run["findings"] if f["probe"] == probe}


_OF_THE_WHOLE_REPLY = ("transport", "status", "body")
_GRAVITY = (BREAKS, CHANGE, BETTER, NOTE)
_SHOWN = 3


def joined(found: Iterable[Difference]) -> list[Difference]:
    """Equal differences on several probes are one. So is whatever B answers to several requests alike."""
    by_point: dict[tuple[str, ...], list[Difference]] = {}
    for one in found:
        by_point.setdefault(_point(one), []).append(one)
    return [_one_of(group) for group in by_point.values()]


def _point(one: Difference) -> tuple[str, ...]:
    if one.kind in _OF_THE_WHOLE_REPLY:
        return (one.b, one.subject, str(one.effect == BETTER))
    if one.kind == "clause":  # the side that breaks it; the other only says what was due on each probe
        return (one.kind, one.subject, one.at, one.a if one.effect == BETTER else one.b, one.effect)
    return (one.kind, one.subject, one.at, one.a, one.b, one.effect)


def _one_of(group: list[Difference]) -> Difference:
    gravest = min(group, key=lambda one: _GRAVITY.index(one.effect))
    sides = list(dict.fromkeys(one.a for one in group))
    return gravest._replace(
        probes=tuple(dict.fromkeys(probe for one in group for probe in one.probes)),
        clauses=tuple(dict.fromkeys(clause for one in group for clause in one.clauses)),
        a="; ".join(sides[:_SHOWN]) + (" …" if len(sides) > _SHOWN else ""),
    )


def place(at: str, shape: Shape) -> str:
    """Where a finding was made, as shapes name it: `event 2, $.choices[0].index` → `$.choices[].index`, and
    `first delta, $.role` → `$.choices[].delta.role`. A place that is no path stays as it is."""
    where, dollar, path = at.partition("$")
    if not dollar:
        return at
    return folded((shape.delta if where.rstrip(", ").endswith(shape.delta.rpartition(".")[2]) else "$") + path)


def folded(path: str) -> str:
    """A JSON path with its array indexes folded: $.choices[0].index → $.choices[].index."""
    head, bracket, rest = path.partition("[")
    if not bracket:
        return path
    inside, _, after = rest.partition("]")
    return f"{head}[{'' if inside.isdigit() else inside}]{folded(after)}"
