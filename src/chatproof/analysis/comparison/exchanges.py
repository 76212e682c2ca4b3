"""Differences between two exchanges of one probe, the coarsest first: what follows from it is not said again."""

from chatproof.analysis.comparison.difference import BETTER, BREAKS, CHANGE, NOTE, Difference, Document, Pair
from chatproof.contract.probe import KEY_REFUSAL
from chatproof.evidence.json_shape import ADDED, LOST, RETYPED, Change, changes, words

_FINE = ("holds", "not_applicable", "waived")
_RETRIED = (408, 409, 429)


def of_exchange(pair: Pair) -> list[Difference]:
    """What differs on this probe, findings aside. Nothing where the findings of a good reply say it all."""
    a, b = pair.a["response"], pair.b["response"]
    if pair.a["fault"] or pair.b["fault"] or a is None or b is None:
        return _transport(pair)
    refused = a["status"] >= 400 and b["status"] >= 400
    if a["status"] != b["status"]:
        of_status = [_status(pair, a, b, refused=refused)]
        same_class = a["status"] // 100 == b["status"] // 100  # else the body follows from the status
        return of_status + (_error(pair, a["body"], b["body"]) if refused and same_class else [])
    if a["body"]["kind"] != b["body"]["kind"]:
        return [_body(pair, a, b)]
    if refused:
        return _error(pair, a["body"], b["body"])
    if not a["body"]["shape"] or not b["body"]["shape"]:
        return _media_type(pair, a, b)  # one of them cannot be read: that is a finding, not a loss of each field
    main = [path for path in pair.shape.main if _has(a, path) != _has(b, path)]
    if main:
        one = Change(LOST, main[0], "array", "") if _has(a, main[0]) else Change(ADDED, main[0], "", "array")
        return [*_media_type(pair, a, b), _field(pair, one)]
    return [*_media_type(pair, a, b), *_fields(pair, a["body"], b["body"]), *_values(pair, a["body"], b["body"])]


def _transport(pair: Pair) -> list[Difference]:
    a, b = (_fault(exchange) for exchange in (pair.a, pair.b))
    if a == b:
        return []
    if pair.b["fault"] and pair.b.get("reused") and not pair.a["fault"]:
        return [closed_connection(pair.probe, b)]
    effect = BETTER if pair.a["fault"] else _impact_of_loss(pair)
    change = "" if effect == BETTER else "First find out why B cannot be observed: chatproof show, with B's run."
    at = pair.b["fault"]["phase"] if pair.b["fault"] else ""
    return [Difference("transport", (pair.probe,), at, a, b, effect, change)]


def closed_connection(probe: str, seen: str) -> Difference:
    """B closed a connection that it had left open. That is the connection's: a new one may well be answered."""
    change = "If an open connection was closed, let the client send again on a new one; the official SDKs do."
    clauses = ("operations.keep_alive",)
    return Difference(
        "transport", (probe,), "", "a complete response", seen, CHANGE, change, clauses, "a reused connection"
    )


def _fault(exchange: Document) -> str:
    fault = exchange["fault"]
    return f"{fault['code']} ({fault['phase']})" if fault else "a complete response"


def _status(pair: Pair, a: Document, b: Document, *, refused: bool) -> Difference:
    if not refused and pair.row.must_be_refused:
        return _passes(pair, a, b)
    if not refused:
        worse = _broken(pair.findings_b) - _broken(pair.findings_a)
        # What A refuses and B answers is no loss, whatever the answer does not show.
        answered = b["status"] < 400 <= a["status"]
        better = _broken(pair.findings_a) or answered
        loss = CHANGE if answered else _impact_of_loss(pair)
        effect = loss if worse or not _good(pair, b) else BETTER if better else CHANGE
        change = "" if effect == BETTER else f"The request {pair.probe} must work on B before traffic moves."
        return Difference("status", (pair.probe,), "status", _answer(a), _answer(b), effect, change)
    if _retried(a["status"]) and not _retried(b["status"]):
        return Difference("status", (pair.probe,), "status", _answer(a), _answer(b), BETTER, "")
    change = f"If the client checks status {a['status']}, let it treat {b['status']} in the same way."
    if _retried(b["status"]) and not _retried(a["status"]):
        change += " Official SDKs retry it: turn that off for requests that cannot succeed."
    return Difference("status", (pair.probe,), "status", _answer(a), _answer(b), CHANGE, change)


def _passes(pair: Pair, a: Document, b: Document) -> Difference:
    """A request that must be refused, and is on one side only."""
    effect, change, subject = BETTER, "", ""
    if b["status"] < 400:
        judged = [f for clause, f in pair.findings_b.items() if clause.endswith((".refused", ".rejected"))]
        effect = BREAKS if any(f["level"] == "must" for f in judged) else CHANGE
        of_keys = pair.row.role == KEY_REFUSAL
        if b["body"]["kind"] == "json":  # else B answers everything like this, and has not looked at the key
            subject = "keys are not checked" if of_keys else "not refused"
        change = f"B accepts what A refuses, so check for it in the client: {pair.a['request']['summary']}."
        if of_keys:
            change = "Anyone who reaches B can use it: put your own access check in front of it, or do not move."
    return Difference("status", (pair.probe,), "status", _answer(a), _answer(b), effect, change, (), subject)


def _answer(response: Document) -> str:
    """The whole of a reply in a few words."""
    kind = response["body"]["kind"]
    return f"HTTP {response['status']}{_code_of(response['body'])}" + (f", {kind} body" if kind != "json" else "")


