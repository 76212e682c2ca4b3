"""Captures and pasted texts of wild.toml: each is told by its cause, its owner and how sure that is, or blames nobody.

On 2026-11-29, before their kinds were mended, 17 of the 61 rows were right; of the 12 controls among them, 6.
"""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from chatproof import captures
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.judging.contract import Choice
from tests.captures.test_siblings_later import KNOWN, wrong

ROWS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "wild.toml").read_text())["row"]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['kind']}:{row['source']}" for row in ROWS])
def test_a_report_comes_to_its_cause(row: dict[str, Any]) -> None:
    assert wrong(row) == ""


def test_rows_are_well_formed() -> None:
    assert all(set(row) <= KNOWN and {"kind", "source"} <= set(row) for row in ROWS)


def judged(text: str) -> dict[str, Any]:
    asked = Asked(choice=Choice(only=("happy",)))
    return judge_captures([Source("pasted", captures.read(text.encode()))], asked).document


def test_a_servers_own_report_of_an_error_is_no_record_of_its_log() -> None:
    reply = '{"statusCode":404,"message":"Cannot POST /v1/chat/completions","error":"Not Found","method":"POST","path":"/v1/chat/completions"}'
    first = judged(reply)["diagnoses"][0]
    assert first["code"] == "url.wrong_path" and "Cannot POST" in str(first["evidence"])


def test_an_error_that_a_log_shows_goes_before_its_line_of_access() -> None:
    text = (
        'INFO:     172.18.0.1:45124 - "POST /v1/chat/completions HTTP/1.1" 500 Internal Server Error\n'
        "openai.AuthenticationError: Error code: 401 - {'error': {'message': 'Incorrect API key', 'code': 'invalid_api_key'}}\n"
    )
    assert judged(text)["diagnoses"][0]["code"] == "auth.rejected"


def test_a_log_without_a_failure_is_named_for_what_it_is() -> None:
    text = 'INFO:     172.18.0.1:45124 - "POST /v1/chat/completions HTTP/1.1" 200 OK\n'
    with pytest.raises(captures.Unreadable, match="was answered"):
        captures.read(text.encode())


def test_a_text_is_no_answer_where_it_holds_several() -> None:
    answer = (
        '{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"a"}}]}'
    )
    with pytest.raises(captures.Unreadable):
        captures.read(f"First:\n{answer}\nThen:\n{answer}\n".encode())


@pytest.mark.parametrize(
    "text",
    [
        '"POST /v1/chat/completions HTTP/1.1" 502 ' * 4000,
        '192.0.2.1 "POST /v1/chat/completions HTTP/1.1" 200 1\n' * 8000,
        "[error] 1#1: x, client: request: POST /" * 3000,
        "a=b " * 50000 + "POST /v1/chat/completions",
        'x="' * 40000 + "POST /",
        "| 500 |" * 20000 + "POST /",
        " 1/1/1/1/1" * 20000 + ' 503 1 - - SC-- "POST /',
        "a | " * 60000,
        "> " * 60000 + "\n> x",
        "{noformat}\n" * 4000,
        "%{" * 60000,
        ":a" * 60000,
        "text\n" + "{" * 60000,
        "{\u201c" * 60000,
        "HTTP/1.1 200 OK\n" + "a: b\n" * 60000,
        "state=finished raised " * 20000,
        "Invoke-RestMethod : " * 20000,
        "Assert status code " * 20000,
    ],
    ids=lambda text: text[:16],
)
def test_long_texts_take_no_long_time(text: str) -> None:
    started = time.process_time()
    try:
        captures.read(text.encode())
    except captures.Unreadable:
        pass
    assert time.process_time() - started < 3
