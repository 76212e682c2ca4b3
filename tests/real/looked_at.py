"""Servers that validate was run on once by hand, and that the project does not install: what it found, and what was true.

Each finding was read beside the raw exchange. What was false is in docs/decisions/0019-validate-on-real-servers.md.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Looked:
    server: str
    package: str
    about: str
    verdict: str
    true: dict[str, str]  # clause ids, several with a space between: the exchange in short


_LENIENT = (
    "error.missing_model.refused error.empty_messages.refused error.message_without_role.refused "
    "error.wrong_role.refused error.wrong_content_type.refused error.temperature_string.refused "
    "error.temperature_range.refused error.stream_string.refused error.unknown_model.refused "
    "error.wrong_media_type.refused"
)
_PLAIN_500 = "500 text/plain Internal Server Error"
_ONE_ANSWER = "tools.called tools.stream_called json_object.honoured json_schema.honoured n.honoured logprobs.honoured"

LOOKED_AT = (
    Looked(
        "transformers serve",
        "pypi: `transformers[serving]==5.24.0`, `torch==2.13.0`",
        "An inference engine. One layer with random weights over an alphabet of bytes, made for the run.",
        "NO-GO",
        {
            "stream.finished": "the last chunk has finish_reason stop and a usage; no [DONE] follows",
            "error.missing_messages.readable error.empty_messages.readable error.message_without_role.readable "
            "error.wrong_content_type.readable error.temperature_string.readable": f"→ {_PLAIN_500}",
            "error.missing_messages.not_retried error.empty_messages.not_retried "
            "error.message_without_role.not_retried error.wrong_content_type.not_retried "
            "error.temperature_string.not_retried": "the same 500s",
            "error.missing_model.refused error.wrong_role.refused error.temperature_range.refused "
            "error.stream_string.refused": "→ 200 and a completion",
            "tools.called tools.stream_called": "tool_choice is not looked at: prose, finish_reason stop",
            "json_object.honoured json_schema.honoured": "response_format is not looked at: prose",
            "stop.honoured": 'where a "7" is drawn, the generation ends there and the answer contains it: the reference says '
            "that it does not",
            "n.honoured logprobs.honoured": "n 2, logprobs true → one choice, no logprobs",
        },
    ),
    Looked(
        "fakellm",
        "pypi: `fakellm==0.3.5`",
        "A mock.",
        "NO-GO",
        {
            "error.malformed_json.readable error.malformed_json.not_retried": f"→ {_PLAIN_500}",
            "error.missing_messages.refused": "no messages → 200 and a completion",
            _LENIENT: "→ 200 and a completion",
            "stream.usage": "include_usage → no chunk with a usage",
            _ONE_ANSWER: "a fixed text whatever is asked",
        },
    ),
    Looked(
        "mockllm",
        "pypi: `mockllm==0.0.8`",
        "A mock.",
        "NO-GO",
        {
            "stream.one_id": "a new id in each chunk",
            "stream.usage": "include_usage → no chunk with a usage",
            "error.malformed_json.readable error.missing_messages.readable error.missing_model.readable "
            "error.message_without_role.readable error.wrong_content_type.readable error.temperature_string.readable "
            "error.stream_string.readable": f"→ {_PLAIN_500}: its own request model raises inside the handler",
            "error.malformed_json.not_retried error.missing_messages.not_retried error.missing_model.not_retried "
            "error.message_without_role.not_retried error.wrong_content_type.not_retried "
            "error.temperature_string.not_retried error.stream_string.not_retried": "the same 500s",
            "error.wrong_role.field_named": '400 {"detail":"No user message found in request"}',
            "error.temperature_range.refused error.unknown_model.refused error.wrong_media_type.refused": "→ 200",
            _ONE_ANSWER: "a fixed text whatever is asked",
        },
    ),
    Looked(
        "mocktopus",
        "pypi: `mocktopus==0.2.0`",
        "A mock.",
        "NO-GO",
        {
            "model.listed": "the listing has five fixed ids",
            "stream.role_first": "no delta has a role",
            "stream.usage": "include_usage → no chunk with a usage",
            "error.missing_messages.refused": "no messages → 200 and a completion",
            _LENIENT: "→ 200 and a completion",
            "error.get_endpoint.readable error.unknown_path.readable": "405 and 404 as plain text (aiohttp)",
            _ONE_ANSWER: "a fixed text whatever is asked",
        },
    ),
    Looked(
        "llm-mock-api",
        "pypi: `llm-mock-api==0.1.2`",
        "A mock.",
        "NO-GO",
        {
            "error.malformed_json.readable error.malformed_json.not_retried": f"→ {_PLAIN_500}",
            "error.missing_messages.field_named error.message_without_role.field_named "
            "error.wrong_content_type.field_named error.stream_string.field_named": '400 "Invalid request body"',
            "error.missing_model.refused error.empty_messages.refused error.wrong_role.refused "
            "error.temperature_string.refused error.temperature_range.refused error.unknown_model.refused "
            "error.wrong_media_type.refused": "→ 200 and a completion",
            _ONE_ANSWER: "a fixed text whatever is asked",
        },
    ),
    Looked(
        "mock-llm",
        "npm: `@dwmkerr/mock-llm@0.1.29`",
        "A mock that says what was said to it.",
        "NO-GO",
        {
            "envelope.complete stream.chunk_complete": "no `created`, neither in the completion nor in a chunk",
            "envelope.choice_index": "the choice has no `index`",
            "stream.usage": "include_usage → no chunk with a usage",
            "error.missing_messages.refused": "no messages → 200 and a completion",
            _LENIENT: "→ 200 and a completion",
            "error.unknown_path.refused": "POST /v1/chat/completions/chatproof-no-such-path → 200 and a completion",
            "model.listed": "the listing has one fixed id",
            "model.retrievable": "GET /v1/models/gpt-4o → 200 with a list in it, no id",
            "tools.called tools.stream_called json_schema.honoured n.honoured logprobs.honoured": "an echo",
        },
    ),
)
