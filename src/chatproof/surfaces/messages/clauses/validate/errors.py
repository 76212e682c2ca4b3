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
from chatproof.surfaces.messages.examples import COMETAPI, GOOD, JSON, SDK, STREAMED
from chatproof.surfaces.shared_clauses import SSE
from chatproof.surfaces.stream_refusal import add_stream_refusal

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


def _raised(reply: Reply) -> str:
    """The event on which the SDKs raise: its event line tells them, not its data."""
    return "an event error" if any(event.name == "error" for event in reply.events[0]) else ""


_REFUSED = b'{"type":"error","error":{"type":"authentication_error","message":"invalid key"}}'
add_stream_refusal(
    CLAUSES,
    "messages",
    raised=_raised,
    refused=Example(401, JSON, _REFUSED),
    by_event=Example(200, SSE, b"event: error\ndata: " + _REFUSED + b"\n\n"),
    silent=(
        STREAMED,
        Example(200, JSON, _REFUSED),
        Example(200, SSE, b"data: " + _REFUSED + b"\n\n"),
        Example(200, "text/html", b"<html>Sign in</html>"),
    ),
    source=SDK,
    why=(
        "anthropic-python and @anthropic-ai/sdk return a stream without an answer and without an error: the user sees "
        "nothing, and no client learns that its key is wrong.",
        "anthropic-python raises an APIStatusError with status 200 instead of AuthenticationError, and programs and "
        "gateways that look at the status count a success.",
        "The AI SDK shows only the status.",
    ),
)
