"""Strict JSON has two readers, the C decoder and our parser: one answer, on documents that are mutated at random."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from chatproof.wire import strictjson
from chatproof.wire.strictjson import REASONS, JsonLimits
from tests.fuzz import oracles
from tests.fuzz.oracle_parts import SMALL_JSON, Wrong
from tests.fuzz.oracles import two_readers
from tests.support import COMPLETION

DOCUMENTS = [
    COMPLETION.encode(),
    b'{"error":{"message":"The model does not exist","type":"invalid_request_error","param":null,"code":404}}',
    b'{"object":"list","data":[{"id":"gpt-x","created":1735689600},{"id":"gpt-y","created":-0}]}',
    b'\n{"a":[1.5e3,-0.0,1E+2,true,false,null,"",{},[]],"b":{"a":{"a":"x\\ty"}}}\r\n ',
    '{"é":"😀 \\u00e9 \\ud83d\\ude00 \\"quoted\\" \\\\ \\/","\\u0061":"\u2028"}'.encode(),
    b'{"choices":[{"index":0,"delta":{"content":"pong"},"logprobs":[-0.31,-1e-7,[-12.25]],"finish_reason":null}]}',
    b"[[[[1]]],[[2]],[3],4]",
    b"12345678",
    b'"x"',
]
TOKENS = [
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b" ", b"\t", b"\r\n", b"\x0b", b"\x00", b"\x1f", b"\x7f", b"'"),
    *(b"\\u", b"\\ud800", b"\\uDBFF", b"\\udc00", b"\\uDfff", b"\\ud83d\\ude00", b"\\ud7ff", b"\\ue000", b"\\u0000"),
    *(b"\\\\ud800", b"\\n", b"\\/", b"\\q", b"\\x41", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\xa8"),
    *(b"null", b"true", b"False", b"nul", b"NaN", b"-Infinity", b"Infinity", b"-NaN", b"//x", b"/**/", b"undefined"),
    *(b"0", b"-0", b"-", b"+1", b"01", b"1.", b".5", b"1e", b"1e5", b"1e400", b"-1e400", b"1e-400", b"0x1", b"1_0"),
    *(b"9" * 64, b"9" * 65, b"-" + b"9" * 64, b"1.7976931348623159e308", b"1" + b"0" * 63, b"0." + b"1" * 1023),
    *("\u0661".encode(), b'"a":1,"a":2', b'"\\u0061":1,"a":2,', b'"":', b"{}", b"[]", b"[" * 5, b'{"a":' * 5, b"[" * 70, b"[" * 64 + b"]" * 64),
]  # fmt: skip
SMALLER = JsonLimits(depth=3, nodes=9, number=4)


def mutated(chance: random.Random) -> bytes:
    out = bytearray(chance.choice(DOCUMENTS))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        at = chance.randrange(len(out) + 1)
        stop = at + chance.choice((0, 0, 1, 1, 2, 5, 40))
        how = chance.randrange(8)
        if how < 5:
            out[at:stop] = chance.choice(TOKENS)
        elif how == 5:
            del out[at:stop]
        elif how == 6:
            out[at:at] = out[at:stop]
        elif out:
            out[at % len(out)] = chance.randrange(256)
    return bytes(out)


def hold(count: int, seed: int) -> Counter[str]:
    """How often each answer was given."""
    chance, found = random.Random(seed), Counter[str]()
    for _ in range(count):
        data = mutated(chance)
        found.update(two_readers(data, limits) for limits in (JsonLimits(), SMALL_JSON, SMALLER))
    return found


def test_one_answer() -> None:
    found = hold(20_000, seed=16)
    assert set(found) >= {"", *REASONS} - {"empty"}, found  # the documents say something of every rule
    assert found[""] > 5_000 and found["slow"] < found[""], found


@pytest.mark.nightly
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(10))
def test_one_answer_on_a_million_documents(seed: int) -> None:
    hold(100_000, seed=seed)


@pytest.mark.parametrize("data", DOCUMENTS)
def test_the_decoder_reads_what_is_good(data: bytes) -> None:
    assert strictjson._decide(data, data.decode(), JsonLimits()) == json.loads(data)


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (b"[[[1]]]", JsonLimits(depth=2)),
        (b'{"[[[":1,"a":[[1]]}', JsonLimits(depth=2)),
        (b'{"]]]":[{"\\"]":[1]}]}', JsonLimits(depth=3)),
        (b"[1,2,3]", JsonLimits(nodes=3)),
        (b'{"a":1}', JsonLimits(nodes=2)),
        (b"[-1234]", JsonLimits(number=4)),
        (b"[0." + b"1" * 63 + b"]", JsonLimits(number=4)),
    ],
)
def test_the_decoder_keeps_the_limits(data: bytes, limits: JsonLimits) -> None:
    assert strictjson._decide(data, data.decode(), limits) is strictjson._UNDECIDED
    assert strictjson.parse(data, limits)[1] is not None


@pytest.mark.parametrize("data", [b"[[[1]]]", b'{"[[[":[{"b]":"{"}]}', b'["\\"[[[[","\\\\",[[1]]]'])
def test_brackets_in_strings_are_no_depth(data: bytes) -> None:
    assert strictjson._decide(data, data.decode(), JsonLimits(depth=3)) == json.loads(data)


def test_the_oracle_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that cannot be red proves nothing: the plain decoder does not pass for ours."""
    monkeypatch.setattr(strictjson, "_DECODERS", {64: json.JSONDecoder()})
    for data, reason in ((b'{"a":1,"a":1}', "duplicate_key"), (b"[NaN]", "not_a_number"), (b"[1e400]", "number_range")):
        with pytest.raises(Wrong, match=f"accepts {reason}"):
            oracles.strictjson(data)
    monkeypatch.setattr(strictjson, "_DECODERS", {64: json.JSONDecoder(parse_int=float)})
    with pytest.raises(Wrong, match="two values"):
        oracles.strictjson(b"[1]")


def test_without_the_c_decoder_our_parser_reads_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strictjson, "_IN_C", False)
    monkeypatch.setattr(strictjson, "_DECODERS", {})
    assert [strictjson.parse(data) for data in DOCUMENTS] == [(json.loads(data), None) for data in DOCUMENTS]
    assert not strictjson._DECODERS
