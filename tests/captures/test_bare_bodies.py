"""Bodies that gateways and frameworks send under one status, and replies of other APIs, pasted without anything else."""

import json
from typing import Any

import pytest

from chatproof import captures
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.contract.clause import SMOKE
from chatproof.judging.contract import Choice
from chatproof.usage_error import UsageError

PAGE = "<html>\n<head><title>{0}</title></head>\n<body>\n<center><h1>{0}</h1></center>\n<hr><center>nginx</center>\n</body></html>"


def told(text: str) -> tuple[int, str, str, str, list[str]]:
    """(status, code, owner, confidence, notes) of a reply that is all that was pasted."""
    capture = captures.read(text.encode())
    (entry,) = capture.entries
    asked = Asked(scope=SMOKE, choice=Choice(only=("happy",)))
    first = judge_captures([Source("pasted", capture, "")], asked).document["diagnoses"][0]
    assert entry.response is not None
    return entry.response.status, first["code"], first["owner"], first["confidence"], list(capture.notes)


@pytest.mark.parametrize(
    ("text", "status", "code", "owner"),
    [
        ("404 page not found\n", 404, "url.wrong_path", "you"),
        ("default backend - 404", 404, "url.wrong_path", "you"),
        ("Cannot POST /chat/completions", 404, "url.wrong_path", "you"),
        ('{"detail":"Not Found"}', 404, "url.wrong_path", "you"),
        ('{ "detail": "Method Not Allowed" }', 405, "url.wrong_path", "you"),
        ('{"message":"Missing Authentication Token"}', 404, "url.wrong_path", "you"),
        ('{"message":"Endpoint request timed out"}', 504, "gateway.timeout", "gateway"),
        ("no healthy upstream", 503, "gateway.error", "gateway"),
        ("upstream connect error or disconnect/reset before headers. reset reason: overflow", 503, "gateway.error", "gateway"),
        ("upstream request timeout", 504, "gateway.timeout", "gateway"),
        ("error code: 1020", 403, "gateway.challenge", "gateway"),
        ("error code: 524", 524, "gateway.timeout", "gateway"),
        ("Bad Gateway", 502, "gateway.error", "gateway"),
        ("Jwt verification fails", 401, "auth.rejected", "you"),
        (PAGE.format("502 Bad Gateway"), 502, "gateway.error", "gateway"),
        (PAGE.format("404 Not Found"), 404, "url.wrong_path", "you"),
        (PAGE.format("401 Authorization Required"), 401, "auth.rejected", "you"),
        (PAGE.format("gateway.example | 524: A timeout occurred"), 524, "gateway.timeout", "gateway"),
    ],
)  # fmt: skip
def test_a_body_that_comes_under_one_status_leads_to_its_cause(text: str, status: int, code: str, owner: str) -> None:
    found = told(text)
    assert found[:3] == (status, code, owner)
    assert any("it was not seen" in note for note in found[4])
    assert found[3] in ("likely", "possible")  # an inferred status makes nothing certain


@pytest.mark.parametrize(
    "text",
    [
        '{"detail":"Not Found","path":"/x"}',
        '{"message":"Forbidden words"}',
        "Not Found, says the server",
        "error code: 10200",
    ],
)
def test_within_other_words_they_say_nothing_of_a_status(text: str) -> None:
    try:
        (entry,) = captures.read(text.encode()).entries
    except captures.Unreadable:
        return
    assert entry.response is not None and entry.response.status == 0


OLLAMA = {
    "model": "m",
    "created_at": "2026-01-01T00:00:00Z",
    "message": {"role": "assistant", "content": "hi"},
    "done": True,
}
GEMINI = {"candidates": [{"content": {"parts": [{"text": "pong"}], "role": "model"}, "finishReason": "STOP"}]}
OLD = {"id": "c", "object": "text_completion", "choices": [{"text": "pong", "index": 0, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (OLLAMA, "Ollama's own API (/api/chat), not of chat completions; the base URL of its OpenAI-compatible API ends in /v1"),
        ({"model": "m", "response": "hi", "done": True}, "Ollama's own API (/api/generate)"),
        (GEMINI, "Google's own API (:generateContent), not of chat completions; the base URL"),
        (OLD, "the old Completions API (/completions)"),
        ({"output": {"message": {"role": "assistant"}}, "stopReason": "end_turn"}, "Bedrock's own API"),
        ({"message": {"content": [{"type": "text"}]}, "finish_reason": "COMPLETE"}, "Cohere's own API"),
        ([{"generated_text": "pong"}], "a text-generation server's own API"),
        ({"output": {"text": "pong"}, "request_id": "x"}, "DashScope's own API"),
        ({"content": "pong", "id_slot": 0, "stop": True}, "llama.cpp's own API"),
        ({"created": 1, "data": [{"url": "https://x.example/y.png"}]}, "the Images API"),
        ({"id": "m", "results": [{"flagged": False}]}, "the Moderations API"),
        ({"results": [{"index": 0, "relevance_score": 0.5}]}, "a Rerank API"),
        ({"text": "spoken words"}, "the Audio API"),
        ({"id": "r", "object": "thread.run", "status": "queued"}, "the Assistants API"),
        ({"event": "message", "answer": "pong", "conversation_id": "c"}, "Dify's own API"),
    ],
)  # fmt: skip
def test_a_reply_of_another_api_is_named_and_nobody_is_blamed(value: Any, named: str) -> None:
    with pytest.raises(captures.Unreadable) as refused:
        captures.read(json.dumps(value).encode())
    assert named in str(refused.value)
    body = json.dumps(value)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with pytest.raises(UsageError) as unanswered:
        judge_captures([Source("pasted", captures.read((head + body).encode()), "")], Asked(scope=SMOKE))
    assert named.partition(", not")[0] in unanswered.value.detail


def test_a_stream_of_ollamas_own_is_named() -> None:
    lines = "".join(json.dumps(OLLAMA | {"done": done}) + "\n" for done in (False, False, True))
    with pytest.raises(UsageError) as unanswered:
        judge_captures([Source("pasted", captures.read(lines.encode()), "")], Asked(scope=SMOKE))
    assert "a stream of Ollama's own API" in unanswered.value.detail


@pytest.mark.parametrize(
    "value",
    [
        {"object": "text_completion", "choices": [{"message": {"role": "assistant", "content": "pong"}}]},
        {"choices": [{"index": 0, "message": {"role": "assistant", "content": "pong"}}], "done": True, "response": "x"},
        {"error": {"message": "no"}, "text": "x"},
        {"text": "x", "choices": []},
        {"id": "c", "object": "chat.completion", "choices": []},
        {"id": "c", "object": "chat.completion", "choices": None},
    ],
)
def test_a_reply_of_chat_completions_stays_one(value: Any) -> None:
    """Whatever other names a server gives beside choices or an error: its reply is judged."""
    assert captures.read(json.dumps(value).encode()).entries
