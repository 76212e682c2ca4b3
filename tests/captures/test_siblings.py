"""Replies and pasted texts of siblings.toml, rebuilt from public reports: each is told by its cause, or named for what it is.

On 2026-11-28, before their kinds were mended, 27 of the first 43 were right; of the 22 that were put together afterwards, 16.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from fnmatch import fnmatch
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from chatproof import captures
from chatproof.captures import json_records, pasted_errors
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.judging.contract import Choice
from tests.pace import within

ROWS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "siblings.toml").read_text())["row"]
KNOWN = {"kind", "source", "text", "status", "body", "codes", "owners", "words", "never", "refused"}


def data(row: dict[str, Any]) -> bytes:
    if "text" in row:
        return str(row["text"]).encode()
    line = f"HTTP/1.1 {row['status']} {HTTPStatus(row['status']).phrase}"
    return f"{line}\r\nContent-Type: application/json\r\n\r\n{row['body']}".encode()


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['kind']}:{row['source']}" for row in ROWS])
def test_a_report_comes_to_its_cause(row: dict[str, Any]) -> None:
    if "refused" in row:
        with pytest.raises(captures.Unreadable, match=row["refused"]):
            captures.read(data(row))
        return
    asked = Asked(choice=Choice(only=("happy",)))
    document = judge_captures([Source("pasted", captures.read(data(row)))], asked).document
    first = document["diagnoses"][0]
    assert any(fnmatch(first["code"], code) for code in row["codes"]), (first["code"], first["evidence"])
    assert first["owner"] in row["owners"], first
    told = json.dumps([document["diagnoses"], document["findings"]], ensure_ascii=False)
    assert [words for words in row.get("words", ()) if words not in told] == []
    assert [secret for secret in row.get("never", ()) if secret in json.dumps(document)] == []


def test_rows_are_well_formed_and_five_of_a_kind() -> None:
    assert all(set(row) <= KNOWN and row["source"].count("#") == 1 for row in ROWS)
    assert min(Counter(row["kind"] for row in ROWS).values()) >= 5


@pytest.mark.parametrize(
    "text",
    [
        "The build failed with status code 500 after 3 minutes.",
        "GET /health 404\nGET /index.html 200\n",
        "status: 404 pages were printed",
        'config = {"status": "ok", "retries": 3}  # status code 503 is retried',
        "Error 429 is what you get when you ask too often.",
        "HTTP 500 and HTTP 502 are retried by the SDK.\n" * 50,
    ],
)
def test_a_number_alone_tells_of_no_reply(text: str) -> None:
    with pytest.raises(captures.Unreadable):
        captures.read(text.encode())


@pytest.mark.parametrize(
    "text", ["status code 500 " + "{" * 60000, "429 A" + "\n{" * 30000, "x\n" * 30000 + "status 404 {}"]
)
def test_long_texts_take_no_long_time(text: str) -> None:

    with within(2):
        try:
            captures.read(text.encode())
        except captures.Unreadable:
            pass


EXAMPLES = re.findall(
    r"```(?:text|json)\n(.*?)```",
    (Path(__file__).parents[2] / "docs/reference/captures.md").read_text().partition("## One example of each")[2],
    re.DOTALL,
)


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_of_the_documentation_is_read(example: str) -> None:
    assert captures.read(example.encode()).entries


def test_the_documentation_has_an_example_of_each_reader() -> None:
    formats = {captures.read(example.encode()).format for example in EXAMPLES}
    readers = (*pasted_errors.READERS, *pasted_errors.OTHERS, json_records)
    assert {reader.NAME for reader in readers} <= set(" and ".join(formats).split(" and "))
    assert len(EXAMPLES) >= 12


@pytest.mark.parametrize("status", [420, 451, 499, 520, 529, 599])
def test_a_status_that_no_reference_knows_is_read(status: int) -> None:
    text = f'API Error: {status} {{"error":{{"message":"Overloaded"}}}}\n{status} Service overloaded'
    (entry,) = captures.read(text.encode()).entries
    assert entry.response is not None and entry.response.status == status
