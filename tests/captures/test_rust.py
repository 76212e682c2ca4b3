"""Errors of Rust's clients as `{:?}` writes them: what a server said is its own, why nothing came is the client's."""

from __future__ import annotations

from typing import Any

import pytest

from chatproof import captures
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.judging.contract import Choice
from tests.pace import within

URL = (
    'Url { scheme: "http", cannot_be_a_base: false, username: "", password: None, host: Some(Domain("localhost")), '
    'port: Some(8080), path: "/v1/chat/completions", query: None, fragment: None }'
)
API = 'ApiError(ApiError { message: "%s", type: %s, param: None, code: %s })'
LAID_OUT = """thread 'main' panicked at src/main.rs:21:10:
called `Result::unwrap()` on an `Err` value: ApiError(
    ApiError {
        message: "The model `m` does not exist\\nor you have no access to it.",
        r#type: Some(
            "invalid_request_error",
        ),
        param: Some(
            Null,
        ),
        code: Some(
            String(
                "model_not_found",
            ),
        ),
    },
)
"""
ROWS = [
    # text, code, owners, confidences, words that are told
    ("Error: " + API % ("no such model `m`", "None", 'Some("model_not_found")'), "model.unavailable", "you", "certain", "m"),
    (LAID_OUT, "model.unavailable", "you", "certain", "model_not_found"),
    ("OpenAIError::" + API % ("You exceeded your current quota", 'Some("insufficient_quota")', "None"),
     "account.quota", "you", "certain", "insufficient_quota"),
    ("Err(" + API % ("something broke", "None", "None") + ")", "contract.error_present", "unknown", "possible", "broke"),
    ("invalid_request_error: The model `m` does not exist (code: model_not_found)",
     "model.unavailable", "you", "certain", "model_not_found"),
    (f'Err(Reqwest(reqwest::Error {{ kind: Request, url: {URL}, source: hyper::Error(Connect, ConnectError("tcp connect '
     'error", Os { code: 111, kind: ConnectionRefused, message: "Connection refused" })) }))',
     "net.refused", "provider", "likely", "Connection refused"),
    ('reqwest::Error { kind: Request, url: "https://llm.example/v1/chat/completions", source: TimedOut }',
     "limit.deadline", "unknown", "likely", "timed out"),
    ('reqwest::Error { kind: Request, url: "https://llm.example/v1/chat/completions", source: hyper::Error(IncompleteMessage) }',
     "net.closed", "provider", "likely", "closed"),
    ('reqwest::Error { kind: Request, url: "https://llm.example/v1/chat/completions", source: hyper::Error(Connect, Custom { kind: '
     'Other, error: Custom { kind: InvalidData, error: InvalidCertificate(UnknownIssuer) } }) }',
     "tls.untrusted", "you", "likely", "UnknownIssuer"),
    ('reqwest::Error { kind: Status(429), url: "https://llm.example/v1/chat/completions" }',
     "account.rate_limited", "unknown", "likely", "429"),
    (f"reqwest::Error {{ kind: Status(404), url: {URL.replace('/v1/chat', '/v1/v1/chat')} }}",
     "url.doubled_version", "you", "likely", "/v1/v1/chat"),
    ('Error: StreamError("Invalid status code: 401 Unauthorized")', "auth.rejected", "you", "likely", "401"),
    ('StreamError("Invalid header value: \\"text/html\\"")', "contract.media_type", "unknown", "possible", "text/html"),
    ('JSONDeserialize(Error("missing field `choices`", line: 1, column: 52), "{\\"error\\":{\\"message\\":\\"no healthy '
     'upstream\\"}}")', "gateway.error", "gateway", "likely", "no healthy upstream"),
]  # fmt: skip


def judged(text: str) -> dict[str, Any]:
    return judge_captures(
        [Source("pasted", captures.read(text.encode()))], Asked(choice=Choice(only=("happy",)))
    ).document


@pytest.mark.parametrize(
    ("text", "code", "owner", "sure", "words"), ROWS, ids=[f"{i}:{row[1]}" for i, row in enumerate(ROWS)]
)
def test_an_error_of_a_rust_client(text: str, code: str, owner: str, sure: str, words: str) -> None:
    document = judged(text)
    found = document["diagnoses"][0]
    assert (found["code"], found["owner"], found["confidence"]) == (code, owner, sure)
    assert words in str(found["evidence"])
    assert document["environment"]["captures"][0]["format"] == "error text of a Rust client"


def test_the_url_is_put_together_again() -> None:
    text = f"reqwest::Error {{ kind: Status(404), url: {URL} }}"
    assert judged(text)["target"]["base_url"] == "http://localhost:8080/v1"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('JSONDeserialize(Error("expected value", line: 1, column: 1))', "the client could not read a reply as JSON"),
        (
            'reqwest::Error { kind: Decode, source: Error("expected value", line: 1, column: 1) }',
            "the client could not read a reply as JSON",
        ),
        (
            "Http error: error sending request for url (http://localhost:11434/v1/chat/completions)",
            "shows neither a status",
        ),
        ("struct ApiError { message: String, code: Option<String> }", "none of these"),
    ],
)
def test_what_tells_of_no_reply_is_refused(text: str, reason: str) -> None:
    with pytest.raises(captures.Unreadable, match=reason):
        judged(text)


@pytest.mark.parametrize(
    "text",
    ["ApiError { message: " * 5000, 'ApiError { message: "' * 5000, 'url: Url { scheme: "http' * 4000, 'url: "' * 9000,
     'JSONDeserialize(Error("' * 4000, "a_error: " * 7000, "reqwest::Error { kind: Body " * 3000],
    ids=lambda text: text[:16],
)  # fmt: skip
def test_long_texts_take_no_long_time(text: str) -> None:
    with within(3):
        try:
            captures.read(text.encode())
        except captures.Unreadable:
            pass
