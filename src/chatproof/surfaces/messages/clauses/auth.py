"""The error path: the same request with a wrong key in each header, and without one. Judged as on every API."""

from chatproof.contract.clause import (
    SCHEMA,
    SHOULD,
    SMOKE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.auth import REFUSALS, add_refusals
from chatproof.surfaces.messages.examples import COMETAPI, GOOD, JSON, SDK

CLAUSES = Clauses(SMOKE)

add_refusals(CLAUSES, GOOD, COMETAPI, "messages.", {**REFUSALS, "invalid_other": "a wrong key in the other header"})
_TYPED = Example(401, JSON, b'{"type":"error","error":{"type":"authentication_error","message":"invalid key"}}')


@CLAUSES.add(
    "messages.auth.error_shape",
    layer=SCHEMA,
    area="Error response shape",
    code="auth.error_body",
    level=SHOULD,
    says="That error has this API's form: `type` is `error`, and `error` has a type and a message, both strings.",
    source=SDK,
    probe="auth.invalid_key",
    needs=("messages.auth.invalid_key.error_present",),
    why="The AI SDK shows only the status, and code that reads error.type (to decide about a retry) finds nothing.",
    holds_on=(_TYPED, Example(401, JSON, _TYPED.body[:-1] + b',"request_id":"req_1"}')),
    breaks_on=(
        Example(401, JSON, b'{"error":"Unauthorized"}'),
        Example(401, JSON, b'{"detail":"Unauthorized"}'),
        Example(401, JSON, _TYPED.body.replace(b'"type":"error",', b"")),
        Example(401, JSON, _TYPED.body.replace(b'"type":"error"', b'"type":"failure"')),
        Example(401, JSON, b'{"type":"error","error":"Unauthorized"}'),
        Example(401, JSON, _TYPED.body.replace(b'"type":"authentication_error",', b"")),
        Example(401, JSON, _TYPED.body.replace(b'"invalid key"', b"null")),
    ),
)
def error_shape(reply: Reply, context: Context) -> Outcome:
    problem = misshapen(reply)
    return broken(*problem) if problem else holds()


def misshapen(reply: Reply) -> tuple[str, str, str] | None:
    """(where, what was expected, what is there) of an error that has not this API's form; None where it has."""
    body = reply.object
    if body.get("type") != "error":
        return "$.type", "error", quote(body["type"]) if "type" in body else f"absent from {quote(reply.json)}"
    error = body.get("error")
    if not isinstance(error, dict):
        return "$.error", "an object", quote(error)
    for name in ("type", "message"):
        if not isinstance(error.get(name), str):
            return f"$.error.{name}", "a string", quote(error[name]) if name in error else f"absent from {quote(error)}"
    return None
