"""The error contract: what must not pass is refused, by a status and a JSON error that a client can act on."""

from chatproof.contract.clause import (
    MUST,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
)
from chatproof.evidence.json_values import members
from chatproof.evidence.provider_error import told
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.auth import add_empty_key
from chatproof.surfaces.chat.clauses.validate.errors import Wrong, add
from chatproof.surfaces.messages.clauses.auth import misshapen
from chatproof.surfaces.messages.examples import COMETAPI, GOOD, JSON, SDK

CLAUSES = Clauses(VALIDATE)

_OPTIONAL, _MODEL = "Optional request fields", "Model identifiers"
_LOST = "The client's mistake is not noticed: the answer is to a different question."
_UNREAD = "The SDKs show only the status: developers do not see what to fix."


def _wrong(
    name: str, request: str, fields: tuple[str, ...], why: str = _LOST, area: str = "Required request fields"
) -> Wrong:
    return Wrong(name, request, SHOULD, fields, why, readable=SHOULD, area=area, unread=_UNREAD)


_WRONG = (
    _wrong(
        "malformed_json",
        "whose body is incomplete JSON",
        (),
        "A server that answers half a request also answers one that a broken connection cut short, and no client can "
        "tell.",
    )._replace(level=MUST),
    _wrong("missing_messages", "without messages", ("messages",)),
    _wrong("missing_model", "without a model", ("model",)),
    _wrong(
        "missing_max_tokens",
        "without max_tokens",
        ("max_tokens",),
        "A developer who tests here finds the mistake only at the next provider: the reference "
        "requires it in each request.",
    ),
    _wrong("wrong_messages_type", "whose messages are a number", ("messages",)),
    _wrong("temperature_range", "whose temperature is 99", ("temperature",), area=_OPTIONAL),
    _wrong(
        "unknown_model",
        "for a model that does not exist",
        ("model",),
        "A misspelt model name is answered by another model, and billed.",
        _MODEL,
    ),
)

add_empty_key(CLAUSES, GOOD, COMETAPI, "messages.")

for _row in _WRONG:
    add(_row, CLAUSES.add, GOOD, "messages.")

_UNKNOWN = Example(404, JSON, b'{"type":"error","error":{"type":"not_found_error","message":"model: x"}}')


@CLAUSES.add(
    "messages.error.unknown_model.typed",
    layer=SCHEMA,
    area=_MODEL,
    code="contract.validation",
    level=SHOULD,
    says="That refusal is an error of this API whose type is not_found_error (request for an unknown model).",
    source=SDK,
    probe="error.unknown_model",
    needs=("messages.error.unknown_model.readable",),
    why="Clients that fall back to another model look at the error's type.",
    holds_on=(_UNKNOWN,),
    breaks_on=(
        Example(404, JSON, b'{"error":{"message":"no such model","code":"model_not_found"}}'),
        Example(400, JSON, _UNKNOWN.body.replace(b"not_found_error", b"invalid_request_error")),
    ),
)
def typed(reply: Reply, context: Context) -> Outcome:
    problem = misshapen(reply)
    if problem:
        return broken(*problem)
    type = members(reply.object.get("error")).get("type")
    if type == "not_found_error":
        return holds()
    return broken("$.error.type", "not_found_error", told(reply.error, "type", type))
