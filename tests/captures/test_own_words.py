"""What a client library says itself is no reply: it is neither shown nor judged as the server's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof import captures
from chatproof.captures import own_words
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.judging.contract import Choice
from tests.pace import within

LITELLM = "litellm.exceptions.InternalServerError: litellm.InternalServerError: InternalServerError: OpenAIException - "
NODE = "\n    at APIError.generate (file:///app/node_modules/openai/error.mjs:40:20)"
NO_STATUS = "shows neither a status nor why the request was stopped"
NO_JSON = "the client could not read a reply as JSON"
NOT_SENT = "the client sent nothing"

REFUSED = [
    (f"{LITELLM}Connection error.", NO_STATUS),
    ("litellm.APIConnectionError: OpenAIException - Connection error.", NO_STATUS),
    ("litellm.ServiceUnavailableError: GeminiException - Max retries exceeded with url: /v1", NO_STATUS),
    ("openai.InternalServerError: Connection error.", NO_STATUS),
    ("litellm.APIError: APIError: OpenAIException - Unexpected end of JSON input", NO_JSON),
    ("litellm.APIError: APIError: OpenAIException - Failed to parse response", NO_JSON),
    ("litellm.APIError: APIError: OpenAIException - Expecting value: line 1 column 1 (char 0)", NO_JSON),
    ("openai.APIResponseValidationError: Data returned by API invalid for expected schema.", NO_JSON),
    ("AI_APICallError: Failed to parse response\n    at x (file:///a/b.js:1:2)", NO_JSON),
    ("AI_RetryError: Failed after 3 attempts. Last error: Cannot connect to API: ", NO_STATUS),
    ("litellm.BadRequestError: LLM Provider NOT provided. Pass in the LLM provider you are trying to call.", NOT_SENT),
    ("litellm.UnsupportedParamsError: openai does not support parameters: ['top_k'], for model=m.", NOT_SENT),
    (
        "openai.OpenAIError: The api_key client option must be set either by passing api_key or by the variable",
        NOT_SENT,
    ),
    ("openai.LengthFinishReasonError: Could not parse response content as the length limit was reached", "an answer"),
]
TOLD = [
    # text, code, owners, confidences
    (f"{LITELLM}Server disconnected without sending a response..", "net.closed", ("provider", "unknown"), ("likely",)),
    ("litellm.Timeout: APITimeoutError - Request timed out. Error_str: Request timed out.", "limit.deadline", (), ()),
    ("litellm.exceptions.Timeout: litellm.Timeout: Connection timed out after 600.0 seconds.", "limit.deadline", (), ()),
    (f"Error: 500 Connection error.{NODE}", "server.error", ("unknown",), ("possible",)),
    (f"APIError: 500 Unexpected end of JSON input{NODE}", "server.error", ("unknown",), ("possible",)),
    (f"InternalServerError: 502 Failed to parse response{NODE}", "gateway.error", ("gateway",), ("likely",)),
    ("openai.RateLimitError: Max retries exceeded", "account.rate_limited", ("unknown",), ("likely",)),
    ("openai.APIConnectionError: The socket connection was closed unexpectedly. For more", "net.closed",
     ("provider", "unknown"), ("likely",)),
    # What a client quotes of the reply it could not read is the server's again.
    ("openai.APIError: HTTP code 502 from API (<html><title>502 Bad Gateway</title></html>)", "gateway.error", (), ()),
    ("openai.error.APIError: Invalid response object from API: '{\"detail\":\"Not Found\"}' "
     "(HTTP response code was 404)", "url.wrong_path", ("you",), ("likely",)),
    ("litellm.APIError: OpenAIException - Unable to get json response - Expecting value: line 1 column 1 (char 0), "
     "Original Response: <html><title>Sign in</title></html>", "body.not_json", ("unknown",), ("possible",)),
    # And what LiteLLM wraps around a server's words is taken off them.
    ("litellm.exceptions.ContextWindowExceededError: litellm.BadRequestError: litellm.ContextWindowExceededError: "
     "OpenAIException - This model's maximum context length is 4097 tokens", "request.context_length", ("you",), ()),
    ("litellm.NotFoundError: OpenAIException - {\"error\":{\"message\":\"The model m does not exist\"}}. "
     "Received Model Group=m", "model.unavailable", ("you",), ()),
    # A server's JSON with the same words is a server's: a gateway that could not connect.
    ("openai.InternalServerError: Error code: 500 - {'error': {'message': 'Connection error.'}}",
     "gateway.error", ("gateway",), ("likely",)),
]  # fmt: skip


def judged(text: str) -> dict[str, Any]:
    asked = Asked(choice=Choice(only=("happy",)))
    return judge_captures([Source("pasted", captures.read(text.encode()))], asked).document


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_a_text_of_the_clients_own_words_tells_of_no_reply(text: str, reason: str) -> None:
    with pytest.raises(captures.Unreadable, match=reason):
        judged(text)


@pytest.mark.parametrize(("text", "code", "owners", "sure"), TOLD)
def test_what_else_the_text_tells_is_judged(text: str, code: str, owners: tuple[str], sure: tuple[str]) -> None:
    found = judged(text)["diagnoses"][0]
    assert found["code"] == code
    assert not owners or found["owner"] in owners
    assert found["confidence"] in (sure or ("certain", "likely", "possible"))


@pytest.mark.parametrize("words", ["Connection error.", "Unexpected end of JSON input", "Failed to parse response"])
def test_the_clients_words_are_not_shown_as_an_error_of_the_reply(words: str) -> None:
    told = json.dumps(judged(f"Error: 500 {words}{NODE}"))
    assert words not in told


def test_the_wrapper_is_not_shown_and_the_words_are() -> None:
    told = json.dumps(
        judged("litellm.RateLimitError: RateLimitError: OpenAIException - slow down, please")["diagnoses"]
    )
    assert "slow down, please" in told and "OpenAIException" not in told


@pytest.mark.parametrize(
    "words",
    [
        "The model m does not exist",
        "Invalid URL (POST /v1/v1/chat/completions)",
        "Overloaded",
        "Rate limit reached for m",
        "prompt is too long",
        "Connection to m lost",
    ],
)
def test_a_servers_words_are_not_a_clients(words: str) -> None:
    assert own_words.kind(words) == "" and own_words.within(f"litellm.BadRequestError: XException - {words}") == words


def test_words_without_end_take_no_long_time() -> None:
    with within(2):
        for text in (
            "litellm.Timeout: " * 20_000,
            "XException - " * 20_000,
            "x does not support " * 20_000,
            "Y: " * 50_000,
        ):
            own_words.kind(text)
            own_words.reason(text)


def test_every_row_of_the_table_matches_something_that_is_tried_here() -> None:
    """A row that no words reach is a row that says nothing."""
    samples = [
        "Connection error.",
        "Error communicating with OpenAI",
        "Cannot connect to API: x",
        "HTTPSConnectionPool(host='x')",
        "Server disconnected",
        "All connection attempts failed",
        "fetch failed",
        "Response ended prematurely",
        "The socket connection was closed unexpectedly. For more information",
        "Request timed out.",
        "timeout of 60000ms exceeded",
        "context deadline exceeded",
        "Unexpected end of JSON input",
        "Expecting value: line 1 column 1",
        "Unable to get json response",
        "Invalid JSON response",
        "Data returned by API invalid for expected schema.",
        "Could not parse message into JSON",
        "expected value at line 1 column 1",
        "error decoding response body",
        "'NoneType' object is not iterable",
        "LLM Provider NOT provided",
        "The api_key client option must be set",
        "The OPENAI_API_KEY environment variable is missing or empty",
        "GROQ_API_KEY is not set",
        "Missing OpenAI API Key",
        "data did not match any variant of untagged enum ResponseStreamResult",
        "OpenAI API key is missing. Pass it using",
        "Could not parse response content as the length limit",
        "stream ended without producing a message",
        "1 validation error for ChatCompletion",
        "'choices'",
        "An error occurred during streaming",
        '"undefined/chat/completions" cannot be parsed as a URL.',
        "Request URL is missing an 'http://' or 'https://' protocol.",
        "Invalid URL 'None/chat/completions': No scheme supplied.",
        'Post "localhost:8080/v1/chat/completions": unsupported protocol scheme "localhost"',
        "URI is not absolute",
        "post https://llm.example/v1/chat/completions - curl error exit_code=nil stderr={}",
        "Unauthorized endpoint, please check Setup->Security->Remote site settings.",
        "Illegal header value b'Bearer '",
        "'ascii' codec can't encode character '\\u2019' in position 7",
        'invalid header field value for "Authorization"',
        "Client.__init__() got an unexpected keyword argument 'proxies'",
        "module 'openai' has no attribute 'OpenAI'",
        'Unexpected event order, got error before "message_start"',
        "No embedding data received",
        "'AsyncOpenAI' object has no attribute 'responses'",
        "stream disconnected before completion: failed to parse ErrorResponse: invalid type: null",
        "Unknown model 'm'. Please provide a valid OpenAI model name in: o1, gpt-4",
        "Could not automatically map m to a tokeniser. Please use `tiktoken.get_encoding`",
        "This model isn't mapped yet. model=m, custom_llm_provider=openai",
        "stream disconnected before completion: response.failed event received",
        "The provider repeatedly ended the response before returning usable output.",
        "Open WebUI: Server Connection Error",
        "No response body available",
        "'choices' is not set",
        "Vector dimension 384 does not match the dimension of the index 1536",
    ]
    reached = {form for form, _ in own_words.ROWS if any(form.match(own_words.within(words)) for words in samples)}
    assert [form.pattern for form, _ in own_words.ROWS if form not in reached] == []


def test_who_refuses_a_form_is_told_by_what_it_was_read_into() -> None:
    """pydantic raises in the client for a reply, and in the server for a request; both are quoted alike."""
    assert own_words.kind("2 validation errors for ChatCompletion") == own_words.NO_JSON
    assert own_words.unfit("pydantic_core.ValidationError: 2 validation errors for Answer\nword\n  Field required")
    for read_into in ("ChatCompletionRequest", "Body", "chat"):
        said = f"1 validation error for {read_into}"
        assert own_words.kind(said) == own_words.unfit(said) == ""
