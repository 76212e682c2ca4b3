"""The toy's contract."""

from chatproof.surfaces.toy import view

from chatproof.contract.capability import damaged, done, refusal
from chatproof.contract.clause import (
    BEHAVIOUR,
    LEAK,
    SCHEMA,
    SERVED,
    SHOULD,
    SMOKE,
    TRANSPORT,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
    not_applicable,
)
from chatproof.contract.probe import ALL
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.secrets.redaction import find_secret
from chatproof.surfaces.model_listing import listed_ids

_SOURCE = Source("https://toy.test/reference", "2026-11-28")
_WHY = "A client of the toy stops."
_GOOD = Example(200, "application/json", b'{"shouted":"MARMALADE","breath":3,"voice":"v"}')
_BAD = Example(502, "text/html", b"<html>")
CLAUSES, MORE = Clauses(SMOKE), Clauses(VALIDATE)


def _clause(to: Clauses, id: str, probe: str, says: str, layer: str = SCHEMA, **more: object) -> object:
    return to.add(
        id, area="Response shape", says=says, source=_SOURCE, probe=probe, why=_WHY,
        holds_on=(_GOOD,), breaks_on=(_BAD,), layer=layer, **more,
    )  # fmt: skip


def status(reply: Reply, context: Context) -> Outcome:
    return holds() if reply.status == 200 else broken("status", "HTTP status 200", f"HTTP status {reply.status}")


def body_json(reply: Reply, context: Context) -> Outcome:
    return holds() if reply.is_object else broken("$", "a JSON object", f"{reply.kind} body")


def shouted(reply: Reply, context: Context) -> Outcome:
    return holds() if view.said(reply) else broken("$.shouted", "words", quote(reply.object.get("shouted")))


def rejected(reply: Reply, context: Context) -> Outcome:
    if reply.status >= 400:
        return holds(f"HTTP {reply.status}")
    return broken("status", "a status of 400 or more", f"HTTP status {reply.status}")


def error_present(reply: Reply, context: Context) -> Outcome:
    return holds() if reply.error else broken("$", "an error", quote(reply.json))


def no_leak(reply: Reply, context: Context) -> Outcome:
    if context.key is None or reply.response is None:
        return not_applicable("no key was sent")
    found = find_secret(reply.response.body, context.key)
    return broken("body", "no key", "the key stands in the body") if found else holds()


def in_pieces(reply: Reply, context: Context) -> Outcome:
    return shouted(reply, context) if reply.kind == "sse" else broken("$", "a stream", f"{reply.kind} body")


def listed(reply: Reply, context: Context) -> Outcome:
    return holds() if context.model in (listed_ids(reply.json) or ()) else broken("$.data", context.model, "not listed")


def choir(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "choir", ("choir",))
    if refused is not None:
        return refused
    return done() if reply.object.get("choir") == 3 else damaged("$.choir", "3", quote(reply.object.get("choir")))


def burst(reply: Reply, context: Context) -> Outcome:
    members = [other for other in context.replies.values() if other.exchange.together]
    return holds(f"{len(members)} at the same time") if members else not_applicable("no requests at the same time")


_clause(CLAUSES, "toy.loud.status_200", "loud", "A shout is answered with 200.", TRANSPORT)(status)
_clause(CLAUSES, "toy.loud.body_json", "loud", "The body is JSON.", needs=("toy.loud.status_200",))(body_json)
_clause(
    CLAUSES, "toy.loud.shouted", "loud", "Something is shouted.", needs=("toy.loud.body_json",), code="content.empty"
)(shouted)
for _probe, _to in (("stranger", CLAUSES), ("nobody", CLAUSES), ("blank", MORE)):
    _id = f"toy.{_probe}"
    _clause(_to, f"{_id}.rejected", _probe, "It is refused.", BEHAVIOUR, danger=SERVED)(rejected)
    _clause(_to, f"{_id}.body_json", _probe, "The refusal is JSON.", needs=(f"{_id}.rejected",))(body_json)
    _clause(_to, f"{_id}.error_present", _probe, "It has an error.", needs=(f"{_id}.body_json",))(error_present)
_clause(CLAUSES, "toy.voices.listed", "voices", "The voice is listed.", level=SHOULD)(listed)
_clause(CLAUSES, "toy.no_leak", ALL, "The key does not come back.", BEHAVIOUR, danger=LEAK)(no_leak)
_clause(CLAUSES, "toy.flow.pieces", "flow", "The pieces make a word.", capability="flow", code="stream.malformed")(
    in_pieces
)
_clause(MORE, "toy.wordless.refused", "wordless", "No words are refused.", BEHAVIOUR, code="contract.validation")(
    rejected
)
_clause(MORE, "toy.choir", "choir", "Three sing.", capability="choir", code="contract.parameter", level=SHOULD)(choir)
_clause(MORE, "toy.burst", "loud", "Some at a time.", TRANSPORT, code="http.concurrency", level=SHOULD, burst=True)(
    burst
)
