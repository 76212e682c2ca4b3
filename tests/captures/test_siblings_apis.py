"""Pastes and live replies of public reports about the APIs beside chat: each comes to its cause, its owner and how sure that
is, or is named for what it is. And what stands behind several of them: a part of a stream, and a call of a tool, are no fault.

How many were right before anything was changed stands in the head of each table.
"""

from __future__ import annotations

import fnmatch
import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chatproof import captures
from chatproof.captures import other_clients
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.contract.clause import BROKEN, MUST, VALIDATE
from chatproof.contract.surface import CHAT
from chatproof.judging.contract import Choice
from chatproof.surfaces import surface_of
from chatproof.surfaces.messages import examples as messages
from chatproof.surfaces.responses import examples as responses
from tests.captures import by_kind
from tests.captures.in_time import take_no_long_time

HERE = Path(__file__).parent
ROWS = [
    row
    for name in ("responses", "messages", "embeddings", "fifth", "gateways", "sixth", "seventh")
    for row in tomllib.loads((HERE / f"siblings_{name}.toml").read_text())["row"]
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['kind']}:{row['source']}")
def test_a_report_comes_to_its_cause(
    row: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert by_kind.wrong(row, capsys, monkeypatch) == ""


def test_rows_are_well_formed_and_no_report_stands_twice() -> None:
    assert all(set(row) <= by_kind.KNOWN and row["source"].count("#") == 1 for row in ROWS)
    told = Counter((row["source"], "run" in row) for row in ROWS)  # a paste, and a server as it tells of
    assert max(told.values()) == 1


def test_each_answer_is_to_a_request_that_is_sent() -> None:
    for row in ROWS:
        probes = surface_of(row.get("api", CHAT)).rows(VALIDATE)
        asked = [pattern for answer in row.get("answers", ()) for pattern in answer["to"]]
        assert [pattern for pattern in asked if not fnmatch.filter(probes, pattern)] == [], row["source"]


def test_a_stream_of_nothing_is_nobodys_with_any_api() -> None:
    row = {"run": "smoke", "stream": True, "answers": [{"to": ["stream"], "reply": "200 text/event-stream\n\n"}]}
    for api in ("chat", "responses", "messages"):
        document = by_kind.run_of({**row, "api": api})
        first = document["diagnoses"][0]
        assert (document["verdict"], first["owner"], first["confidence"]) == ("NO-GO", "unknown", "possible"), api


def judged(data: bytes, api: str, probe: str = "") -> dict[str, Any]:
    return judge_captures([Source("pasted", captures.read(data), probe)], Asked(choice=Choice(api=api))).document


def broken(document: dict[str, Any]) -> list[str]:
    return [finding["clause"] for finding in document["findings"] if finding["outcome"] == BROKEN]


STREAMS = {
    "responses": responses.STREAMED.body,
    "messages": messages.STREAMED.body,
    "messages of a thinking model": messages.streamed(messages.THINKING_EVENTS).body,
}


@pytest.mark.parametrize("name", STREAMS)
def test_the_beginning_of_a_good_stream_is_no_fault_of_anybody(name: str) -> None:
    cuts_in(STREAMS[name], name.partition(" ")[0], every=4)


@pytest.mark.nightly
@pytest.mark.parametrize("name", STREAMS)
def test_every_beginning_of_a_good_stream_is_no_fault_of_anybody(name: str) -> None:
    cuts_in(STREAMS[name], name.partition(" ")[0], every=1)


def cuts_in(stream: bytes, api: str, every: int) -> None:
    """Each beginning: behind an event, within its end, within the next."""
    events = stream.split(b"\n\n")
    cuts = [(count, cut) for count in range(1, len(events) - 1) for cut in (b"\n\n", b"", b"\n\n" + events[count][:17])]
    for count, cut in cuts[::every]:
        assert broken(judged(b"\n\n".join(events[:count]) + cut, api)) == [], (count, cut)


CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CHOICE = {"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [CALL]}}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use"}
RESPONSE = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "error": None, "model": "m"}
CALLS: dict[str, tuple[str, bytes]] = {
    name: (api, json.dumps({**envelope, "usage": usage}).encode())
    for name, api, envelope, usage in (
        (
            "chat",
            "chat",
            {
                "id": "c1",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [{**CHOICE, "finish_reason": "tool_calls"}],
            },
            {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        ),
        (
            "messages",
            "messages",
            {**MESSAGE, "stop_sequence": None, "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]},
            {"input_tokens": 1, "output_tokens": 1},
        ),
        (
            "responses",
            "responses",
            {
                **RESPONSE,
                "output": [
                    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}
                ],
            },
            {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
        ),
    )
}
CALLS["messages, streamed"] = ("messages", messages.streamed(messages.CALL_EVENTS).body)
CALLS["chat, streamed"] = (
    "chat",
    b"".join(
        b"data: %s\n\n"
        % json.dumps(
            {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        ).encode()
        for choice in (
            {"index": 0, "delta": {"role": "assistant", "tool_calls": [{"index": 0, **CALL}]}, "finish_reason": None},
            {"index": 0, "delta": {}, "finish_reason": "tool_calls"},
        )
    )
    + b"data: [DONE]\n\n",
)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_of_a_tool_is_an_answer_where_the_request_was_not_captured(name: str) -> None:
    api, body = CALLS[name]
    document = judged(body, api)
    assert broken(document) == [] and document["diagnoses"][0]["code"] == "limit.capture"
    assert "not in the capture: what the request asked for" in json.dumps(document["findings"])
    # Who says which request it was says that it asked for a text.
    assert broken(judged(body, api, "stream" if "streamed" in name else "happy")) != []


@pytest.mark.parametrize("api", ["chat", "responses", "messages", "embeddings"])
@pytest.mark.parametrize(
    "value",
    [
        {"status": "ok"},
        {"id": 1, "result": {"a": 2}},
        {"data": []},
        {"content": "hello"},
        {"output": "x"},
        [],
        [1, 2],
    ],
    ids=json.dumps,
)
def test_nobody_is_blamed_for_json_of_nobody(value: Any, api: str) -> None:
    for head in (b"", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"):
        first = judged(head + json.dumps(value).encode(), api)["diagnoses"][0]
        assert (first["owner"], first["confidence"]) == ("unknown", "possible")
    # Where the endpoint is known to have sent it, the promise is broken.
    sent = {"method": "POST", "url": f"https://llm.example/v1{surface_of(api).path}", "headers": []}
    reply = {"status": 200, "headers": [], "content": {"text": json.dumps(value), "mimeType": "application/json"}}
    entry = {"startedDateTime": "2026-06-01T10:00:00Z", "request": sent, "response": reply}
    har = json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": [entry]}})
    assert judged(har.encode(), api)["diagnoses"][0]["owner"] == "provider"


@pytest.mark.parametrize(
    ("said", "code", "owner", "sure"),
    [
        ("response_format: Extra inputs are not\n     permitted", "request.unsupported_parameter", "you", "certain"),
        ('{"error":{"message":"x: Extra inputs are not permitted"}}', "request.unsupported_parameter", "you", "likely"),
        ("prompt is too\n    long: 208310 tokens > 200000 maximum", "request.context_length", "you", "certain"),
    ],
)
def test_words_are_known_however_their_lines_are_broken(said: str, code: str, owner: str, sure: str) -> None:
    body = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": said}})
    first = judged(f"API Error: 400 {body}".encode(), "messages")["diagnoses"][0]
    assert (first["code"], first["owner"], first["confidence"]) == (code, owner, sure)


USAGE = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
WITHOUT_TEXT = {
    f"{api}: {name}": (api, {**(RESPONSE if api == "responses" else MESSAGE), "usage": USAGE, **changed})
    for api, name, changed in (
        ("responses", "queued", {"status": "queued", "output": []}),
        ("responses", "cancelled", {"status": "cancelled", "output": []}),
        ("responses", "a search", {"output": [{"type": "web_search_call", "id": "ws_1", "status": "completed"}]}),
        ("responses", "a question", {"output": [{"type": "mcp_approval_request", "id": "m_1", "name": "f"}]}),
        ("responses", "an image", {"output": [{"type": "image_generation_call", "id": "ig_1", "result": "aGk="}]}),
        ("messages", "a pause", {"content": [{"type": "server_tool_use", "id": "s_1", "name": "f", "input": {}}]}),
        ("messages", "a stop", {"content": [], "stop_reason": "stop_sequence", "stop_sequence": "x"}),
    )
}


@pytest.mark.parametrize("name", WITHOUT_TEXT)
def test_an_answer_without_a_text_may_be_what_was_asked_for(name: str) -> None:
    api, reply = WITHOUT_TEXT[name]
    document = judged(json.dumps(reply).encode(), api)
    musts = [f["clause"] for f in document["findings"] if f["outcome"] == BROKEN and f["level"] == MUST]
    assert musts == [] and document["diagnoses"][0]["code"] == "limit.capture"
    known = judged(json.dumps(reply).encode(), api, "happy")
    assert known["verdict"] == "NO-GO" and known["diagnoses"][0]["owner"] == "provider"


@pytest.mark.parametrize("api", ["responses", "messages"])
def test_an_empty_answer_is_the_providers_for_certain_only_where_the_request_is_known(api: str) -> None:
    empty = {**RESPONSE, "output": []} if api == "responses" else {**MESSAGE, "stop_reason": "end_turn", "content": []}
    for probe, sure in (("", "likely"), ("happy", "certain")):
        first = judged(json.dumps({**empty, "usage": USAGE}).encode(), api, probe)["diagnoses"][0]
        assert (first["owner"], first["confidence"]) == ("provider", sure)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"model": "m", "embeddings": [[0.1]], "total_duration": 1}, "Ollama's own"),
        ({"embedding": [0.1, 0.2]}, "Ollama's own"),
        ([[0.1, 0.2]], "text-embeddings-inference's own"),
        ({"id": "x", "texts": ["a"], "embeddings": {"float": [[0.1]]}}, "Cohere's own"),
        ({"predictions": [{"embeddings": {"values": [0.1]}}]}, "Google's own"),
        ({"embedding": {"values": [0.1]}}, "Google's own"),
        ({"id": "resp_1", "object": "response.compaction", "output": [], "error": None}, "/compact"),
        ({"object": "response.input_tokens", "input_tokens": 11}, "/input_tokens"),
        ({"input_tokens": 14}, "/count_tokens"),
        ({"id": "b_1", "type": "message_batch", "processing_status": "ended"}, "Message Batches"),
        ({"id": "resp_1", "object": "response", "deleted": True}, "deletes something"),
    ],
    ids=str,
)
def test_what_other_paths_answer_is_named(value: Any, name: str) -> None:
    with pytest.raises(captures.Unreadable, match=name):
        captures.read(json.dumps(value).encode())


