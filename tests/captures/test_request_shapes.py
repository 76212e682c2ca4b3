"""`requests from`: traffic becomes one request a shape, and no word of it comes out."""

from __future__ import annotations

import io
import json
import os
import random
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatproof.captures import request_bodies
from chatproof.captures.entry import Unreadable
from chatproof.captures.json_pieces import DEEPEST, pieces
from chatproof.captures.request_shapes import Found, collect
from chatproof.captures.traffic import Traffic
from chatproof.surfaces.chat.request_shape import Shapes, TooDeep
from tests.captures.requests_made import PIXEL, Body, called, parts, schema, tool, user
from tests.pace import within


def entry(body: object, url: str = "https://api.example.net/v1/chat/completions") -> Body:
    posted = {"mimeType": "application/json", "text": body if isinstance(body, str) else json.dumps(body)}
    answer = {"choices": [{"message": {"role": "assistant", "content": 'an answer } ] \\ " with signs'}}]}
    return {
        "startedDateTime": "2026-11-01T08:00:00Z",
        "request": {"method": "POST", "url": url, "headers": [{"name": "x", "value": "y"}], "postData": posted},
        "response": {"status": 200, "content": {"text": json.dumps(answer)}},
    }


def har(*bodies: object) -> bytes:
    entries = [entry(body) for body in bodies]
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": entries}}).encode()


def found(data: bytes, name: str = "x.har") -> Found:
    return collect([(name, Traffic(io.BytesIO(data)))])


# -- shapes -----------------------------------------------------------------------------------------------------------

WORDS = [
    "warehouse",
    "invoice",
    "customer",
    "refund",
    "shipment",
    "birthday",
    "hospital",
    "diagnosis",
    "salary",
    "password",
    "meeting",
    "contract",
]


def _words(count: int) -> str:
    return " ".join(random.choice(WORDS) for _ in range(count))


def _tools() -> list[Body]:
    parameters = {
        "type": "object",
        "properties": {
            "customer_name": {"type": "string", "description": "Which customer"},
            "paid": {"type": "boolean"},
        },
        "required": ["customer_name", "paid"],
        "additionalProperties": False,
    }
    return [tool(name="find_invoice", description=_words(6), parameters=parameters)]


def _turns() -> list[Body]:
    turns = [user(_words(5))]
    for _ in range(random.randint(1, 5)):
        turns += [{"role": "assistant", "content": _words(9)}, user(_words(5))]
    return turns


SHAPES: tuple[Callable[[], Body], ...] = (
    lambda: {"messages": [user(_words(random.randint(3, 90)))]},
    lambda: {"messages": [{"role": "system", "content": _words(20)}, user(_words(5))], "temperature": random.random()},
    lambda: {"messages": _turns(), "stream": True, "stream_options": {"include_usage": True}},
    lambda: {"messages": [user(_words(8))], "tools": _tools(), "tool_choice": "auto"},
    lambda: {**called(id=f"call_{random.getrandbits(60):x}"), "tools": _tools()},
    lambda: parts({"type": "image_url", "image_url": {"url": f"https://cdn.example.net/{random.getrandbits(60)}.png"}}),
    lambda: parts({"type": "image_url", "image_url": {"url": PIXEL + "A" * 4 * random.randint(1, 40)}}),
    lambda: {"messages": [user("JSON: " + _words(4))], "response_format": {"type": "json_object"}},
    lambda: {
        "messages": [user(_words(4))],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "invoice", "strict": True, "schema": _tools()[0]["function"]["parameters"]},
        },
    },
    lambda: {"messages": [user(_words(4))], "stop": ["INVOICE:", "CUSTOMER:"], "max_tokens": random.randint(1, 999)},
    lambda: {"messages": [user(_words(4))], "store": True, "metadata": {f"salary{random.randint(1, 9)}": _words(2)}},
    lambda: {"messages": [user(_words(4))], "reasoning_effort": random.choice(["low"]), "warehouse_option": _words(1)},
)


