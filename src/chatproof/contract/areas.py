"""The contract areas: what to verify, where, and how it may be said safely. The seed's table in its own words, and the
areas that came to it; for the other APIs what differs there."""

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
        "which of tools, structured output, token caps, stops and roles the model supports, ignores or refuses",
        "https://github.com/openai/openai-openapi",
        "2026-11-22",
        "support differs between models; this is what `validate` saw of this model on this day",
    ),
    Area(
        "Operations",
        "request ids, limits in headers, connections kept open, parallel requests",
        "https://www.rfc-editor.org/rfc/rfc9110",
        "2026-11-23",
        "headers as observed; nothing is checked about price, quota, latency or uptime",
    ),
    Area(
        "Support escalation",
        "Confirm the correct support path for persistent endpoint failures",
        "https://apidoc.cometapi.com/support/help-center",
        "2026-06-08",
        "Use the official help center for escalation beyond self-serve troubleshooting",
    ),
)


def areas_of(api: str) -> tuple[Area, ...]:
    """The areas in the words of one API."""
    own = _OF_OTHERS.get(api, {})
    return tuple(own.get(area.name, area) for area in AREAS)


def _of(page: str, path: str, required: str, optional: str, response: str, stream: str) -> dict[str, Area]:
    """What differs from chat: the page that was read, the path, the fields, and how a stream ends."""
    url, read = f"https://apidoc.cometapi.com/api/text/{page}", "2026-11-28"
    asked = "Verify required fields from the official request schema before integration"
    rows = (
        Area(
            "Endpoint path",
            f"Confirm the exact HTTP path: {path}",
            url,
            read,
            f"POST {path} as documented; verify current path from official reference",
        ),
        Area("HTTP method", "Confirm the required HTTP verb", url, read, "POST method as documented"),
        Area(
            "Authentication scheme",
            "Confirm the exact header name, token format, and Bearer prefix requirements",
            url,
            read,
            "Header as documented; verify the exact format from official docs",
        ),
        Area("Required request fields", f"Confirm which fields are required ({required})", url, read, asked),
        Area(
            "Optional request fields",
            f"Confirm accepted names and value ranges for {optional}",
            url,
            read,
            f"Optional fields include {optional}; verify exact names and ranges",
        ),
        Area(
            "Response shape",
            f"Confirm top-level fields including {response}",
            url,
            read,
            "Verify all field names from official response schema",
        ),
        Area(
            "Error response shape",
            "Confirm error object structure and HTTP status codes for auth failure, bad request, and server error",
            url,
            read,
            "Verify error field names and expected HTTP status codes from official error reference",
        ),
        Area("Streaming", "media type, shape and order of events, errors inside a stream", url, read, stream),
    )
    return {row.name: row for row in rows}


_OF_OTHERS: dict[str, dict[str, Area]] = {
    "responses": _of(
        "responses",
        "/v1/responses",
        "model, input",
        "stream, instructions, max_output_tokens, tools, store",
        "object, output, status, usage",
        "text/event-stream that ends with response.completed; verify before relying on it",
    ),
    "messages": _of(
        "anthropic-messages",
        "/v1/messages",
        "model, max_tokens, messages, role, content",
        "stream, system, temperature, stop_sequences, tools",
        "type, role, content, stop_reason, usage",
        "text/event-stream that ends with message_stop; verify before relying on it",
    ),
    "embeddings": _of(
        "embeddings",
        "/v1/embeddings",
        "model, input",
        "encoding_format, dimensions",
        "object, data, embedding, index, usage",
        "embeddings are not streamed",
    ),
}
