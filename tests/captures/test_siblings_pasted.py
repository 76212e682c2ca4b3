"""Pastes and live replies of public reports: each comes to its cause, its owner and how sure that is, or is named for what
it is.

How many were right before anything was changed stands in the head of each table.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chatproof import captures
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from tests.captures import by_kind
from tests.captures.in_time import take_no_long_time

HERE = Path(__file__).parent
ROWS = [
    row
    for name in (
        "pasted",
        "live",
        "again",
        "third",
        "fourth",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
    )
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


@pytest.mark.parametrize(
    "text",
    [
        # Words of people and programs that hold a status or a sentence of a server, and tell of no reply.
        "The build failed with status code 500 after 3 minutes.",
        "I think the model was not found in my folder.\nWhat now?\n",
        "Errors\nthere were none\n",
        "Not Found\nis the name of my band\n",
        "Line |\n   3 |  $a = 404 Not Found\n",
        # A server's sentence in a long text, and two in a short one, are talked about.
        "Notes\n" * 12 + "Incorrect API key provided: is what it says when the key is wrong.\n",
        "Incorrect API key provided: x\nThat model is currently overloaded\n",
        "> a quotation\n> and no reply\n",
        "error[E0063]: missing field `id` in initializer of `Chunk`\n",
        "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n",
        "Notes\n" * 12 + "unable to get local issuer certificate is what Node says.\n",
        # Numbers, brackets and requests that nothing answers.
        'copied 512 {"message": "done", "id": 7}\n',
        "[12] one\n[13] two\n",
        "POST /v1/chat/completions HTTP/1.1\nHost: llm.example\n\n{}\n\nWhat is wrong with it?\n",
    ],
)
def test_what_is_no_reply_is_not_read_as_one(text: str) -> None:
    with pytest.raises(captures.Unreadable):
        captures.read(text.encode())


def test_a_key_of_the_request_that_stands_above_is_not_shown() -> None:
    key = "Zx81Qm4Lw2Rt7Yp0Ks5Vb9Nc3"
    text = (
        f"POST /v1/chat/completions HTTP/1.1\nHost: llm.example\nAuthorization: Bearer {key}\n\n{{}}\n\nand then\n\n"
        f'HTTP 401: {{"error":{{"message":"Incorrect API key provided: {key}","code":"invalid_api_key"}}}}\n'
    )
    document = judge_captures([Source("pasted", captures.read(text.encode()))], Asked(keep_bodies=True)).document
    assert document["diagnoses"][0]["code"] == "auth.rejected" and key not in str(document)


@pytest.mark.parametrize(
    "text",
    [
        "Invoke-RestMethod: a:1\nLine |\n 1 | x\n | ~~\n" + " | 400 Bad Request\n" * 4000,
        "a: \nLine |\n" * 9000,
        "openai.error.APIError: x {" * 4000,
        "Error\n" * 20000,
        "request request failed with status " * 4000,
        "Error: " * 9000 + "\n" + ("A" * 40 + "_API_KEY is ") * 2000,
        "The model '" + "x" * 1900,
        "> " * 9000 + "x",
        "failed deserialization of: x\n" * 4000,
        "invalid type: a" * 4000,
        "HTTP 500 (" * 9000,
        "XHRGET\nhttps://a\n[HTTP/1" * 4000,
        "% Total\n" + "100 1 " * 9000 + "\ncurl: (56) x",
        "data: {“a”:“b”}\n\n" * 4000,
        "```\n" * 150 + "status: 500 " * 9000,
        "POST /a HTTP/1.1\na: b\n\n" * 9000,
        "POST /a HTTP/1.1\n" + "a: b\n" * 20000,
        "failed: a b c d (400): " * 4000,
        '{"a": 1}\n\n' + "x\n" * 40000,
        "x = (" + "'a' " * 20000,
    ],
    ids=lambda text: text[:16],
)
def test_long_texts_take_no_long_time(text: str) -> None:
    take_no_long_time(text)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("401 Missing Authentication header", "auth.header"),
        ("API Request Failed: 429 Provider returned error", "account.rate_limited"),
    ],
)
def test_a_status_before_a_gateways_sentence_is_a_replys(said: str, code: str) -> None:
    document = judge_captures([Source("pasted", captures.read(said.encode()))], Asked()).document
    assert document["diagnoses"][0]["code"] == code