def traffic(path: Path, calls: int) -> None:
    random.seed(7)
    with path.open("w") as file:
        file.write('{"log":{"version":"1.2","creator":{"name":"made","version":"1"},"entries":[')
        for number in range(calls):
            body = {"model": "customer-model", **SHAPES[number % len(SHAPES)]()}
            one = entry(body)
            one["request"]["headers"] *= 15
            one["response"]["content"]["text"] = json.dumps({"choices": [{"message": {"content": _words(150)}}]})
            file.write(("," if number else "") + json.dumps(one))
        file.write("]}}")


def run(*words: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "chatproof", "requests", *words]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=120)


MEASURED = """
import resource, sys
from chatproof.cli.main import main
status = main(["requests", *sys.argv[1:]])
used = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print("used", peak, used.ru_utime + used.ru_stime, file=sys.stderr)
sys.exit(status)
"""


def measured(*words: str, stdin: bytes | None = None) -> tuple[subprocess.CompletedProcess[bytes], float, float]:
    """The finished command, its memory in MiB and its CPU time in seconds.

    Not by ru_maxrss, which a child inherits from the process that it was forked from.
    """
    if not os.path.exists("/proc/self/status"):
        pytest.skip("this system does not tell the peak of a process's memory")
    command = [sys.executable, "-c", MEASURED, *words]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=120)
    used = re.search(rb"used (\d+) ([\d.]+)", done.stderr)
    assert used is not None, done.stderr
    return done, int(used[1]) / 1024, float(used[2])


def test_five_thousand_calls_in_twelve_shapes(tmp_path: Path) -> None:
    """12 requests, no word of the texts, at most 10 s and 200 MiB, readable for this user only."""
    source, out = tmp_path / "traffic.har", tmp_path / "requests.jsonl"
    traffic(source, 5000)
    done, memory, seconds = measured("from", str(source), "-o", str(out))
    assert done.returncode == 0, done.stderr
    lines = out.read_text().splitlines()
    assert len(lines) == 12 and b"5000 calls, 12 shapes" in done.stderr and done.stdout == b""
    text = out.read_text().lower() + done.stderr.decode().lower()
    assert [word for word in WORDS if re.search(rf"{word}", text)] == []
    assert seconds < 10 and memory < 200, (seconds, memory)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert sum(int(n) for n in re.findall(r"(\d+) calls  ", done.stderr.decode())) == 5000
    assert len(request_bodies.read(out.read_bytes(), "requests.jsonl", effects=True)) == 12


def test_counts_go_with_the_requests_where_asked(tmp_path: Path) -> None:
    source = tmp_path / "traffic.har"
    traffic(source, 120)
    done = run("from", str(source), "--counts", "-q")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["count"] for row in rows] == [10] * 12 and done.stderr == b""
    read = request_bodies.read(done.stdout, "x.jsonl", effects=True)
    assert [one.times for one in read] == [10] * 12 and b"count" not in read[0].body


