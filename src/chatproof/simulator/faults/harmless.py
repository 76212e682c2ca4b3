"""Deviations that hurt no client: a run against each of these must stay GO, without a diagnosis."""

from chatproof.simulator.fault import (
    GO,
    Alter,
    Fault,
    When,
    edited,
    error,
    events,
    gzipped,
    labelled,
    plain,
    refused,
    rewritten,
    says,
    script,
    streaming,
    with_head,
)
from chatproof.simulator.faults.stream import changed
from chatproof.simulator.wire import chunk

_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


def _without(*names: str) -> Alter:
    return edited(lambda value: [value.pop(name, None) for name in names])


def _usage_chunk(like: bytes) -> bytes:
    used = {"prompt_tokens": 6, "completion_tokens": 1, "total_tokens": 7}
    return changed(like, lambda value: value.update(choices=[], usage=used))


_EXTRA = {"x_groq": {"id": "1"}, "provider": "simulator", "prompt_filter_results": [], "timings": {"ms": 1.5}}
_LOWER = {
    "Content-Type": "content-type",
    "Content-Length": "content-length",
    "Connection": "connection",
    "Date": "date",
}


def _lower_case(head: bytes) -> bytes:
    for name, lower in _LOWER.items():
        head = head.replace(name.encode() + b":", lower.encode() + b":")
    return head


def _row(name: str, about: str, when: When, alter: Alter, stream: bool = False) -> Fault:
    return Fault(f"harmless-{name}", about, "", GO, when, alter, stream=stream)


ROWS = (
    _row(
        "error-null", "`error: null` appears beside the answer.", plain, edited(lambda value: value.update(error=None))
    ),
    _row("extra-fields", "The answer has unknown fields.", plain, edited(lambda value: value.update(_EXTRA))),
    _row(
        "no-usage-or-id",
        "The answer has no usage and no id.",
        plain,
        _without("usage", "id", "created", "system_fingerprint", "service_tier"),
    ),
    _row(
        "dated-model",
        "The answer names a dated snapshot of the model.",
        plain,
        edited(lambda value: value.update(model=f"{value['model']}-2026-03-17")),
    ),
    _row(
        "other-model",
        "The answer names a different model from the requested one.",
        plain,
        edited(lambda value: value.update(model="provider/other")),
    ),
    _row(
        "media-type-case",
        "The media type is in upper case and has a charset.",
        plain,
        labelled(media="Application/JSON; Charset=UTF-8"),
    ),
    _row(
        "leading-blank-lines",
        "Blank lines come before the JSON (DeepSeek).",
        plain,
        rewritten(lambda data: b"\n\n\r\n" + data + b"\n"),
    ),
    _row("gzip", "The answer is compressed, unasked.", plain, gzipped()),
    _row(
        "chunked",
        "The answer comes in small chunks.",
        plain,
        with_head(
            ("Transfer-Encoding", "chunked"),
            change=lambda body: (*(chunk(body[i : i + 7]) for i in range(0, len(body), 7)), chunk(b"")),
        ),
    ),
    _row(
        "until-close",
        "The answer has no length and ends with the connection.",
        plain,
        with_head(change=lambda body: (body,)),
    ),
    _row(
        "103", "Early hints come before the answer.", plain, script(lambda head, body: (_HINTS, head, body), pause=0.02)
    ),
    _row("header-case", "Header names are in lower case.", plain, script(lambda head, body: (_lower_case(head), body))),
    _row(
        "slow-pieces",
        "The answer comes in ten pieces.",
        plain,
        script(lambda head, body: (head, *(body[i : i + 64] for i in range(0, len(body), 64))), pause=0.01),
    ),
    _row(
        "reasoning",
        "The answer has the model's thinking beside its content.",
        plain,
        edited(lambda value: value["choices"][0]["message"].update(reasoning_content="One word.")),
    ),
    _row(
        "two-choices",
        "The answer has two choices.",
        plain,
        edited(lambda value: value["choices"].append({**value["choices"][0], "index": 1})),
    ),
    _row("error-string", "The error is a string (vLLM).", refused, says(401, {"error": "Unauthorized"})),
    _row(
        "error-flat",
        "The error's fields are at the top level (SGLang).",
        refused,
        says(401, {"object": "error", "message": "Unauthorized", "type": "Unauthorized", "param": None, "code": 401}),
    ),
    _row(
        "error-array",
        "The error is in an array (Gemini).",
        refused,
        says(
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": "API key not valid. Please pass a valid API key.",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
        ),
    ),
    _row("error-detail", "The error is a `detail` (Mistral).", refused, says(401, {"detail": "Unauthorized"})),
    _row(
        "error-errors",
        "The error is in `errors` (Cloudflare).",
        refused,
        says(
            403,
            {
                "result": None,
                "success": False,
                "errors": [{"code": 10000, "message": "Authentication error"}],
                "messages": [],
            },
        ),
    ),
    _row(
        "reject-400",
        "A wrong key is refused with 400 (xAI).",
        refused,
        says(400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided."}),
    ),
    _row("reject-403", "A wrong key is refused with 403.", refused, error(403, "Invalid API key", "invalid_api_key")),
    _row(
        "stream-comments",
        "Keep-alive comments appear between the events (OpenRouter, new-api).",
        streaming,
        events(lambda all: (b": PROCESSING\n\n", *(piece for event in all for piece in (event, b": PING\n\n")))),
        stream=True,
    ),
    _row(
        "stream-crlf",
        "Lines end in CRLF, and no space follows the colon.",
        streaming,
        events(lambda all: (event.replace(b"data: ", b"data:").replace(b"\n", b"\r\n") for event in all)),
        stream=True,
    ),
    _row(
        "stream-no-choices",
        "The first event has no choices, the last the usage (Azure).",
        streaming,
        events(
            lambda all: (
                b'data: {"choices":[],"created":0,"id":"","object":"","model":"","prompt_filter_results":[]}\n\n',
                *all[:-1],
                _usage_chunk(all[-2]),
                all[-1],
            )
        ),
        stream=True,
    ),
)