AWS = {
    "python": "botocore.errorfactory.ThrottlingException: An error occurred (ThrottlingException) when calling the "
    "ConverseStream operation (reached max retries: 4): Too many tokens, please wait before trying again.",
    "javascript": "ThrottlingException: Too many tokens, please wait before trying again.\n    at de_ThrottlingRes "
    "(/app/node_modules/@aws-sdk/client-bedrock-runtime/dist-cjs/index.js:1:1) {\n  '$fault': 'client',\n"
    "  '$metadata': {\n    httpStatusCode: 429,\n    requestId: '1b2c'\n  }\n}",
    "java": "software.amazon.awssdk.services.bedrockruntime.model.ThrottlingException: Too many tokens, please wait before "
    "trying again. (Service: BedrockRuntime, Status Code: 429, Request ID: 1b2c)",
    "go": "operation error Bedrock Runtime: Converse, exceeded maximum number of attempts, 3, https response error "
    "StatusCode: 429, RequestID: 1b2c, ThrottlingException: Too many tokens, please wait before trying again.",
    "dotnet": "Amazon.BedrockRuntime.Model.ThrottlingException: Too many tokens, please wait before trying again.\n   at X",
    "ruby": "Aws::BedrockRuntime::Errors::ThrottlingException: Too many tokens, please wait before trying again.",
    "rust": 'ServiceError { source: ThrottlingException(ThrottlingException { message: Some("Too many tokens, please wait '
    'before trying again."), meta: ErrorMetadata { code: Some("ThrottlingException") } }) }',
}


