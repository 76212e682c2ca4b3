"""Strict JSON: what is accepted, what is refused and under which name; the verdict agrees with RFC 8259."""

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatproof.wire.strictjson import REASONS, JsonLimits, parse, parse_each
from tests.pace import within

GOOD = [
    b"{}",
    b"[]",
    b' \n\r\t{"a":[1,-0,1.5e3,"\\u00e9\\ud83d\\ude00",true,false,null]}\n',
    b'"x"',
    b"0",
    b"-1.5E-7",
    b"null",
]
BAD = {
    "empty": [b"", b" \n"],
    "bom": [b"\xef\xbb\xbf{}"],
    "not_utf8": [b'"\xff\xfe"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', "{}".encode("utf-16")],
    "syntax": [b"{'a':1}", b"[1,]", b"{,}", b"[,]", b"[01]", b"[1.]", b"[.5]", b"[+1]", b'"\x01"', b'"a\nb"', b'"\\q"', b'{"a" 1}', b"{1:2}", b"[1 2]", b"}", b"]", b"[}", b'{"a"}', b"<html>", b"TRUE", b"nulll", b"[1}", b"//x\n1", b"\x0b1", b"\xc2\xa01"],
    "truncated": [b"{", b"[", b'"abc', b'"a\\', b'"a\\u12', b'{"a"', b'{"a":', b"[1,", b"tru", b"-", b"[1", b'{"a":1,'],
    "trailing": [b"{} {}", b"{}x", b"1 2", b"[]]", b"{}\ndata: [DONE]"],
    "duplicate_key": [b'{"a":1,"a":1}', b'{"a":{"b":1,"\\u0062":2}}'],
    "not_a_number": [b"[NaN]", b"[Infinity]", b"[-Infinity]", b"NaN"],
    "lone_surrogate": [b'"\\ud800"', b'"\\udc00\\ud800"', b'{"\\ud83d":1}'],
    "number_range": [b"[1e400]", b"[-1e999]", b"[" + b"9" * 65 + b"]", b"1" + b"0" * 309],
    "too_deep": [b"[" * 65 + b"]" * 65, b"[" * 100_000, b'{"a":' * 100_000, b"[" * 900 + b"]" * 900],
    "too_many_nodes": [b"[" + b"0," * 200_000 + b"0]"],
}  # fmt: skip


@pytest.mark.parametrize("data", GOOD)
def test_good(data: bytes) -> None:
    value, problem = parse(data)
    assert problem is None and value == json.loads(data)


@pytest.mark.parametrize(("reason", "data"), [(r, d) for r, datas in BAD.items() for d in datas])
def test_bad(reason: str, data: bytes) -> None:
    value, problem = parse(data)
    assert value is None and problem is not None
    assert problem.reason == reason
    assert 0 <= problem.offset <= len(data)


def test_every_reason_is_tested() -> None:
    assert set(BAD) == set(REASONS)


@pytest.mark.parametrize(
    ("data", "offset", "path"),
    [
        (b'{"a":{"b":[1,NaN]}}', 13, "$.a.b[1]"),
        ('{"é":"\\q"}'.encode(), 7, "$.é"),
        (b'[[1],[2,{"x":1,"x":2}]]', 15, "$[1][1].x"),
        (b'{"a":1} x', 8, "$"),
    ],
)
def test_offset_counts_bytes(data: bytes, offset: int, path: str) -> None:
    problem = parse(data)[1]
    assert problem is not None and (problem.offset, problem.path) == (offset, path)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(json_values, st.booleans())
def test_agrees_with_json_on_json(value: object, ascii_only: bool) -> None:
    try:
        data = json.dumps(value, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:
        return
    parsed, problem = parse(data)
    if problem is None:
        assert parsed == value
    else:
        assert problem.reason == "lone_surrogate"


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=60) | st.text('{}[]",:0123456789.eE+-truefalsn\\u \n', max_size=40).map(str.encode))
def test_never_accepts_what_json_refuses(data: bytes) -> None:
    value, problem = parse(data)
    try:
        known = json.loads(data.decode())
    except (ValueError, RecursionError):
        assert problem is not None
    else:
        assert problem is not None or value == known


