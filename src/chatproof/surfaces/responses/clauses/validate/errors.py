"""The error contract: what must not pass is refused, by a status and a JSON error that a client can act on."""

from chatproof.contract.clause import (
    MUST,
    SHOULD,
    VALIDATE,
    Clauses,
    Example,
)
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.auth import REFUSED, add_empty_key
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.chat.clauses.validate.errors import Wrong, add
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import COMETAPI, GOOD
from chatproof.surfaces.responses.clauses.validate.state import is_forgotten
from chatproof.surfaces.responses.examples import STREAMED
from chatproof.surfaces.shared_clauses import SSE, add_refusal_shape
from chatproof.surfaces.stream_refusal import add_stream_refusal

CLAUSES = Clauses(VALIDATE)

_OPTIONAL = "Optional request fields"
_LOST = "The client's mistake is not noticed: the answer is to a different question."
_WRONG = (
    Wrong(
        "malformed_json",
        "whose body is incomplete JSON",
        MUST,
        (),
        "A server that answers half a request also answers one that a broken connection cut short, and no client can "
        "tell.",
    ),
    Wrong("missing_input", "without input", SHOULD, ("input",), _LOST),
    Wrong("missing_model", "without a model", SHOULD, ("model",), _LOST),
    Wrong("wrong_input_type", "whose input is a number", SHOULD, ("input",), _LOST),
    Wrong("temperature_range", "whose temperature is 99", SHOULD, ("temperature",), _LOST, area=_OPTIONAL),
    Wrong(
        "unknown_model",
        "for a model that does not exist",
        SHOULD,
        ("model",),
        "A misspelt model name is answered by another model, and billed.",
        area="Model identifiers",
    ),
    Wrong(
        "unknown_previous",
        "that continues a response that does not exist",
        SHOULD,
        ("previous_response_id", "previous_response", "store"),
        "The earlier conversation is lost, and the client gets an answer that ignores it without an error.",
        area=_OPTIONAL,
        is_ignored=is_forgotten,
    ),
)

add_empty_key(CLAUSES, GOOD, COMETAPI, "responses.")

for _row in _WRONG:
    add(_row, CLAUSES.add, GOOD, "responses.")

add_refusal_shape(CLAUSES, "responses", COMETAPI)


def _raised(reply: Reply) -> str:
    """The event on which the SDKs raise; of response.failed they leave that to the loop over the events."""
    if any(event.name == "error" for event in reply.events[0]):
        return "an event error"
    for one in view.events(reply):
        if view.kind_of(one) in ("error", "response.failed") or one.get("error"):
            return f"an event {view.kind_of(one) or 'with an error'}"
    return ""


add_stream_refusal(
    CLAUSES,
    "responses",
    raised=_raised,
    refused=REFUSED,
    by_event=Example(
        200,
        SSE,
        b'event: error\ndata: {"type":"error","code":"invalid_api_key","message":"Invalid token","param":null}\n\n',
    ),
    silent=(
        STREAMED,
        Example(200, JSON, REFUSED.body),
        Example(200, "text/html", b"<html>Sign in</html>"),
        Example(200, SSE, b": ping\n\n"),
    ),
    source=COMETAPI,
    why=(
        "openai-python and openai-node return an empty stream without an error, and so does the AI SDK: the user sees "
        "nothing, and no client learns that its key is wrong.",
        "openai-python raises a plain APIError instead of AuthenticationError, often without the words, and programs "
        "and gateways that look at the status count a success.",
        "openai-python, openai-node and the AI SDK show only the status.",
    ),
)
