"""What `chatproof compare` says of real servers of different make, each row checked by hand with curl.

A row is (effect, what, first probe, what the two answered). `what` is kind, subject and place of the difference.
"""

from __future__ import annotations

from typing import NamedTuple


class Seen(NamedTuple):
    effect: str
    what: str
    probe: str
    checked: str  # the essence of both raw exchanges


class Pair(NamedTuple):
    a: str
    b: str
    decision: str
    seen: tuple[Seen, ...]


class Alone(NamedTuple):
    """A server that is compared with itself: not one difference, whatever stands in front of it."""

    server: str
    path: str = "/v1"
    model: str = "gpt-4o"
    nightly: bool = False
    ran: str = ""  # the last day on which twenty comparisons in a row were looked at: none may differ


_DAY = "2026-11-29"
ALONE = (
    Alone("aimock", ran=_DAY),
    Alone("ferrogw", ran=_DAY),
    Alone("llmock", ran=_DAY),
    Alone("nginx", "/ok/v1", ran=_DAY),
    Alone("nginx", "/gzip/v1", ran=_DAY),
    Alone("caddy", "/ok/v1", ran=_DAY),
    Alone("envoy", "/ok/v1", ran=_DAY),
    Alone("haproxy", "/ok/v1", nightly=True, ran=_DAY),
    Alone("tinyproxy", "/ok/v1", nightly=True, ran=_DAY),
    Alone("apache", "/ok/v1", nightly=True, ran=_DAY),
    Alone("squid", "/some/v1", nightly=True, ran=_DAY),
    Alone("varnish", "/ok/v1", nightly=True, ran=_DAY),
    Alone("lighttpd", "/ok/v1", nightly=True, ran=_DAY),
    Alone("litellm", model="mocked", nightly=True, ran=_DAY),
    Alone("llamacpp", model="alphabet", nightly=True),
)

_NO_FIXTURE = 'aimock answers what it has no fixture for with 404 `{"error":{"message":"No fixture matched"…}}`'
_GO_TYPES = (
    "ferrogw decodes into Go types and checks ranges: 400 `invalid_request`; aimock looks at none of it and answers"
)

PAIRS = (
    Pair(
        "aimock",
        "ferrogw",
        "GO WITH CHANGES",
        (
            Seen(
                "change",
                "status status",
                "model",
                "GET /v1/models/gpt-4o: aimock 404 `Not found`; ferrogw 400 `provider_not_resolved`, it wants a header",
            ),
            Seen("change", "status status", "error.empty_messages", f"{_NO_FIXTURE}; ferrogw 400 `invalid_request`"),
            Seen(
                "change",
                "status status",
                "error.get_endpoint",
                "GET /v1/chat/completions: aimock 404; ferrogw 405 `method_not_supported`",
            ),
            Seen(
                "change",
                "auth lower_case_scheme",
                "key.lower_case_scheme",
                "`Authorization: bearer KEY`: aimock 200; ferrogw 401 `missing_api_key`",
            ),
            Seen("change", "auth x_api_key", "key.x_api_key", "`X-API-Key: KEY`: aimock 200; ferrogw 401"),
            Seen("better", "status status", "error.missing_model", _GO_TYPES),
            Seen(
                "better",
                "clause field_named $.error",
                "error.empty_messages",
                f"{_NO_FIXTURE}; ferrogw says `at least one message is required`",
            ),
            Seen(
                "better",
                "status status",
                "error.unknown_model",
                "aimock answers any model; ferrogw 404 `model_not_found`",
            ),
        ),
    ),
    Pair(
        "aimock",
        "llmock",
        "NO-GO",
        (
            Seen(
                "breaks",
                "status keys are not checked status",
                "auth.invalid_key",
                "`Authorization: Bearer nope`: aimock 401 `invalid_api_key`; llmock 200 with a completion",
            ),
            Seen("breaks", "status status", "auth.invalid_stream", "the same with `stream`: aimock 401; llmock 200"),
            Seen(
                "change",
                "status status",
                "error.malformed_json",
                "cut JSON: aimock 400 `invalid_json`; llmock 422 `unprocessable_entity`",
            ),
            Seen("change", "status not refused status", "error.empty_messages", f"{_NO_FIXTURE}; llmock 200"),
            Seen(
                "change",
                "status status",
                "error.get_endpoint",
                "GET /v1/chat/completions: aimock 404; llmock 405 `http_405`",
            ),
            Seen(
                "change", "status status", "tools.parallel", f"{_NO_FIXTURE}; llmock 200, a call with made-up arguments"
            ),
            Seen(
                "change",
                "field $.choices[].message.content",
                "usual.tools",
                "aimock answers a free tool call with text; llmock calls, content null",
            ),
            Seen("change", "header request id", "happy", "aimock sends X-Request-Id; llmock no id"),
            Seen(
                "better",
                "status status",
                "error.missing_model",
                "aimock 200; llmock 422 `body → model: Field required`",
            ),
            Seen(
                "better",
                "clause field_named $.error",
                "error.message_without_role",
                f"{_NO_FIXTURE}; llmock names `messages → 0 → role`",
            ),
            Seen("better", "status status", "role.developer", f"{_NO_FIXTURE}; llmock answers"),
            Seen("better", "status status", "tools.parallel.stream", f"{_NO_FIXTURE}; llmock answers"),
            Seen("better", "capability tool_choice", "tools.none", "tool_choice none: aimock calls; llmock does not"),
            Seen("better", "capability n", "sampling", "n=2: aimock one choice; llmock two"),
        ),
    ),
)