@pytest.mark.parametrize(
    "data",
    [
        b'"' + b"a" * 8_000_000,
        b'"' + b"\\n" * 2_000_000,
        b" " * 8_000_000,
        b"[" + b"1" * 8_000_000,
        b'{"' + b"k" * 8_000_000,
        b"[" * 65 + b'""' * 4_000_000,  # what the depth is looked for in
        b"{}," * 65 + b'"' + b'\\"' * 4_000_000,
        b"{}," * 65 + b"\\" * 8_000_000,
        b'["\\ud83d\\ude00' + b"\\\\" * 4_000_000,
        b'["' + b"\\ud83d" * 1_300_000,
    ],
)
def test_linear_on_hostile_input(data: bytes) -> None:
    with within(3):
        assert parse(data)[1] is not None


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        ("too_many_nodes", b"[" + b"{}," * 300_000 + b"{}]"),
        ("too_many_nodes", b"[" + b"0," * 300_000 + b"0]"),
        ("too_many_nodes", b"{" + b",".join(b'"%06x":0' % number for number in range(60_000)) + b"}"),
        ("too_deep", b"[" * 200_000 + b"]" * 200_000),
        ("number_range", b"[" + b"9" * 1_000_000 + b"]"),
    ],
)
def test_limits_hold_before_values_are_built(reason: str, data: bytes) -> None:
    tracemalloc.start()
    try:
        problem = parse(data, JsonLimits(nodes=2_000))[1]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert problem is not None and problem.reason == reason
    assert peak < 2 * len(data) + 1024 * 1024  # the text, its marks, and what the limit allows


def test_limits_are_parameters() -> None:
    assert parse(b"[[1]]", JsonLimits(depth=1))[1].reason == "too_deep"  # type: ignore[union-attr]
    assert parse(b"[1,2,3]", JsonLimits(nodes=3))[1].reason == "too_many_nodes"  # type: ignore[union-attr]
    assert parse(b"[1,2,3]", JsonLimits(nodes=4))[1] is None


def test_documents_that_are_kept_together_share_one_limit() -> None:
    held = parse_each([b"[1,2]", b"[3]", b"4"], JsonLimits(all_nodes=6))
    assert held == [([1, 2], None), ([3], None), (4, None)]
    *before, (value, problem) = parse_each([b"[1,2]", b"[3]", b"4"], JsonLimits(all_nodes=5))
    assert before == held[:2] and value is None and problem is not None and problem.reason == "too_many_nodes"


def test_after_the_shared_limit_nothing_more_is_kept() -> None:
    found = parse_each([b"[1,2,3]", b"4", b"\xff"], JsonLimits(all_nodes=3))
    assert [value for value, _ in found] == [None, None, None]
    assert [problem.reason for _, problem in found if problem] == ["too_many_nodes", "too_many_nodes", "not_utf8"]


def test_one_document_beyond_its_own_limit_says_that_limit() -> None:
    ((_, problem),) = parse_each([b"[1,2,3]"], JsonLimits(nodes=3, all_nodes=100))
    assert problem is not None and problem.detail == "more than 3 values and keys"


def test_a_stream_of_tiny_values_takes_little_room() -> None:
    data = b"[" + b"{}," * 15_000 + b"{}]"
    tracemalloc.start()
    try:
        found = parse_each([data] * 40, JsonLimits(all_nodes=JsonLimits().all_nodes // 4))
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert sum(problem is None for _, problem in found) == 9
    assert held < 15 * 1024 * 1024


@pytest.mark.parametrize("data", [b"{1.", b"{tr", b"{-", b'{"a":1 tr', b'{"a" "b', b"[1 2.", b'[1 "a'])
def test_what_more_text_would_not_mend_is_no_truncated_document(data: bytes) -> None:
    problem = parse(data)[1]
    assert problem is not None and problem.reason == "syntax"
    assert parse(data + b'0"}]}')[1] is not None