@pytest.mark.parametrize("sdk", AWS)
def test_each_sdk_of_aws_tells_the_status_and_the_words(sdk: str) -> None:
    (entry,) = captures.read(AWS[sdk].encode()).entries
    assert entry.response is not None and entry.response.status == 429
    assert b"Too many tokens, please wait" in entry.response.body
    first = judged(AWS[sdk].encode(), "messages")["diagnoses"][0]
    assert first["code"] == "account.rate_limited" and "Too many tokens" in json.dumps(first["evidence"])


@pytest.mark.parametrize(
    "text",
    [
        "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
        "com.x.DynamoDbException: no (Service: DynamoDb, Status Code: 400, Request ID: 1b2c)",
        "Aws::S3::Errors::NoSuchKeyError: The specified key does not exist.",
        "operation error S3: PutObject, https response error StatusCode: 403, RequestID: 1, api error AccessDeniedError: no",
    ],
)
def test_other_services_of_aws_are_not_read_as_one_of_these(text: str) -> None:
    from chatproof.captures import aws_sdks

    assert not aws_sdks.looks_like(text)


def test_a_request_to_a_further_path_of_the_api_is_named() -> None:
    text = 'openai.NotFoundError: Error code: 404 - {"detail": "Not Found"}'
    log = f'INFO:httpx:HTTP Request: POST https://llm.example/v1/responses/compact "HTTP/1.1 404 Not Found"\n{text}'
    with pytest.raises(Exception, match="/responses/compact, which many providers do not have"):
        judged(log.encode(), "responses")


