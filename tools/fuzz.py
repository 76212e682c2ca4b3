"""Fuzz what reads a server's bytes: grammar-made and mutated replies through every oracle of tests/fuzz/oracles.py.

    python tools/fuzz.py --minutes 30

Inputs that lead to a new signature (fault codes, verdict, diagnosis codes, finding outcomes and reasons) are kept and
mutated further. A failure is made small, saved as tests/fuzz/corpus/failing-* and makes the exit status 1.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import multiprocessing
import os
import random
import re
import signal
import sys
import time
import tomllib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.fuzz import oracle_parts, oracles  # noqa: E402
from tests.support import COMPLETION, GOOD, STREAM  # noqa: E402

CORPUS = ROOT / "tests" / "fuzz" / "corpus"
LARGEST = 6000  # bytes of an input
HANG = 60.0  # seconds of CPU for one input
POOL = 4000

KEYS = [b"@KEY@", *(f"@KEY:{name}@".encode() for name in oracle_parts.FORMS)]
ENDS = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\n\n",
    b"\n\r\n",
    b"\r\r\n",
    b"\r\n\n",
    b"\n\r",
    b"\r\n ",
    b"\r\n\t",
    b" \r\n",
]
HEADERS = [
    b"Content-Type: application/json", b"Content-Type: text/event-stream", b"Content-Type: text/html; charset=utf-8",
    b"content-type:application/problem+json;;", b"Content-Type: application/json, text/html", b"Content-Type:",
    b"Content-Length: 7", b"Content-Length: 0", b"Content-Length: 7, 7", b"Content-Length: +7", b"Content-Length: 0x7",
    b"Content-Length: 99999999999", b"Content-Length: 07", b"Content-Length:", b"content-length : 7",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked ", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked, chunked",
    b"Content-Encoding: gzip", b"Content-Encoding: x-gzip", b"Content-Encoding: br", b"Content-Encoding: identity",
    b"Content-Encoding: gzip, identity", b"Content-Encoding: \xff", b"Connection: close", b"Connection: upgrade",
    b"Upgrade: h2c", b"Retry-After: 7", b"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", b"Retry-After: -1",
    b"Retry-After: 1e9", b"Retry-After: " + b"9" * 400, b"Date: Mon, 23 Nov 2026 00:00:00 GMT", b"Date: x",
    b"Location: https://user:@KEY@@evil.test/v1?key=@KEY@#x", b"Location: //evil.test", b"Location: /v1/",
    b"Location: https://[::1", b"Location: \\\\x", b"WWW-Authenticate: Bearer realm=\"@KEY@\"", b"Server: cloudflare",
    b"cf-mitigated: challenge", b"cf-ray: 8d-FRA", b"Via: 1.1 proxy", b"X-Request-Id: abc", b"X-Request-Id: @KEY@",
    b"x-ratelimit-remaining-requests: 0", b"x-ratelimit-@KEY@: 1", b"X-Simulator: 1", b"Allow: GET", b"Age: 9",
    b"X-Bidi: \xe2\x80\xae\xe2\x81\xa6", b"X: \x85\xa0\xad", b"X:\x00", b"X: \x7f\x1b[31m", b": x", b"X", b" X: folded",
    b"Set-Cookie: a=b", b"Trailer: X", b"X" * 70 + b": y", b"\xc3\xa9: y", b"X-Cache: HIT", b"server: @KEY@",
    b"Proxy-Authenticate: Basic", b"ratelimit: limit=1", b"request-id: \xe2\x80\xaex", b"Content-Location: x",
]  # fmt: skip
CHUNKS = [
    b"0\r\n\r\n", b"7\r\n", b"1\r\na\r\n", b"0;x\r\n\r\n", b"-1\r\n", b"+1\r\n", b"0x1\r\n", b"ffffffffffffffff\r\n",
    b"fffffffffffffffff\r\n", b"00000000000000001\r\na\r\n", b"1 \r\n", b" 1\r\n", b"1\t;\r\n", b"1;a=\"\r\n\"\r\n", b"1\n",
    b"A\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\nContent-Length: 5\r\n\r\n", b"0\n\n", b"1;" + b"x" * 60 + b"\r\na\r\n",
    b"1;" + b"x" * 5000 + b"\r\na\r\n", b"0\r\nX: " + b"y" * 5000 + b"\r\n\r\n",
]  # fmt: skip
JSON_TOKENS = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"\\ud800", b"\\udc00", b"\\ud83d\\ude00", b"\\u0000",
    b"\\u202e", b"\\u001b[31m", b"\\n", b"\\/", b"null", b"true", b"false", b"NaN", b"-Infinity", b"Infinity", b"0",
    b"-0", b"-", b"01", b"1.", b".5", b"1e400", b"-1e-400", b"1E+2", b"9" * 70, b"1" + b"0" * 320, b"0." + b"1" * 1100,
    b"9007199254740993", b"1.7976931348623157e308", b"1.7976931348623159e308", b"17976931348623157" + b"0" * 292,
    b"//x", b"/**/", b"'a'", b"\xef\xbb\xbf", b'"a":1,"a":2', b'"\\u0061":1,"a":2', b"[" * 70, b'{"a":' * 70, b'{"":""}',
    b'"choices"', b'"message"', b'"content"', b'"error"', b'"code"', b'"type"', b'"usage"', b'"delta"', b'"data"', b'"id"',
    b'"error":null', b'"error":[]', b'"error":[[]]', b'"error":[null]', b'"error":{}', b'"error":"@KEY@"', b'"error":true',
    b'"errors":[[[]]]', b'"message":[[]]', b'"detail":[[1]]', b'"detail":[{"msg":"x"}]', b'"error":{"error":{"error":{}}}',
    b'"choices":[{}]', b'"choices":[[]]', b'"choices":{}', b'"content":[{"type":"text","text":"x"}]', b'"content":{}',
    b'"total_tokens":-1', b'"total_tokens":1e30', b'"total_tokens":true', b'"total_tokens":99999999999999999999',
    b'"finish_reason":{}', b'"finish_reason":["x"]', b'"code":{}', b'"code":[]', b'"code":401', b'"code":-1', b'"code":1.5',
    b'"type":{}', b'"type":["error"]', b'"object":[]', b'"model":[]', b'"model":{}', b'"owned_by":{}', b'"mode":[]',
    b'"message":"(request id: @KEY@)"', b'"message":"(request id: 2025"', b'"id":[]', b'"reasoning_content":"hm"',
]  # fmt: skip
SSE_TOKENS = [
    b"data:", b"data: ", b"data", b"event: ", b"event: error", b"id: 7", b"retry: 10", b": ping", b":", b"data: [DONE]",
    b"data:[DONE]", b"[DONE]", b"data: {\"error\":{\"message\":\"x\"}}", b"data: {}", b"data: []", b"data: null",
    b"event: @KEY@", b"event: \xe2\x80\xae", b"event: \xff", b"data: {\"choices\":[]}", b"data: {\"choices\":[{\"delta\":[]}]}",
    b"data: {\"choices\":[{\"delta\":{\"content\":{}}}]}", b"data: {\"choices\":[{\"finish_reason\":[]}]}", b"\xef\xbb\xbfdata: x",
    b"\xe2\x80\xa8", b"\xc2\x85", b"\x0b", b"\x0c", b"\x1c", b"data: {\"choices\":[{\"index\":{}}]}", b"data: {\"usage\":[]}",
]  # fmt: skip
ODD = [
    b"\xff", b"\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xae", b"\xe2\x80\x8b", b"\xef\xbb\xbf",
    b"\xf0\x9f\x98\x80", b"\xe2", b"\xc2\xad", b"\xe2\x80\xa9", b"\x00", b"\x1b[2J", b"\x1b]0;x\x07", b"\x7f", b"\x9b1m",
    b"\xf3\xa0\x80\x81", b"\xef\xbf\xbf", b"\xcc\x81" * 9, b"a" * 200, b" " * 300, b"\\" * 50, b"\"" * 20, b"\xd9\xa1",
    b"\xc2\xb2", b"\xff\xfe{\x00}\x00", b"%00%0a", b"<html><title>Just a moment", b"captcha", b"error code: 1010",
    b"x" * 2030, b"A" * 110, b"\\x1b", b"\\u202e",
]  # fmt: skip
_raw = zlib.compressobj(9, zlib.DEFLATED, -15)
GZIP = [
    gzip.compress(COMPLETION.encode(), mtime=0), gzip.compress(b"", mtime=0), gzip.compress(b"{}", mtime=0)[:-3],
    b"\x1f\x8b", b"\x1f\x8b\x08\x1f" + b"\x00" * 6, gzip.compress(b"\0" * 5000, mtime=0), zlib.compress(b"{}"),
    _raw.compress(b"{}") + _raw.flush(), b"\0" * 8, gzip.compress(b"a@KEY@b", mtime=0),
]  # fmt: skip
STATUS_LINES = [
    b"HTTP/1.1 200 OK", b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.0 200 OK", b"HTTP/1.1 401 Unauthorized", b"HTTP/1.1 204 X",
    b"HTTP/1.1 304 X", b"HTTP/1.1 100 Continue", b"HTTP/1.1 103 Early", b"HTTP/1.1 101 S", b"HTTP/1.1 503 @KEY@", b"HTTP/1.1  200 OK",
    b"HTTP/1.1 2000 OK", b"HTTP/1.1 099 X", b"HTTP/1.1 600 X", b"HTTP/2 200", b"HTTP/1.1\t200 OK", b"HTTP/1.1 200\tOK", b"http/1.1 200 OK",
    b"HTTP/1.1 200 \xff\x00", b"HTTP/1.1 200 \x1b[31m", b"HTTP/1.1 429 Too Many", b"HTTP/1.1 302 Found", b"HTTP/1.1 502 Bad Gateway",
    b"HTTP/1.1 \xd9\xa2\xd9\xa0 OK", b"HTTP/1.1 200\x0b OK", b"HTTP/1.1 200 " + b"x" * 300, b"HTTP/0.9 200 OK", b"ICY 200 OK",
]  # fmt: skip
STATUSES = [200] * 8 + [401] * 4 + [400, 403, 404, 429, 500, 502, 503, 504, 402, 405, 407, 408, 410, 413, 422, 524, 529, 201, 202, 206, 301, 302, 307, 418, 451, 599]  # fmt: skip
MEDIA = [b"application/json"] * 6 + [b"text/event-stream", b"text/html", b"text/plain", b"", b"application/problem+json", b"text/json; charset=latin-1", b"/", b"application/json;\x1b", b"@KEY@/json"]  # fmt: skip
DICTIONARY = [ENDS, HEADERS, CHUNKS, JSON_TOKENS, JSON_TOKENS, SSE_TOKENS, ODD, GZIP, STATUS_LINES, KEYS]
WORDS = [
    "pong", "", " ", "gpt-x", "model_not_found", "The model `gpt-x` does not exist", "insufficient_quota", "invalid_api_key",
    "Incorrect API key provided: @KEY@", "rate limit", "无效的令牌", "余额不足", "(request id: 2025)", "None", "error", "list", "stop",
    "length", "\ud800", "\u202egnp", "\x1b[31mred", "\u2028", "@KEY@", "@KEY:base64@", "@KEY:hex@", "@KEY:spaced@", "x" * 118 + "@KEY@",
    "Not Found", "upstream connect error", "Method Not Allowed", "chat.completion", "assistant", "0", "-1", "1e5", "\0", "😀" * 30,
    "a" * 70, "unauthorized", "context length", "content filter", "deprecated", "does not exist", "you must provide an API key",
]  # fmt: skip
NAMES = [
    "id", "object", "created", "model", "choices", "message", "content", "role", "finish_reason", "usage", "total_tokens", "error",
    "errors", "code", "type", "param", "status", "detail", "msg", "title", "data", "response", "success", "ok", "fault", "reason",
    "description", "delta", "index", "reasoning_content", "reasoning", "thinking", "text", "tool_calls", "refusal", "Message",
    "ERROR", "owned_by", "mode", "faultstring", "error_msg", "Code", "statusCode", "@KEY@", "\u202e", "", "a" * 40,
]  # fmt: skip


# -- grammar ----------------------------------------------------------------------------------------------------


def any_value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(12 if depth < 4 else 8)
    if kind < 4:
        return chance.choice(WORDS)
    if kind < 8:
        return chance.choice((None, True, False, 0, 1, -1, 401, 404, 429, 503, 1.5, 10**20, 2**53, "", [], {}))
    if kind < 10:
        return {chance.choice(NAMES): any_value(chance, depth + 1) for _ in range(chance.randrange(5))}
    return [any_value(chance, depth + 1) for _ in range(chance.randrange(4))]


def bend(value: Any, chance: random.Random) -> Any:
    """A value with something in it replaced, dropped, renamed or wrapped."""
    if chance.random() < 0.15:
        return any_value(chance, 2)
    if isinstance(value, dict) and value:
        name = chance.choice(list(value))
        how = chance.randrange(6)
        if how == 0:
            return {n: v for n, v in value.items() if n != name}
        if how == 1:
            return {(chance.choice(NAMES) if n == name else n): v for n, v in value.items()}
        if how == 2:
            return {**value, chance.choice(NAMES): any_value(chance, 2)}
        return {n: bend(v, chance) if n == name else v for n, v in value.items()}
    if isinstance(value, list):
        how = chance.randrange(4)
        if how == 0 or not value:
            return [*value, any_value(chance, 2)]
        return [bend(item, chance) for item in value] if how > 1 else value[1:]
    return chance.choice((any_value(chance, 3), [value], {"error": value}))


def dumped(value: Any, chance: random.Random) -> bytes:
    if chance.random() < 0.7:
        return json.dumps(value, ensure_ascii=True).encode()
    return json.dumps(value, ensure_ascii=False, indent=chance.choice((None, 1))).encode("utf-8", "surrogatepass")


ERROR = {"error": {"message": "The model does not exist", "type": "invalid_request_error", "param": None, "code": "x"}}


def make_json(chance: random.Random) -> bytes:
    base: Any = chance.choice(
        (json.loads(COMPLETION), ERROR, {"object": "list", "data": [{"id": "gpt-x"}, {"id": "gpt-y"}]}, None)
    )
    value = any_value(chance) if base is None else base
    for _ in range(chance.randrange(4)):
        value = bend(value, chance)
    return dumped(value, chance)


def make_sse(chance: random.Random) -> bytes:
    end = chance.choice((b"\n", b"\n", b"\r\n", b"\r"))
    events = [line for line in STREAM.partition("\n\n")[2].encode().split(b"\n\n") if line]
    out = []
    for event in events:
        roll = chance.random()
        if roll < 0.15:
            continue
        if roll < 0.4:
            out.append(b"data: " + make_json(chance))
        elif roll < 0.55:
            out.append(chance.choice(SSE_TOKENS))
        else:
            out.append(event)
        if chance.random() < 0.1:
            out.append(chance.choice(SSE_TOKENS))
    blank = end + end if chance.random() < 0.9 else end
    return blank.join(out) + chance.choice((blank, end, b""))


def make_body(chance: random.Random) -> bytes:
    kind = chance.randrange(10)
    if kind < 6:
        return make_json(chance)
    if kind < 8:
        return make_sse(chance)
    return b"".join(chance.choice(chance.choice(DICTIONARY)) for _ in range(chance.randrange(6)))


def make_reply(chance: random.Random) -> bytes:
    if chance.random() < 0.5:  # the framing is added by the one who reads the file
        lines = [b"%d " % chance.choice(STATUSES) + chance.choice(MEDIA)]
        lines += [chance.choice(HEADERS) for _ in range(chance.choice((0, 0, 0, 1, 2)))]
        return b"\n".join(lines) + b"\n\n" + make_body(chance)
    return make_raw(chance)


def make_raw(chance: random.Random) -> bytes:
    end = b"\r\n" if chance.random() < 0.85 else chance.choice(ENDS)
    content, headers = make_body(chance), []
    for _ in range(chance.choice((0, 0, 1, 2, 5))):
        headers.append(chance.choice(HEADERS))
    if chance.random() < 0.8:
        headers.append(b"Content-Type: " + chance.choice(MEDIA))
    if chance.random() < 0.2:
        headers.append(b"Content-Encoding: gzip")
        content = gzip.compress(oracle_parts.expand(content), mtime=0)
        if chance.random() < 0.3:
            content = mutate(content, chance, [content])
    framing = chance.randrange(4)
    sized = oracle_parts.expand(content)
    if framing == 0:
        headers.append(b"Content-Length: %d" % (len(sized) + chance.choice((0, 0, 0, 0, 1, -1))))
    elif framing == 1:
        headers.append(b"Transfer-Encoding: chunked")
        content = chunked(sized, chance)
    chance.shuffle(headers)
    first = chance.choice(STATUS_LINES) if chance.random() < 0.4 else b"HTTP/1.1 %d Said" % chance.choice(STATUSES)
    informational = b"".join(
        chance.choice((b"HTTP/1.1 100 C", b"HTTP/1.1 103 E")) + end + end
        for _ in range(chance.choice((0,) * 9 + (1, 9)))
    )
    tail = chance.choice((b"",) * 8 + (b"\r\n", b"x", b"HTTP/1.1 200 OK\r\n\r\n"))
    return informational + end.join([first, *headers, b"", b""]) + content + tail


def chunked(content: bytes, chance: random.Random) -> bytes:
    out, at = [], 0
    while at < len(content):
        size = chance.choice((1, 7, 16, 300, 5000))
        part = content[at : at + size]
        extension = chance.choice((b"",) * 6 + (b";x=y", b" ", b";" + b"e" * 50, b";" + b"e" * 4200))
        out.append(b"%x%s\r\n%s\r\n" % (len(part), extension, part))
        at += size
        if chance.random() < 0.03:
            out.append(chance.choice(CHUNKS))
    last = chance.choice((b"0\r\n\r\n",) * 6 + (b"0\r\nX-T: v\r\n\r\n", b"", b"0\r\n", b"0\n\n", *CHUNKS))
    return b"".join(out) + last


# -- mutation ---------------------------------------------------------------------------------------------------


def mutate(data: bytes, chance: random.Random, pool: list[bytes]) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        how, size = chance.randrange(11), len(out)
        at = chance.randrange(size + 1)
        stop = min(size, at + chance.choice((1, 2, 4, 8, 32, 128)))
        if how == 0 and size:
            out[chance.randrange(size)] ^= 1 << chance.randrange(8)
        elif how == 1 and size:
            out[chance.randrange(size)] = chance.choice(b'\0\r\n\t "\\{}[]:,;0-9ef\x7f\x80\xff')
        elif how == 2:
            del out[at:stop]
        elif how == 3:
            out[at:at] = out[at:stop] * chance.choice((1, 2, 20))
        elif how == 4:
            other = chance.choice(pool)
            out[at:] = other[chance.randrange(len(other) + 1) :]
        elif how == 5:
            other = chance.choice(pool)
            start = chance.randrange(len(other) + 1)
            out[at:stop] = other[start : start + chance.choice((4, 40, 400))]
        elif how in (6, 7, 8):
            token = chance.choice(chance.choice(DICTIONARY))
            if chance.random() < 0.4:  # where it means something: at a line's or a value's edge
                edges = [m.end() for m in re.finditer(rb"[\n:,\[{]", out)]
                at = chance.choice(edges) if edges else at
            out[at : at if chance.random() < 0.7 else stop] = token
        elif how == 9:
            line = chance.choice(HEADERS) + chance.choice((b"\r\n", b"\r\n", b"\n"))
            edges = [m.end() for m in re.finditer(rb"\n", out[:600])]
            at = chance.choice(edges) if edges else at
            out[at:at] = line
        else:
            digits = [m.span() for m in re.finditer(rb"[0-9]+", out)]
            if digits:
                begin, end = chance.choice(digits)
                out[begin:end] = chance.choice((b"0", b"-1", b"1", b"99999999", b"1e9", b"200", b"401", b"429", b"503"))
    return bytes(out[:LARGEST])


# -- running ----------------------------------------------------------------------------------------------------


def seeds() -> list[bytes]:
    found = [file.read_bytes() for file in sorted(CORPUS.glob("*")) if file.is_file()]
    found += [text.encode() for text in GOOD.values()]
    for file in sorted((ROOT / "tests" / "exchanges").glob("*.toml")):
        for case in tomllib.loads(file.read_text())["case"]:
            for name, value in case.items():
                if isinstance(value, str) and re.match(r"[0-9]{3}[ \n]|HTTP/", value):
                    found.append(value.replace("\\n", "\n").encode())
                elif name.endswith("_hex"):
                    found.append(bytes.fromhex(value))
    return list(dict.fromkeys(data[:LARGEST] for data in found))


class Hang(Exception):
    """One input took more CPU than any may."""


def _hang(*_: object) -> None:
    raise Hang


def checks(data: bytes, probe: str, seed: int) -> dict[str, Callable[[], Any]]:
    return {
        "http1": lambda: tuple(oracles.http1(raw, seed) for raw in oracle_parts.replies(data)),
        "strictjson": lambda: oracles.strictjson(data, seed),
        "sse": lambda: min(oracles.sse(data, seed), 3),
        "path": lambda: (probe, oracles.path(data, probe, seed)),
        "redaction": lambda: oracles.redaction(data, seed),
        "linear": lambda: oracles.linear(data, seed),
    }


WEIGHTS = {"http1": 30, "strictjson": 20, "sse": 12, "path": 36, "redaction": 8, "linear": 0.25}


def pick(data: bytes, chance: random.Random) -> list[str]:
    """Which oracles an input is for: most inputs mean something to one of them."""
    if b"@KEY" in data and chance.random() < 0.7:
        return ["path"]
    return list(dict.fromkeys(chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=2)))


def failure(check: Callable[[], Any]) -> tuple[Any, oracle_parts.Wrong | None]:
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG)
    try:
        return check(), None
    except oracle_parts.Wrong as wrong:
        return None, wrong
    except Hang:
        return None, oracle_parts.Wrong("fuzz", "hang", f"more than {HANG} s of CPU")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def smaller(data: bytes, fails: Callable[[bytes], bool], seconds: float) -> bytes:
    """Delta debugging: drop ever smaller slices while it still fails in the same way."""
    until, size = time.monotonic() + seconds, max(len(data) // 2, 1)
    while size and time.monotonic() < until:
        at, shrunk = 0, False
        while at < len(data) and time.monotonic() < until:
            candidate = data[:at] + data[at + size :]
            if fails(candidate):
                data, shrunk = candidate, True
            else:
                at += size
        size = size if shrunk and size == 1 else size // 2
    return data


def work(number: int, seed: int, until: float, queue: Any, save: bool) -> None:
    signal.signal(signal.SIGVTALRM, _hang)
    chance = random.Random(seed * 1_000_003 + number)
    pool, signatures, failures = seeds(), set[Any](), dict[tuple[str, str], str]()
    first, done, kept = list(pool), 0, []
    told = time.monotonic()
    parent = os.getppid()
    while time.monotonic() < until and os.getppid() == parent:  # no orphan goes on
        names = [name for name in WEIGHTS if name != "linear"]
        if first:
            data = first.pop()
        elif chance.random() < 0.35:
            data = make_reply(chance) if chance.random() < 0.8 else make_body(chance)
        else:
            data = mutate(chance.choice(pool if chance.random() < 0.7 else pool[-200:]), chance, pool)
        probe, turn = chance.choice(oracles.PROBES), chance.randrange(2**32)
        new, every = False, checks(data, probe, turn)
        for name in pick(data, chance) if not first else names:
            found, wrong = failure(every[name])
            signature = (name, found if wrong is None else wrong.kind)
            if signature not in signatures:
                signatures.add(signature)
                new = True
            if wrong is not None and (wrong.oracle, wrong.kind) not in failures:
                failures[wrong.oracle, wrong.kind] = _report(number, data, name, probe, turn, wrong, save)
        done += 1
        if new and len(pool) < POOL:
            pool.append(data)
            kept.append(data)
        if time.monotonic() - told > 15:
            told = time.monotonic()
            queue.put((number, "progress", done, len(signatures), len(failures)))
    queue.put((number, "kept", [data for data in kept if len(data) < 2000]))
    queue.put((number, "done", done, len(signatures), len(failures), signatures))


def _report(number: int, data: bytes, name: str, probe: str, turn: int, wrong: oracle_parts.Wrong, save: bool) -> str:
    want = (wrong.oracle, wrong.kind)

    def fails(candidate: bytes) -> bool:
        found = failure(checks(candidate, probe, turn)[name])[1]
        return found is not None and (found.oracle, found.kind) == want

    small = smaller(data, fails, 20 if wrong.kind not in ("time", "hang") else 40)
    last = failure(checks(small, probe, turn)[name])[1] or wrong
    slug = re.sub(r"[^a-z0-9]+", "-", f"{wrong.oracle} {wrong.kind}".lower()).strip("-")[:80]
    file = CORPUS / f"failing-{slug}-{hashlib.sha256(small).hexdigest()[:8]}"
    if save:
        CORPUS.mkdir(parents=True, exist_ok=True)
        file.write_bytes(small)
    shown = f"FAILURE {last}\n  {name}, probe {probe}, seed {turn}, process {number}, {len(small)} bytes, {file.name}\n  {small[:400]!r}"
    print(shown, flush=True)
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=None, help="default: from the clock; printed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--no-save", action="store_true", help="print failures, write no file")
    parser.add_argument("--keep", metavar="FOLDER", help="write inputs with new signatures there")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time())
    begun = time.monotonic()
    until = begun + options.minutes * 60
    queue: Any = multiprocessing.Queue()
    arguments = [(number, seed, until, queue, not options.no_save) for number in range(options.processes)]
    workers = [multiprocessing.Process(target=work, args=each, daemon=True) for each in arguments]
    print(f"seed {seed}, {len(seeds())} seed inputs, {len(workers)} processes", flush=True)
    for worker in workers:
        worker.start()
    state, signatures, kept, told = dict[int, Any](), set[Any](), list[bytes](), begun
    finished: set[int] = set()
    lost = False
    while len(finished) < len(workers):
        try:
            number, kind, *rest = queue.get(timeout=5)
        except Exception:  # queue.Empty
            dead = {number for number, worker in enumerate(workers) if not worker.is_alive()} - finished
            lost = lost or bool(dead)
            finished |= dead
            continue
        if kind == "kept":
            kept += rest[0]
            continue
        state[number] = rest
        if kind == "done":
            finished.add(number)
            signatures |= rest[3]
        if kind == "done" or time.monotonic() - told > 60:
            told = time.monotonic()
            total = sum(each[0] for each in state.values())
            print(
                f"{told - begun:6.0f} s: {total} executions, {total / max(told - begun, 1):.0f}/s, "
                f"signatures {[each[1] for each in state.values()]}, failures {[each[2] for each in state.values()]}",
                flush=True,
            )
    for worker in workers:
        worker.join(30)
    if options.keep:
        folder = Path(options.keep)
        folder.mkdir(parents=True, exist_ok=True)
        for data in kept:
            (folder / f"kept-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
    failures = sum(each[2] for each in state.values())
    total, seconds = sum(each[0] for each in state.values()), time.monotonic() - begun
    print(
        f"{total} executions in {seconds:.0f} s, {total / seconds:.0f}/s; {len(signatures)} signatures; {failures} failures"
        + ("; a process died" if lost else "")
    )
    return 1 if failures or lost else 0


if __name__ == "__main__":
    sys.exit(main())
