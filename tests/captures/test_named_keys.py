"""A capture's text calls a value a key: then it is one, whatever it begins with, and no report may show it."""

from __future__ import annotations

import base64
import json

import pytest

from chatproof import captures
from chatproof.captures.entry import named_in

KEY = "Zq8Jv3Lw0Xt5Rm2Nb7Kc4Yh9Gd6Fs1PaVe-uT_4o"  # no vendor's prefix tells it
HEX = "9f86d081884c7d659a2feaa0c55ad015"  # as Azure makes them, and git commits
REPLY = "HTTP/1.1 401 Unauthorized\nContent-Type: application/json\n\n" + json.dumps({"error": {"message": "no"}})
SAYS = {
    "httpie -v": f"POST /v1/chat/completions HTTP/1.1\nAuthorization: Bearer {KEY}\nHost: h.test\n\n{{}}\n\n{REPLY}",
    "httpie -v, api-key": f"POST /v1/chat/completions HTTP/1.1\napi-key: {HEX}\nHost: h.test\n\n{{}}\n\n{REPLY}",
    "a shell's variable": f"$ export SHOP_API_KEY={KEY}\n$ curl -i https://h.test/v1/chat/completions\n{REPLY}",
    "a shell's variable in quotes": f"$ TOKEN='{KEY}'\n$ curl -i https://h.test/v1/chat/completions\n{REPLY}",
    "a reply": REPLY.replace("no", f"Incorrect API key provided: {KEY}. You can find your key"),
    "a reply, in few words": REPLY.replace("no", f"bad key {KEY}"),
    "a reply, as JSON": REPLY.replace('"no"', json.dumps(json.dumps({"api_key": KEY}))),
    "a program": f"client = OpenAI(api_key=\"{KEY}\")\nopenai.AuthenticationError: Error code: 401 - {{'error': 1}}",
}


@pytest.mark.parametrize("name", SAYS)
def test_what_is_called_a_key_is_a_secret(name: str) -> None:
    text = SAYS[name]
    found = {secret.reveal() for secret in captures.read(text.encode()).secrets}
    assert (HEX if HEX in text else KEY) in found


@pytest.mark.parametrize("name", [name for name in SAYS if name.startswith(("httpie", "a shell"))])
def test_what_stands_before_the_reply_was_asked_with(name: str) -> None:
    """It is looked for in every form."""
    text = SAYS[name]
    found = {secret.reveal() for secret in captures.read(text.encode()).keys}
    assert (HEX if HEX in text else KEY) in found


def test_of_basic_the_password() -> None:
    pair = base64.b64encode(f"user:{KEY}".encode())
    assert KEY in {*named_in(b"Authorization: Basic " + pair)}


@pytest.mark.parametrize("name", ["X-Acme", "Sec-WebSocket-Protocol"])
def test_a_header_of_the_request_may_hold_one_under_any_name(name: str) -> None:
    value = KEY if name == "X-Acme" else f"realtime, insecure.{KEY}"
    entry = {
        "startedDateTime": "2026-01-01T00:00:00Z", "time": 1, "cache": {}, "timings": {"send": 1, "wait": 1, "receive": 1},
        "request": {"method": "POST", "url": "https://h.test/v1/chat/completions", "httpVersion": "HTTP/1.1",
                    "headers": [{"name": name, "value": value}], "queryString": [], "cookies": []},
        "response": {"status": 401, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
                     "content": {"size": 2, "mimeType": "application/json", "text": "{}"}, "redirectURL": ""},
    }  # fmt: skip
    har = json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [entry]}})
    assert KEY in {secret.reveal() for secret in captures.read(har.encode()).keys}


@pytest.mark.parametrize(
    "text",
    [
        '{"error": {"code": "invalid_api_key", "param": null}}',
        "x: api_key_is_missing_in_the_request_header",
        "Incorrect API key provided: sk-pr****************************Ab3d.",
        "Idempotency-Key: 7c9e6679-7425-40de-944b-e07fc1f90ae7",
        f'"prompt_cache_key": "{HEX}"',
        '"usage": {"prompt_tokens": 1234567890123456789, "completion_tokens": 12}',
        '{"token": " unbelievable", "logprob": -0.1}, {"token": "internationalization"}',
        "x-request-id: req_011CSHoEeqs5C35K2UUqR7Fy",
        "export OPENAI_API_KEY=$OPENAI_API_KEY_OF_THE_TEAM",
        "key: team-gateway-production-europe-2026",
    ],
)
def test_ordinary_words_are_none(text: str) -> None:
    assert [*named_in(text.encode())] == []
