"""Captures of the Messages API: HAR, curl and SDK text are judged as its replies, and the user's own request is theirs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatproof import captures
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.cli.main import main
from chatproof.running.plan import Settings
from chatproof.surfaces import surface_of
from chatproof.surfaces.messages.examples import BODY, EVENTS, STREAMED, streamed, without
from tests import in_process
from tests.unit.test_record import VALIDATOR

KEY = "sk-ant-api03-Canary7Qv2mXw9LpTz4RbN8sKd3YhF6"
MESSAGE = json.loads(BODY)
HEADERS = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "content-type": "application/json"}
REFUSED = {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}


def ask(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, Any], str]:
    status = main(["judge", *args, "--format", "json"])
    seen = capsys.readouterr()
    return status, json.loads(seen.out) if seen.out.startswith("{") else {}, seen.err


def har(tmp_path: Path, *entries: dict[str, Any]) -> str:
    file = tmp_path / "calls.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": [*entries]}}))
    return str(file)


def call(asked: dict[str, Any], answered: Any, status: int = 200, **headers: str) -> dict[str, Any]:
    """One call as a browser's tools write it."""
    sent = {"model": "m", "max_tokens": 1024, "messages": [{"role": "user", "content": "Write a poem."}], **asked}
    sent_headers = HEADERS | headers
    if "authorization" in headers:
        del sent_headers["x-api-key"]
    text = answered if isinstance(answered, str) else json.dumps(answered)
    kind = "text/event-stream" if text.startswith("event:") else "application/json"
    return {
        "startedDateTime": "2026-11-28T10:00:00Z",
        "request": {
            "method": "POST",
            "url": "https://api.example.com/v1/messages",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": name, "value": value} for name, value in sent_headers.items()],
            "postData": {"mimeType": "application/json", "text": json.dumps(sent)},
        },
        "response": {
            "status": status,
            "headers": [{"name": "content-type", "value": kind}],
            "content": {"text": text, "mimeType": kind},
        },
    }


def outcomes(run: dict[str, Any]) -> dict[str, str]:
    return {finding["clause"]: finding["outcome"] for finding in run["findings"]}


def test_a_har_with_a_good_call_holds_whatever_header_has_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for headers in ({}, {"authorization": f"Bearer {KEY}"}):
        file = har(tmp_path, call({}, MESSAGE, **headers), call({"stream": True}, STREAMED.body.decode()))
        _, run, _ = ask(capsys, file, "--api", "messages")
        found = outcomes(run)
        assert run["verdict"] == "UNDECIDED" and "broken" not in found.values()
        assert found["messages.happy.content_non_empty"] == found["messages.stream.finished"] == "holds"
        assert KEY not in json.dumps(run)