def test_a_redirected_output_is_for_this_user_only(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.touch(0o644)
    with out.open("wb") as file:
        command = [sys.executable, "-m", "chatproof", "requests", "from", "-", "-q"]
        subprocess.run(command, input=har({"messages": [user("x")]}), stdout=file, check=True, timeout=60)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600 and out.read_bytes()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"messages": [user("a")]}, {"messages": [user("b c d")]}, True),
        ({"messages": [user("a")], "temperature": 0}, {"messages": [user("a")], "temperature": 0.9}, True),
        ({"messages": [user("a")], "model": "x"}, {"messages": [user("a")], "model": "y"}, True),
        ({"messages": [user("a")], "metadata": {"a": "b"}}, {"messages": [user("a")], "metadata": {"c": "d"}}, True),
        (schema(properties={"a": {"type": "string"}}), schema(properties={"b": {"type": "string"}}), True),
        (schema(properties={"a": {"enum": ["x"]}}), schema(properties={"a": {"enum": ["y", "z"]}}), True),
        ({"messages": _turns()}, {"messages": [*_turns(), {"role": "assistant", "content": "x"}, user("y")]}, True),
        ({"messages": [user("a")]}, {"messages": [user("")]}, False),
        ({"messages": [user("a")]}, {"messages": [user("a")], "temperature": 0}, False),
        ({"messages": [user("a")], "stream": True}, {"messages": [user("a")], "stream": False}, False),
        ({"messages": [user("a")], "reasoning_effort": "low"}, {"messages": [user("a")], "reasoning_effort": "high"}, False),
        ({"messages": [user("a")], "n": 1}, {"messages": [user("a")], "n": "1"}, False),
        ({"messages": [user("a")], "n": 1}, {"messages": [user("a")], "n": None}, False),
        ({"messages": [user("a")]}, parts(), False),
        (parts(), parts({"type": "image_url", "image_url": {"url": PIXEL}}), False),
        (
            parts({"type": "image_url", "image_url": {"url": "https://x.net/a.png"}}),
            parts({"type": "image_url", "image_url": {"url": PIXEL}}),
            False,
        ),
        (schema(properties={"a": {"type": "string"}}), schema(properties={"a": {"type": "integer"}}), False),
        (schema(properties={"a": {}}), schema(properties={"a": {}}, additionalProperties=False), False),
        (schema(properties={"a": {"anyOf": [{}]}}), schema(properties={"a": {"oneOf": [{}]}}), False),
        ({"messages": [{"role": "system", "content": "x"}, user("a")]}, {"messages": [user("a"), {"role": "system", "content": "x"}]}, False),
        ({"messages": [user("a")]}, {"messages": [{"role": "developer", "content": "a"}]}, False),
    ],
)  # fmt: skip
def test_what_is_of_one_shape(one: Body, other: Body, same: bool) -> None:
    shapes = Shapes()
    assert (shapes.key(one) == shapes.key(other)) is same


# -- files ------------------------------------------------------------------------------------------------------------

ONE, TWO = {"messages": [user("a")]}, {"messages": [user("a")], "n": 2}
FILES: dict[str, bytes] = {
    "HAR": har(ONE, TWO, ONE),
    "pretty HAR": json.dumps(json.loads(har(ONE, TWO, ONE)), indent=2).encode(),
    "HAR with a byte order mark": b"\xef\xbb\xbf" + har(ONE, TWO, ONE),
    "JSONL": b"\n".join(json.dumps(body).encode() for body in (ONE, TWO, ONE)),
    "JSONL with blank lines and CR": b"\r\n\r\n".join(json.dumps(body).encode() for body in (ONE, TWO, ONE)) + b"\r\n",
    "a batch file": b"\n".join(
        json.dumps({"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": body}).encode()
        for body in (ONE, TWO, ONE)
    ),
    "a log with bodies as strings": b"\n".join(
        json.dumps({"time": 1, "request": {"body": body}, "level": "x"}).encode() for body in (ONE, TWO, ONE)
    ),
    "an array": json.dumps([ONE, TWO, ONE]).encode(),
    "values in a row": json.dumps(ONE, indent=1).encode() + json.dumps(TWO).encode() + json.dumps(ONE).encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_each_kind_of_file_is_read(name: str) -> None:
    result = found(FILES[name])
    assert [one.calls for one in result.shapes] == [2, 1]
    assert result.calls == 3 and not result.left_out


def test_a_curl_transcript_is_read() -> None:
    text = (
        "> POST /v1/chat/completions HTTP/1.1\r\n> Host: x.net\r\n> Authorization: Bearer sk-aaaaaaaaaaaaaaaaaaaaaaa\r\n"
        '> Content-Type: application/json\r\n> \r\n{"messages": []}\n< HTTP/1.1 200 OK\r\n< \r\n{"choices": []}\n'
    )
    with pytest.raises(Unreadable, match="no request"):  # curl -v does not hold the body that it sent
        found(text.encode(), "x.txt")


def test_other_calls_are_counted() -> None:
    entries = [
        entry(ONE),
        entry(ONE, "https://x.net/v1/messages"),
        entry({"input": "x"}, "https://x.net/v1/embeddings"),
        entry("no JSON"),
        {"request": {"method": "GET", "url": "https://x.net/v1/models"}},
        {"request": 7},
    ]
    result = found(json.dumps({"log": {"entries": entries}}).encode())
    assert result.calls == 1
    assert result.left_out == {"no chat request": 3, "of --api messages": 1, "of --api embeddings": 1}


def test_bad_lines_are_counted_and_the_rest_is_read() -> None:
    result = found(
        json.dumps(ONE).encode() + b'\n{"mess\n' + json.dumps(TWO).encode() + b"\n7\n" + b'{"messages": "x"}'
    )
    assert result.calls == 2 and result.left_out == {"no JSON": 1, "no chat request": 2}


def test_a_file_that_is_cut_off_is_read_up_to_there() -> None:
    data = har(ONE, TWO, ONE)
    result = found(data[:-60])
    assert result.calls == 2 and list(result.left_out) == ["after the place where a file cannot be read"]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200), st.sampled_from(sorted(FILES)), st.text(alphabet='"\\{}[] ,:aü', max_size=30))