def _has(response: Document, path: str) -> bool:
    return any(row[0] == path for row in response["body"]["shape"])


def _good(pair: Pair, b: Document) -> bool:
    """B does on this probe what is due: every must that was judged holds."""
    return all(f["outcome"] in _FINE for f in pair.findings_b.values() if f["level"] == "must") and (
        b["status"] < 400 or not pair.findings_b
    )


def _retried(status: int) -> bool:
    return status >= 500 or status in _RETRIED


def _code_of(body: Document) -> str:
    found = sorted(words(body["shape"], "code"))
    return f", code {found[0]}" if len(found) == 1 and found[0] else ""


def _broken(findings: dict[str, Document]) -> set[str]:
    return {clause for clause, finding in findings.items() if finding["outcome"] in ("broken", "undecided")}


def _impact_of_loss(pair: Pair) -> str:
    """How much the loss of this probe's answer costs: what only may be there is a change, the rest breaks clients."""
    musts = [f for f in pair.findings_a.values() if f["level"] == "must" and f["outcome"] in _FINE]
    return BREAKS if musts and not any(f.get("state") for f in musts) else CHANGE


def _body(pair: Pair, a: Document, b: Document) -> Difference:
    better = bool(_broken(pair.findings_a) - _broken(pair.findings_b))
    worse = bool(_broken(pair.findings_b) - _broken(pair.findings_a))
    effect = _impact_of_loss(pair) if worse else BETTER if better else CHANGE
    kinds = a["body"]["kind"], b["body"]["kind"]
    change = "" if effect == BETTER else f"Clients that read {kinds[0]} here get {kinds[1]}."
    return Difference("body", (pair.probe,), "body", _answer(a), _answer(b), effect, change)


def _media_type(pair: Pair, a: Document, b: Document) -> list[Difference]:
    if a["media_type"] == b["media_type"]:
        return []
    change = "Let the client read the body whatever its Content-Type is."
    return [Difference("media_type", (pair.probe,), "Content-Type", a["media_type"], b["media_type"], CHANGE, change)]


def _fields(pair: Pair, a: Document, b: Document) -> list[Difference]:
    found = changes(a["shape"], b["shape"])
    if a["kind"] == "sse":  # in chunks, null and absent say the same: not yet
        found = [one for one in found if one.kind != RETYPED or one.after != _with_null(one.before)]
    return [_field(pair, one) for one in found]


def _with_null(types: str) -> str:
    return "|".join(sorted({*types.split("|"), "null"}))


def _field(pair: Pair, change: Change) -> Difference:
    before, after = change.before or "absent", change.after or "absent"
    if change.kind == ADDED:
        return Difference("field", (pair.probe,), change.path, before, after, NOTE, "")
    if change.kind == LOST and change.path not in pair.shape.read:
        return Difference("field", (pair.probe,), change.path, before, after, NOTE, "")
    if change.kind == LOST:
        advice = f"Change the client so that it does not need {change.path}."
    else:
        advice = f"Let the client also accept {change.path} as {after}."
    return Difference("field", (pair.probe,), change.path, before, after, CHANGE, advice)


def _values(pair: Pair, a: Document, b: Document) -> list[Difference]:
    """Words of the protocol that only B uses. Which of the known finish reasons came is the model's choice."""
    found = []
    for name in pair.shape.words:
        known = pair.shape.free.get(name, frozenset())
        ours, theirs = words(a["shape"], name), words(b["shape"], name)
        if new := theirs - ours - known:
            had = ", ".join(sorted(ours)) or "absent"
            advice = f"Let the client accept {name} {', '.join(sorted(new))}."
            found.append(Difference("value", (pair.probe,), name, had, ", ".join(sorted(new)), CHANGE, advice))
    return found


def _error(pair: Pair, a: Document, b: Document) -> list[Difference]:
    """Two refusals: the shapes in which they say why. Of the codes only those that clients act on are compared."""
    if a["kind"] != b["kind"]:
        return []  # two statuses of one class; the other status has been said
    ours, theirs = ({path for path, _ in body["shape"]} for body in (a, b))
    places = [path for path in _ERROR_PLACES if (path in ours) != (path in theirs)]
    if places and (where := place_of_text(ours)) != (there := place_of_text(theirs)):
        advice = f"Also read the error's text at {there}." if there else "Expect errors without a text."
        return [Difference("error", (pair.probe,), where, where or "no text", there or "no text", CHANGE, advice)]
    found = []
    for change in changes(a["shape"], b["shape"]):
        if change.kind == RETYPED and change.after == "null" and change.path.endswith(_MAY_BE_NULL):
            continue
        one = _field(pair, change)
        if change.kind == LOST:
            one = one._replace(effect=CHANGE, change=f"Change the client so that it does not need {change.path}.")
        found.append(one._replace(kind="error"))
    return found


_MAY_BE_NULL = (".code", ".param", ".type")
_ERROR_PLACES = (
    "$.error.message",
    "$[].error.message",
    "$.errors[].message",
    "$.detail",
    "$.detail[].msg",
    "$.message",
    "$.msg",
    "$.fault.faultstring",
    "$.error",
)


def place_of_text(paths: set[str]) -> str:
    """Say where an error's text stands; empty where none is found."""
    return next((path for path in _ERROR_PLACES if path in paths), "")