@pytest.mark.parametrize(
    ("answered", "status", "code", "owner"),
    [
        ({**MESSAGE, "content": "pong"}, 200, "contract.content", "provider"),
        ({**MESSAGE, "usage": None}, 200, "contract.usage", "provider"),
        ({key: value for key, value in MESSAGE.items() if key != "type"}, 200, "contract.schema", "provider"),
        (REFUSED, 401, "auth.rejected", "you"),
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            529,
            "server.error",
            "provider",
        ),
        (
            {"type": "error", "error": {"type": "api_error", "message": "died"}},
            200,
            "contract.error_present",
            "provider",
        ),
    ],
)
def test_a_har_with_a_bad_answer_is_named(
    answered: Any, status: int, code: str, owner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_status, run, _ = ask(capsys, har(tmp_path, call({}, answered, status)), "--api", "messages")
    assert (exit_status, run["verdict"]) == (1, "NO-GO")
    assert (run["diagnoses"][0]["code"], run["diagnoses"][0]["owner"]) == (code, owner)


def test_a_streamed_call_without_its_end_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = without("content_block_start").body.decode()
    _, run, _ = ask(capsys, har(tmp_path, call({"stream": True}, cut)), "--api", "messages")
    assert run["diagnoses"][0]["code"] == "stream.malformed"
    assert outcomes(run)["messages.stream.block_start"] == "broken"


def test_what_the_users_request_asked_for_is_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    thinking = {
        **MESSAGE,
        "content": [{"type": "thinking", "thinking": "Hm", "signature": "s"}],
        "stop_reason": "max_tokens",
    }
    _, run, _ = ask(capsys, har(tmp_path, call({"max_tokens": 64}, thinking)), "--api", "messages")
    (found,) = run["diagnoses"]
    assert found["code"] == "content.reasoning_budget" and found["next_step"].startswith(
        "Raise the request's max_tokens"
    )
    refused = {**MESSAGE, "content": [], "stop_reason": "refusal"}
    _, run, _ = ask(capsys, har(tmp_path, call({}, refused)), "--api", "messages")
    assert run["diagnoses"][0]["next_step"].startswith("Read the request")
    tools = {"tools": [{"name": "f", "input_schema": {"type": "object"}}]}
    status, _, said = ask(capsys, har(tmp_path, call(tools, {**MESSAGE, "content": []})), "--api", "messages")
    assert status == 2 and "a reply without text may be valid" in said


def test_curl_output_and_a_bare_reply_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = tmp_path / "curl.txt"
    shown.write_bytes(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + BODY)
    _, run, _ = ask(capsys, str(shown), "--api", "messages")
    assert outcomes(run)["messages.happy.usage"] == "holds"
    status, _, said = ask(capsys, str(shown))
    assert status == 2 and "--api messages" in said
    bare = tmp_path / "reply.json"
    bare.write_bytes(BODY)
    status, _, said = ask(capsys, str(bare))
    assert status == 2 and "--api messages" in said
    _, run, _ = ask(capsys, str(bare), "--api", "messages")
    assert outcomes(run)["messages.happy.content_non_empty"] == "holds"


def test_one_event_of_a_stream_is_named_for_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "event.json"
    file.write_text(
        json.dumps({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "p"}})
    )
    status, _, said = ask(capsys, str(file), "--api", "messages")
    assert status == 2 and "one event of a stream" in said


@pytest.mark.parametrize(
    ("text", "code", "owner"),
    [
        (
            "anthropic.AuthenticationError: Error code: 401 - {'type': 'error', 'error': {'type': 'authentication_error', "
            "'message': 'invalid x-api-key'}, 'request_id': 'req_1'}",
            "auth.rejected",
            "you",
        ),
        (
            "anthropic.NotFoundError: Error code: 404 - {'type': 'error', 'error': {'type': 'not_found_error', 'message': "
            "'model: claude-nowhere'}}",
            "model.unavailable",
            "you",
        ),
        (
            'BadRequestError: 400 {"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: Field '
            'required"},"request_id":"req_1"}\n    at APIError.generate (/app/node_modules/@anthropic-ai/sdk/core/error.js:4'
            "6:20)",
            "request.rejected",
            "unknown",
        ),
        (
            'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}',
            "server.error",
            "provider",
        ),
    ],
)
def test_the_error_text_of_sdks_is_read(
    text: str, code: str, owner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "error.txt"
    file.write_text(f"Traceback (most recent call last):\n{text}\n")
    _, run, _ = ask(capsys, str(file), "--api", "messages")
    assert (run["diagnoses"][0]["code"], run["diagnoses"][0]["owner"]) == (code, owner)


def test_a_stream_whose_end_was_not_captured_is_no_cut_stream(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "part.sse"
    file.write_bytes(streamed(EVENTS[:4]).body)
    _, run, _ = ask(capsys, str(file), "--api", "messages")
    found = outcomes(run)
    assert "broken" not in found.values() and found["messages.stream.start"] == "holds"
    assert found["messages.stream.finished"] == "undecided"


def test_a_record_of_a_stream_that_stayed_open_is_judged_as_the_run_was() -> None:
    side = surface_of("messages").simulator()
    made = in_process.run(side, "messages", side.faults()["stream-stays-open"], Settings(stream=True))
    again = judge_captures([Source("a.json", captures.read(json.dumps(made.document).encode()))], Asked())
    for document in (made.document, again.document):
        VALIDATOR.validate(document)
        broken = {f["clause"] for f in document["findings"] if f["outcome"] == "broken"}
        assert (document["verdict"], broken) == ("NO-GO", {"messages.stream.closes"})