@pytest.mark.parametrize(
    "text",
    [
        "unexpected status 404 Not Found: x, url: https://a" + ", url: https://a" * 4000,
        "status code 404: " * 6000,
        "400 invalid_request_error: " * 4000,
        "AzureException - " * 4000,
        '{""a' * 9000,
        "An error occurred (ValidationException) when calling the " * 4000,
        "Error:\n```\n" * 9000,
        '"message": "litellm.BadRequestError: ' * 4000,
        "Unexpected event order, got " * 6000,
        "x (status code: 500) " * 5000,
        "XException: a (Service: " * 5000,
        "operation error Bedrock Runtime: StatusCode: 400, RequestID: " * 3000,
        'XException { message: Some("' * 5000,
        "client-bedrock-runtime\n" + "XException: a\n" * 6000,
        "POST /v1/embeddings request 500: " * 5000,
        '[error] {"error": {"message": "x"}' * 3000,
        "Error code: 400 - {'message': '" * 4000,
        "Response { status: 400, " * 5000,
        "<6> a.b.C " * 9000,
        "`x` " * 20000,
    ],
    ids=lambda text: text[:16],
)
def test_long_texts_take_no_long_time(text: str) -> None:
    take_no_long_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "The build failed with status 500: see the log above.\nIt failed again.\n",
        "error 404: it is what the page says\n",
        "status 2025: a report of the year\n",
    ],
)
def test_what_is_no_reply_is_not_read_as_one(text: str) -> None:
    with pytest.raises(captures.Unreadable):
        captures.read(text.encode())


KEY_IN_A_PATH = "9f8e7d6c5b4a39281706f5e4d3c2b1a0aaWWqq"


@pytest.mark.parametrize(
    "place", [KEY_IN_A_PATH, "of/a/long/path/that/is/cut/in/the/middle/of/" + KEY_IN_A_PATH, "resp_9f8e7d6c5b4a/cancel"]
)
def test_of_a_further_path_nothing_but_plain_words_is_shown(place: str) -> None:
    """A key that is cut is taken for no key any more."""
    text = 'openai.NotFoundError: Error code: 404 - {"detail": "Not Found"}'
    log = f'INFO:httpx:HTTP Request: POST https://llm.example/v1/responses/{place} "HTTP/1.1 404 Not Found"\n{text}'
    with pytest.raises(Exception, match="/responses/…, which many providers do not have") as told:
        judged(log.encode(), "responses")
    assert not any(place[at : at + 8] in str(told.value) for at in range(max(len(place) - 8, 1)))


@pytest.mark.parametrize("scheme", ["http", "https", "ws", "wss"])
def test_the_url_behind_codexs_words_keeps_its_scheme(scheme: str) -> None:
    said = f"unexpected status 401 Unauthorized: Incorrect API key provided, url: {scheme}://localhost:9/v1/responses"
    (told,) = other_clients.pieces(said)
    assert told.url == f"{scheme.replace('ws', 'http')}://localhost:9/v1/responses"
