"""Replies, captures and pasted texts of siblings_unseen.toml: each is told by its cause, its owner and how sure that is.

On 2026-11-29, before their kinds were mended, 44 of the 77 rows were right: 21 were refused that can be read, one was
read that tells of no reply, 6 had a wrong cause, 1 a wrong owner, 1 lost the server's words, and 3 blamed somebody with
certainty who may not have done it (4 of those with a wrong cause or owner did so, too). Of the 21 rows of kind `again`, which were tried after that, 14 were right.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chatproof import captures
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.judging.contract import Choice
from tests.captures.in_time import take_no_long_time
from tests.captures.test_siblings_later import KNOWN, wrong

ROWS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "siblings_unseen.toml").read_text())["row"]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['kind']}:{row['source']}" for row in ROWS])
def test_a_report_comes_to_its_cause(row: dict[str, Any]) -> None:
    assert wrong(row) == ""


def test_rows_are_well_formed_and_five_of_a_kind() -> None:
    assert all(set(row) <= KNOWN and row["source"].count("#") == 1 for row in ROWS)
    assert min(Counter(row["kind"] for row in ROWS).values()) >= 5


@pytest.mark.parametrize(
    "text",
    [
        # A command in a report, and what its writer says of it: no reply.
        'I ran this:\ncurl https://llm.example/v1/chat/completions -d \'{"model": "m"}\'\nand it does not answer. Why?',
        "$ curl https://llm.example/v1/chat/completions -d @body.json\n$ ls\nbody.json\n",
        'curl https://llm.example/v1/chat/completions \\\n  -d \'{\n  "model": "m"\n}\'\n',
        # Words of a log that speak of HTTP, and of none of the calls that are meant.
        "u@h:~$ curl https://llm.example/v1/chat/completions -d @body.json\nu@h:~$ ",
        "RESPONSE: the model answered 404 times",
        'The model said:\n"An answer that is quoted stands here"\n',
    ],
)
def test_what_is_no_reply_is_not_read_as_one(text: str) -> None:
    with pytest.raises(captures.Unreadable):
        captures.read(text.encode())


def told(text: str) -> tuple[str, str, str]:
    asked = Asked(choice=Choice(only=("happy",)))
    found = judge_captures([Source("pasted", captures.read(text.encode()))], asked).document["diagnoses"][0]
    return found["code"], found["owner"], found["confidence"]


def test_an_errors_own_number_stands_for_a_status_that_nobody_saw() -> None:
    error = '{"error":{"message":"it is as it is","type":"","param":null,"code":%s}}'
    assert told(error % 402) == ("account.quota", "you", "certain")
    assert told(error % '"429"')[0] == "account.rate_limited"
    assert told(error % 17) == ("contract.error_present", "unknown", "possible")


def test_a_gateway_without_a_key_of_its_own_is_no_missing_model() -> None:
    head = "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n\r\n"
    assert told(head + '{"error":{"message":"auth_not_found: no auth available for model m"}}')[0] == "gateway.error"
    assert told(head + '{"error":{"message":"model_not_found: m"}}')[0] == "model.unavailable"


def test_the_output_of_a_curl_command_has_the_commands_url_and_ends_at_the_next_prompt() -> None:
    command = (
        'u@h:~$ curl https://llm.example/v1/chat/completions -d \'{"model": "m", "messages": [{"role": "user"}]}\'\n'
    )
    capture = captures.read((command + '{"error":{"message":"Overloaded"}}u@h:~$ echo $?\n0\n').encode())
    (entry,) = capture.entries
    assert entry.url == "https://llm.example/v1/chat/completions"
    assert entry.response is not None and entry.response.body == b'{"error":{"message":"Overloaded"}}'


def test_what_the_command_was_given_is_not_shown() -> None:
    key, password = "sk-ant-Zx81Qm4Lw2Rt7Yp0Ks5Vb9Nc3", "hunter-and-2-gather"
    text = (
        f"$ curl -u me:{password} https://llm.example/v1/chat/completions -H 'Authorization: Bearer {key}' "
        f'-d \'{{"model": "m", "messages": []}}\'\n'
        f'{{"error":{{"message":"Incorrect API key provided: {key}, of me:{password}","code":"invalid_api_key"}}}}\n'
    )
    asked = Asked(choice=Choice(only=("happy",)), keep_bodies=True)
    document = judge_captures([Source("pasted", captures.read(text.encode()))], asked).document
    assert document["diagnoses"][0]["code"] == "auth.rejected"
    assert key not in str(document) and password not in str(document)


@pytest.mark.parametrize(
    "log",
    [
        "--> POST https://llm.example/v1/chat/completions\n<-- 429 Too Many Requests https://llm.example/v1/chat/completions "
        "(123ms)\ncontent-type: application/json\nretry-after: 20\n\n%s\n<-- END HTTP (99-byte body)\n",
        "2026-01-01 10:00:00 INFO LoggingHttpClient - HTTP request:\n- method: POST\n- url: "
        "https://llm.example/v1/chat/completions\n2026-01-01 10:00:01 INFO LoggingHttpClient - HTTP response:\n"
        "- status code: 429\n- headers: [retry-after: 20]\n- body: %s\n",
        "I  HttpClient: RESPONSE: 429\nI  METHOD: HttpMethod(value=POST)\nI  FROM: https://llm.example/v1/chat/completions\n"
        "I  -> retry-after: 20\nI  BODY START\nI  %s\nI  BODY END\n",
    ],
    ids=["okhttp", "langchain4j", "ktor"],
)
def test_logs_of_clients_on_the_jvm(log: str) -> None:
    text = log % '{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}'
    (entry,) = captures.read(text.encode()).entries
    assert entry.response is not None and entry.response.status == 429 and b"Rate limit reached" in entry.response.body
    assert (entry.url, entry.method) == ("https://llm.example/v1/chat/completions", "POST")
    assert told(text)[0] == "account.rate_limited"


@pytest.mark.parametrize(
    "text",
    [
        "curl https://a/v1/chat/completions\n" * 4000,
        "curl 'https://a/" + "x" * 60000,
        "$ curl -d '" + "{" * 60000,
        "RESPONSE: 404\n" * 8000,
        "<-- 404 Not Found https://a (1ms\n" * 3000,
        "HTTP response:\n" * 8000,
        "net::ERR_X " * 8000,
        '"a ' * 30000,
        "x cannot be parsed as a URL" * 3000,
        "unexpected status 404 " * 4000,
    ],
    ids=lambda text: text[:16],
)
def test_long_texts_take_no_long_time(text: str) -> None:
    take_no_long_time(text)


def test_a_servers_json_is_no_record_of_a_client_though_it_speaks_of_an_error() -> None:
    reply = (
        captures.read(b'{"error":"Error: the upstream is away\\n    at handler (/srv/app.js:1:1)"}').entries[0].response
    )
    assert reply is not None and b"upstream is away" in reply.body
