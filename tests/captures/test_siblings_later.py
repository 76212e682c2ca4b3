"""Replies, captures and pasted texts of siblings_later.toml: each is told by its cause, its owner and how sure that is.

On 2026-11-29, before their kinds were mended, 48 of the 100 rows were right.
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
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.contract.clause import BROKEN, MUST, SMOKE, VALIDATE
from chatproof.contract.surface import CHAT
from chatproof.judging.contract import Choice
from chatproof.usage_error import UsageError
from tests.captures.in_time import take_no_long_time

ROWS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "siblings_later.toml").read_text())["row"]
KNOWN = {"kind", "source", "text", "status", "type", "body", "har", "as", "events", "message", "finish", "again"}
KNOWN |= {"last_message", "codes", "owners", "words", "never", "refused", "sure", "broken", "sound", "whole", "calm"}
KNOWN |= {"coding", "api"}
SENT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def chunk(choice: dict[str, Any]) -> str:
    value = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(value)}\n\n"


def stream(row: dict[str, Any]) -> str:
    """A stream of these deltas, with its end; `again`: a second finish_reason; `last_message`: beside the last delta."""
    deltas = [json.loads(event) for event in row["events"]]
    ends = [row["finish"], *([row["again"]] if "again" in row else [])]
    more = {"message": json.loads(row["last_message"])} if "last_message" in row else {}
    events = [chunk({"index": 0, "delta": delta, "finish_reason": None}) for delta in deltas]
    events += [chunk({"index": 0, "delta": {}, **more, "finish_reason": end}) for end in ends]
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    last = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage}
    return "".join([*events, f"data: {json.dumps(last)}\n\n", "data: [DONE]\n\n"])


def completion(row: dict[str, Any]) -> str:
    choice = {"index": 0, "message": json.loads(row["message"]), "finish_reason": row["finish"]}
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    known = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
    return json.dumps({**known, "choices": [choice], "usage": usage})


def response(status: int, kind: str, body: str) -> bytes:
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


def har_entry(entry: dict[str, Any]) -> dict[str, Any]:
    kind = entry.get("type", "")
    headers = [{"name": "content-type", "value": kind}] if kind else []
    posted = {"mimeType": "application/json", "text": json.dumps(SENT)}
    request = {"method": entry["method"], "url": entry["url"], "httpVersion": "h2", "headers": [], "postData": posted}
    content = {"size": len(entry.get("body", "")), "mimeType": kind, "text": entry.get("body", "")}
    reply = {"status": entry["status"], "statusText": "", "httpVersion": "h2", "headers": headers, "content": content}
    reply |= {"_error": entry["error"]} if "error" in entry else {}
    return {"startedDateTime": "2026-06-01T10:00:00.000Z", "time": 1, "request": request, "response": reply}


def data(row: dict[str, Any]) -> bytes:
    if "text" in row:
        return str(row["text"]).encode(row.get("coding", "utf-8"))
    if "har" in row:
        creator = {"name": "WebInspector", "version": "537.36"}
        log = {"version": "1.2", "creator": creator, "entries": [har_entry(entry) for entry in row["har"]]}
        return json.dumps({"log": log}).encode()
    if "events" in row:
        return response(200, "text/event-stream", stream(row))
    if "message" in row:
        return response(200, "application/json", completion(row))
    return response(row["status"], row.get("type", "application/json"), row["body"])


def judged(row: dict[str, Any]) -> dict[str, Any]:
    probe = row.get("as", "")
    scope = VALIDATE if probe else SMOKE
    api = row.get("api", CHAT)
    choice = Choice(api=api) if probe or row.get("whole") or api != CHAT else Choice(only=("happy",))
    asked = Asked(scope=scope, choice=choice)
    return judge_captures([Source("pasted", captures.read(data(row)), probe)], asked).document


def wrong(row: dict[str, Any]) -> str:
    """What is not as the row says; empty when all is."""
    if "refused" in row:
        try:
            document = judged(row)
        except captures.Unreadable as error:
            return "" if re.search(row["refused"], str(error)) else f"refused: {error}"
        return f"was read: {[d['code'] for d in document['diagnoses']]}"
    try:
        document = judged(row)
    except (captures.Unreadable, UsageError) as error:
        return "" if row.get("calm") else f"was refused: {error}"
    diagnoses = document["diagnoses"]
    mine = [f for f in document["findings"] if f["probe"] == row.get("as", f["probe"]) and f["outcome"] == BROKEN]
    told = json.dumps([diagnoses, document["findings"]], ensure_ascii=False)
    if row.get("calm"):
        blamed = [d["code"] for d in diagnoses if not d["code"].startswith("limit.")]
        return f"blamed: {blamed}" if blamed or any(f["level"] == MUST for f in mine) else ""
    if row.get("sound"):
        musts = [f["clause"] for f in mine if f["level"] == MUST]
        twice = [d["code"] for d in diagnoses if d["code"] == "stream.duplicated"]
        return f"broken: {musts} {twice}" if musts or twice else ""
    broken = [f["clause"] for f in mine]
    if "broken" in row and not any(fnmatch(clause, wanted) for clause in broken for wanted in row["broken"]):
        return f"not broken: {row['broken']}; broken: {broken}"
    if not diagnoses:
        return "no diagnosis"
    first = diagnoses[0]
    if "broken" in row:  # of a whole validation that nobody captured, the cause of what is broken
        first = next((d for d in diagnoses if set(d["clauses"]) & set(broken)), first)
    brief = f"{first['code']} {first['owner']} {first['confidence']} {first['evidence']}"
    lacks = [words for words in row.get("words", ()) if not re.search(words, told)]
    tests = [
        not any(fnmatch(first["code"], code) for code in row.get("codes", ("*",))),
        first["owner"] not in row.get("owners", (first["owner"],)),
        first["confidence"] not in row.get("sure", (first["confidence"],)),
        bool(lacks),
        any(secret in json.dumps(document) for secret in row.get("never", ())),
    ]
    return f"{tests} {lacks} {brief}" if any(tests) else ""


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['kind']}:{row['source']}" for row in ROWS])
def test_a_report_comes_to_its_cause(row: dict[str, Any]) -> None:
    assert wrong(row) == ""


def test_rows_are_well_formed_and_five_of_a_kind() -> None:
    assert all(set(row) <= KNOWN and row["source"].count("#") == 1 for row in ROWS)
    assert min(Counter(row["kind"] for row in ROWS).values()) >= 5


@pytest.mark.parametrize(
    "text",
    [
        "a." * 60000,
        "a.Exception: " * 9000,
        "HTTP 404 " * 9000,
        "Request URL: http://x\n" * 6000,
        "POST http://x net::ERR_" * 5000,
        "Type validation failed: Value: {" * 3000,
        '{"level": 1, "time": 2, "msg": "x"}\n' * 5000,
        "https://a/v1/chat/completions " * 4000,
        "Error: " * 20000,
        "APIError(message: " * 9000,
        '{{"HTTP/1.1",401,"x"}"a' * 3000,
    ],
    ids=lambda text: text[:16],
)
def test_long_texts_take_no_long_time(text: str) -> None:
    take_no_long_time(text)
