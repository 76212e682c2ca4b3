"""The wrong key where smoke does not send it, or does not ask how it is refused: in a stream, and by which status."""

from chatproof.contract.clause import BEHAVIOUR, COMETAPI_ERRORS, SHOULD, VALIDATE, Clauses, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.auth import REFUSED
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.chat.clauses.stream import SSE, STREAMED
from chatproof.surfaces.chat.clauses.validate.errors import not_retried
from chatproof.surfaces.stream_refusal import add_stream_refusal

CLAUSES = Clauses(VALIDATE)


def _raised(reply: Reply) -> str:
    """The event on which the SDKs raise: an error in its data, or in its event line."""
    if any(event.name == "error" for event in reply.events[0]) or any(chunk.get("error") for chunk in reply.chunks):
        return "an event with an error"
    return ""


add_stream_refusal(
    CLAUSES,
    "chat",
    raised=_raised,
    refused=REFUSED,
    by_event=Example(200, SSE, b"data: " + REFUSED.body + b"\n\ndata: [DONE]\n\n"),
    silent=(
        STREAMED,
        Example(200, JSON, REFUSED.body),
        Example(200, "text/html", b"<html>Sign in</html>"),
        Example(200, SSE, b"data: [DONE]\n\n"),
    ),
    source=COMETAPI_ERRORS,
    why=(
        "openai-python and openai-node return an empty stream without an error: the user sees nothing, and no client "
        "learns that its key is wrong.",
        "openai-python raises a plain APIError instead of AuthenticationError, and programs and gateways that look at "
        "the status count a success.",
        "openai-python, openai-node and the AI SDK show only the status.",
    ),
)
CLAUSES.add(
    "auth.invalid_key.not_retried",
    layer=BEHAVIOUR,
    code="auth.error_body",
    level=SHOULD,
    area="Error response shape",
    says="The refusal of a wrong key has a status that clients do not retry.",
    source=COMETAPI_ERRORS,
    probe="auth.invalid_key",
    needs=("auth.invalid_key.rejected",),
    why="The official SDKs retry 408, 409, 429 and every 5xx, and say InternalServerError: a wrong key looks like an "
    "outage, and each request is sent three times.",
    holds_on=(REFUSED, Example(403, JSON, REFUSED.body)),
    breaks_on=(Example(500, JSON, REFUSED.body), Example(409, JSON, REFUSED.body)),
)(not_retried)
