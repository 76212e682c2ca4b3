"""The contract areas: what to verify, where, and how it may be said safely. The seed's last table, as data."""

from typing import NamedTuple

_CHAT = "https://apidoc.cometapi.com/api/text/chat"


class Area(NamedTuple):
    name: str
    verify: str
    url: str
    accessed: str  # YYYY-MM-DD
    wording: str  # what may be claimed before somebody has looked again


AREAS: tuple[Area, ...] = (
    Area(
        "Endpoint path and method",
        "the exact path and HTTP method for chat completions",
        _CHAT,
        "2026-06-08",
        "POST /v1/chat/completions as documented; verify the path in the reference",
    ),
    Area(
        "Authentication scheme",
        "header name, token format and Bearer prefix",
        _CHAT,
        "2026-06-08",
        "Bearer token in the Authorization header; verify the format in the reference",
    ),
    Area(
        "Required request fields",
        "which of model, messages, role and content are required",
        _CHAT,
        "2026-06-08",
        "model and messages with role and content; verify before integrating",
    ),
    Area(
        "Optional request fields",
        "names and ranges of stream, temperature, max_tokens",
        _CHAT,
        "2026-06-08",
        "optional fields include stream and temperature; verify names and ranges",
    ),
    Area(
        "Response shape",
        "top-level fields, choices, message, content, usage",
        _CHAT,
        "2026-06-08",
        "the response has a choices array; verify field names in the response schema",
    ),
    Area(
        "Error response shape",
        "the error object and the statuses for auth failure, bad request, server error",
        _CHAT,
        "2026-06-08",
        "errors are JSON with an error member; verify names and statuses in the error reference",
    ),
    Area(
        "Streaming",
        "media type, chunk shape, terminator, errors inside a stream",
        "https://github.com/openai/openai-openapi",
        "2026-11-22",
        "text/event-stream that ends with data: [DONE]; verify before relying on it",
    ),
    Area(
        "Model identifiers",
        "which identifiers are active for the account",
        "https://apidoc.cometapi.com/overview/models",
        "2026-06-08",
        "identifiers are account-specific; check the list for your key",
    ),
    Area(
        "Capabilities",
        "which of tools, structured output, token caps, stops and roles the model takes, ignores or refuses",
        "https://github.com/openai/openai-openapi",
        "2026-11-22",
        "support differs between models; what `validate` saw of this model on this day",
    ),
    Area(
        "Operations",
        "request ids, limits in headers, connections kept open, requests at the same time",
        "https://www.rfc-editor.org/rfc/rfc9110",
        "2026-11-23",
        "headers as seen; nothing is said about price, quota, latency or uptime",
    ),
    Area(
        "Support escalation",
        "the support path for failures that stay",
        "https://apidoc.cometapi.com/support/help-center",
        "2026-06-08",
        "use the official help center for what cannot be solved here",
    ),
)
