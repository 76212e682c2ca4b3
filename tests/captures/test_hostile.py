"""Files that mean harm, or are none of the formats: refused by name or read in linear time; never a traceback."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatproof import captures
from chatproof.captures import MOST, Unreadable
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.cli import main as cli
from chatproof.usage_error import UsageError
from tests.captures.playing import wire_of
from tests.pace import within

GOOD_HAR = {
    "log": {
        "version": "1.2",
        "creator": {"name": "t", "version": "1"},
        "entries": [
            {
                "startedDateTime": "2026-11-22T00:00:00Z",
                "time": 1,
                "request": {
                    "method": "POST",
                    "url": "https://llm.test/v1/chat/completions",
                    "headers": [{"name": "Authorization", "value": "Bearer sk-abcdefghijklmnop"}],
                    "postData": {"text": '{"model":"m","messages":[{"role":"user","content":"x"}]}'},
                },
                "response": {
                    "status": 200,
                    "statusText": "OK",
                    "httpVersion": "HTTP/1.1",
                    "headers": [{"name": "Content-Type", "value": "application/json"}],
                    "content": {"size": 2, "text": "{}"},
                },
                "timings": {"wait": 1},
            }
        ],
    }
}
BIG = 1024 * 1024
START = b"* Connected to x\n> POST /v1/chat/completions HTTP/1.1\n> Host: x\n> \n< HTTP/1.1 401 No\n< \n"
HOSTILE = {
    "deep arrays": b"[" * BIG,
    "deep objects": b'{"a":' * (BIG // 5),
    "many arrays": b"[" + b"[]," * (BIG // 3) + b"[]]",
    "deep HAR": b'{"log":{"entries":' + b"[" * BIG,
    "a number without end": b'{"log":{"entries":[' + b"9" * BIG + b"]}}",
    "header without end": b"HTTP/1.1 200 OK\r\nX: " + b"a" * BIG,
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * (BIG // 6),
    "blocks without end": b"HTTP/1.1 100 Continue\r\n\r\n" * (BIG // 25),
    "chunks without end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * (BIG // 6),
    "curl lines without end": b"* Trying\n" * (BIG // 9),
    "curl requests without end": b"> POST / HTTP/1.1\n> \n< HTTP/1.1 200 OK\n< \n" * (BIG // 44),
    "curl, one line": b"* Connected to x\n> POST / HTTP/1.1\n> \n< HTTP/1.1 200 OK\n< \n" + b"* " * (BIG // 2),
    "progress without end": b"* Trying\n" + b"\r  0     0    0 --:--:-- 0:" * (BIG // 28),
    "digits without end": b"* Trying\n\r" + b"0" * BIG,
    "spaces": b" " * BIG,
    "newlines": b"\n" * BIG,
    "stream without end": b"data: {}\n\n" * (BIG // 10),
    "token without end": b'{"a":"sk-' + b"a" * BIG + b'"}',
    "JWT without end": b'{"a":"' + b"eyJaaaaaaaa.aaaaaaaa." * (BIG // 21) + b'"}',
    "JWT, one part": b'{"a":"eyJ' + b"a" * BIG + b'"}',
    "ends of a connection without end": START + b"* Connection #0 to host a" * (BIG // 24),
    "one end of many digits": START + b"* Connection #" + b"0" * BIG,
    "backslashes": START + b"\\" * BIG,
    "half escapes": START + b"\\u00" * (BIG // 4),
    "empty lines": START + b"\n" * BIG,
    "lines of a connection": START + b"* \n" * (BIG // 3),
    "zeros": bytes(BIG),
    "HTML": b"<html>" + b"<" * BIG,
    "beginnings of what Node could not read": b"JSON parsing failed: Text: " * (BIG // 26),
}


def judged(data: bytes) -> str:
    try:
        return judge_captures([Source("x", captures.read(data))], Asked(model="m")).verdict
    except (Unreadable, UsageError):
        return "refused"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_cost_no_more_than_their_length(name: str) -> None:
    with within(5):
        verdict = judged(HOSTILE[name])
        assert verdict in ("refused", "UNDECIDED", "NO-GO")


def test_a_file_that_is_too_large_is_not_read_to_its_end() -> None:
    with pytest.raises(Unreadable, match="larger than 32 MiB"):
        captures.read(b"[" + bytes(MOST))


@pytest.mark.parametrize("words", ["/dev/zero", "/", "/nowhere/at/all"])
def test_what_is_no_file_is_a_usage_error(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["judge", words]) == 2
    assert "chatproof: usage: " in capsys.readouterr().err


def mutations(seed: int) -> Any:
    """The good HAR with a few of its values replaced by ones of other types."""
    chance = random.Random(seed)
    odd: list[Any] = [
        None,
        True,
        -1,
        1e300,
        10**400,
        "",
        "\ud800",
        "\0" * 9,
        [],
        {},
        [[]],
        {"a": None},
        "net::ERR_X",
        [1],
    ]
    har = json.loads(json.dumps(GOOD_HAR))

    def walk(value: Any) -> Any:
        if chance.random() < 0.12:
            return chance.choice(odd)
        if isinstance(value, dict):
            return {name: walk(item) for name, item in value.items() if chance.random() > 0.05}
        return [walk(item) for item in value] if isinstance(value, list) else value

    har["log"]["entries"] = walk(har["log"]["entries"] * 2)
    return har


@pytest.mark.parametrize("seed", range(300))
def test_a_har_with_odd_values_is_judged_or_refused(seed: int) -> None:
    try:
        data = json.dumps(mutations(seed)).encode()
    except ValueError:
        pytest.skip("no JSON")
    assert judged(data) in ("refused", "UNDECIDED", "NO-GO", "GO")


PIECES = [*(line + b"\r\n" for line in (
    b"HTTP/1.1 200 OK", b"HTTP/2 401", b"< HTTP/1.1 200 OK", b"> POST /v1/chat/completions HTTP/1.1", b"> Host: h", b"> ",
    b"< ", b"* Connected to h (127.0.0.1) port 443 (#0)", b"* Connection #0 to host h left intact", b"curl: (18) x",
    b"Content-Length: 2", b"< content-length: 2", b"Transfer-Encoding: chunked", b"", b"{}", b"{ [5 bytes data]",
    b"data: {}", b"data: [DONE]", b"* Issue another request to this URL: 'x'", b"> CONNECT h:443 HTTP/1.1", b"\xff\x00",
))]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
@example(b"HTTP/2 401\r\nHTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n")  # a header that is none, and no body
@settings(max_examples=400, deadline=None)
def test_any_mixture_of_lines_is_judged_or_refused(data: bytes) -> None:
    assert judged(data) in ("refused", "UNDECIDED", "NO-GO", "GO")


@given(st.sampled_from(sorted(wire_of("").items())), st.integers(0, 2000), st.binary(max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_reply_that_was_cut_or_changed_is_judged_or_refused(reply: tuple[str, bytes], at: int, put: bytes) -> None:
    data = reply[1][:at] + put + (reply[1][at + 1 :] if len(put) > 1 else b"")
    assert judged(data) in ("refused", "UNDECIDED", "NO-GO", "GO")
