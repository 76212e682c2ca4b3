"""The id by which a provider finds a request again, wherever it puts it."""

from chatproof.evidence.reply import Reply
from chatproof.printable import cut, escape

REQUEST_IDS = (
    "x-request-id",
    "request-id",
    "x-oneapi-request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "x-litellm-call-id",
    "x-generation-id",
    "x-correlation-id",
    "cf-ray",
)
_LONGEST = 200


def request_id(reply: Reply) -> str:
    """The provider's id of the request: from a header, else from inside the error message (new-api)."""
    for name in REQUEST_IDS:
        value = reply.header(name.encode())
        if value:
            return cut(escape(value[: _LONGEST + 1]), _LONGEST)
    message = reply.error.message if reply.error else ""
    _, found, rest = message.partition("(request id: ")
    return cut(escape(rest.partition(")")[0][: _LONGEST + 1]), _LONGEST) if found else ""