def test_where_a_chunk_ends_does_not_matter(size: int, name: str, text: str) -> None:
    data = FILES[name] if "JSONL" in name else har(user(text), {"messages": [user(text)]}, [text])
    whole = list(pieces([data]))
    assert list(pieces(data[at : at + size] for at in range(0, len(data), size))) == whole
    assert whole and all(json.loads(piece.data or b"") is not None for piece in whole)


DEEP = b"[" * 100_000
HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b" \n", "empty"),
    "deep": (DEEP, f"deeper than {DEEPEST}"),
    "deep objects": (b'{"a":' * 100_000, f"deeper than {DEEPEST}"),
    "deep in an entry": (b'{"log":{"entries":[{"request":' + b'{"a":[' * 5000, f"deeper than {DEEPEST}"),
    "brackets that do not match": (b'{"log":{"entries":[}]}}', "do not match"),
    "a bracket too many": (b"{}]", "do not match"),
    "a string without end": (b'{"log":{"entries":["' + b"x" * 3_000_000, "its end may be missing"),
    "backslashes without end": (b'{"log":{"entries":["' + b"\\" * 3_000_001, "its end may be missing"),
    "a HAR without calls": (b'{"log":{"entries":[]}}', "no request to the chat path"),
    "another HAR": (har(), "no request to the chat path"),
    "text": (b"sk-thekeyofsomebody0123456789", "none of these"),
    "binary": (os.urandom(50_000), ""),
    "numbers": (b"[" + b"1," * 1_000_000 + b"1]", "no request to the chat path"),
    "empty objects": (b"{}" * 100_000, "no request to the chat path"),
    "quotes": (b'{"' + b'"' * 1_000_001 + b"}", ""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_words_and_in_time(name: str) -> None:
    data, said = HOSTILE[name]
    with within(8), pytest.raises(Unreadable, match=said or None) as caught:
        found(data)
    assert "sk-" not in str(caught.value) and len(str(caught.value)) < 300


def test_a_request_that_is_too_deep_is_passed_by() -> None:
    deep: Any = "x"
    for _ in range(150):
        deep = [deep]
    with pytest.raises(TooDeep):
        Shapes().key({"messages": [user("x")], "metadata": deep})
    result = found(b"\n".join([json.dumps(ONE).encode(), json.dumps({"messages": [user("x")], "own": deep}).encode()]))
    assert result.calls == 1 and result.left_out == {"nested too deeply": 1}


def test_deep_json_in_a_text_is_text() -> None:
    for text in ("[" * 100_000, json.dumps("x") * 2, "[" * 900 + "]" * 900):
        result = found(json.dumps({"messages": [user(text)]}).encode())
        assert len(result.shapes) + len(result.left_out) == 1


def test_a_large_entry_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatproof.captures.json_pieces.LARGEST", 2000)
    monkeypatch.setattr("chatproof.captures.traffic.LARGEST", 2000)
    big = {"messages": [user("x" * 3000)]}
    assert found(har(ONE, big, TWO)).calls == 2
    lines = found(b"\n".join(json.dumps(body).encode() for body in (ONE, big, TWO, big)))
    assert lines.calls == 2


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["one", "two", "bad", "blank", "long"]), min_size=1, max_size=12), st.integers(7, 90))
def test_lines_are_read_whatever_their_length_and_the_chunks(kinds: list[str], chunk: int) -> None:
    lines = {
        "one": json.dumps(ONE),
        "two": json.dumps(TWO),
        "bad": '{"mess',
        "blank": "",
        "long": json.dumps(user("x" * 400)),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chatproof.captures.traffic.CHUNK", chunk)
        patch.setattr("chatproof.captures.traffic.LARGEST", 300)
        patch.setattr("chatproof.captures.traffic._is_lines", lambda first: True)
        for end in ("", "\n"):
            traffic = Traffic(io.BytesIO(("{}\n" + "\n".join(lines[kind] for kind in kinds) + end).encode()))
            assert list(traffic.bodies()) == [
                {"one": ONE, "two": TWO}[kind] for kind in kinds if kind in ("one", "two")
            ]
            assert traffic.left_out.get("no JSON", 0) == kinds.count("bad")
            assert sum(n for said, n in traffic.left_out.items() if said.startswith("larger")) == kinds.count("long")


def test_what_comes_out_is_strict_json() -> None:
    odd = b'{"messages": [{"role": "user", "content": "\\ud800 x"}], "temperature": 1e999, "own": NaN, "\\udfff": -Infinity}'
    text = json.dumps(found(odd).shapes[0].body, ensure_ascii=False).encode()
    assert len(request_bodies.read(text, "x")) == 1


def test_a_log_that_begins_with_a_cut_line_is_read() -> None:
    assert found(b'{"messages": [{"ro\n' + FILES["JSONL"]).calls == 3


def test_one_file_without_requests_among_others_is_counted() -> None:
    files = [("a.har", Traffic(io.BytesIO(har(ONE)))), ("b.har", Traffic(io.BytesIO(har())))]
    result = collect(files)
    assert result.calls == 1 and result.left_out == {"files without a request to the chat path": 1}


@pytest.mark.nightly
def test_memory_is_that_of_one_piece(tmp_path: Path) -> None:
    """120 MiB of one shape in large calls, through a pipe."""
    one = json.dumps(entry({"messages": [user("word " * 400_000)]})).encode()
    data = b'{"log":{"entries":[' + b",".join([one] * 60) + b"]}}"
    done, memory, _ = measured("from", "-", "-o", str(tmp_path / "out.jsonl"), stdin=data)
    assert done.returncode == 0 and b"60 calls, 1 shape\n" in done.stderr
    assert memory < 110, memory


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "required"),
        (("from",), "required"),
        (("of", "x"), "from"),
        (("from", "no-such-file.har"), "no-such-file.har: cannot be read: No such file"),
        (("from", "/"), "cannot be read"),
    ],
)
def test_wrong_use_is_told(words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.returncode == 2 and said in done.stderr.decode(), done.stderr


def test_an_output_that_cannot_be_written_is_exit_4(tmp_path: Path) -> None:
    done = run("from", "-", "-o", str(tmp_path / "no" / "out.jsonl"), stdin=har(ONE))
    assert done.returncode == 4 and b"cannot write" in done.stderr


def test_nothing_is_written_for_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert run("from", "-", "-o", str(out), stdin=b"text").returncode == 2
    assert not out.exists() and list(tmp_path.iterdir()) == []


def test_the_same_traffic_makes_the_same_requests() -> None:
    assert run("from", "-", stdin=FILES["HAR"]).stdout == run("from", "-", stdin=FILES["HAR"]).stdout
