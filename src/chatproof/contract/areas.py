"""The contract areas: what to verify, where, and how it may be said safely. The seed's table in its own words, and the
areas that came to it."""

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
        "Endpoint path",
        "Confirm the exact HTTP path for chat completions",
        _CHAT,
        "2026-06-08",
        "POST /v1/chat/completions as documented; verify current path from official reference",
    ),
    Area(
        "HTTP method",
        "Confirm the required HTTP verb (POST as described in docs)",
        _CHAT,
        "2026-06-08",
        "POST method as documented; confirm in official reference",
    ),
    Area(
        "Authentication scheme",
        "Confirm the exact header name, token format, and Bearer prefix requirements",
        _CHAT,
        "2026-06-08",
        "Bearer token via Authorization header; verify exact format from official docs",
    ),
    Area(
        "Required request fields",
        "Confirm which fields are required vs. optional (model, messages, role, content)",
        _CHAT,
        "2026-06-08",
        "Verify required fields from the official request schema before integration",
    ),
    Area(
        "Optional request fields",
        "Confirm accepted names and value ranges for stream, temperature, max_tokens",
        _CHAT,
        "2026-06-08",
        "Optional fields include stream, temperature; verify exact names and ranges",
    ),
    Area(
        "Response shape",
        "Confirm top-level fields including choices, message, content, usage",
        _CHAT,
        "2026-06-08",
        "Response includes a choices array; verify all field names from official response schema",
    ),
    Area(
        "Error response shape",
        "Confirm error object structure and HTTP status codes for auth failure, bad request, and server error",
        _CHAT,
        "2026-06-08",
        "Verify error field names and expected HTTP status codes from official error reference",
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
        "Confirm the correct support path for persistent endpoint failures",
        "https://apidoc.cometapi.com/support/help-center",
        "2026-06-08",
        "Use the official help center for escalation beyond self-serve troubleshooting",
    ),
)
