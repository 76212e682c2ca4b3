"""Each rule of chunked bodies to the byte, however they are cut.

`tools/mutate.py --wire` holds these rows: a rule that can be changed without a red test here is a survivor there.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from chatproof.wire.chunked import Chunked
from chatproof.wire.exchange import Fault
from chatproof.wire.message import Limits, Refusal


class Row(NamedTuple):
    data: bytes
    content: bytes = b""
    fault: str = ""  # how its detail begins
    trailers: tuple[tuple[bytes, bytes], ...] = ()
    complete: bool = True
    after: bytes = b""  # what no longer belongs to the body
    unread: int = 0  # bytes of a line that is not finished
    limits: Limits = Limits()


BODY, LINE, CHUNKS, TRAILERS = Limits(body=40), Limits(chunk_line=12), Limits(chunks=2), Limits(trailers=20)
NO_SIZE = "bad chunk: no chunk size; near "
CONTROL = "bad chunk: a control character in a chunk extension; near "
NO_END = "bad chunk: no line end after the content; near "
TOO_LARGE = "body exceeds {} bytes on the wire"
LONG_LINE = "a chunk line exceeds 12 bytes"
END = b"0\r\n\r\n"
ROWS = {
    "one chunk": Row(b"5\r\nhello\r\n" + END, b"hello"),
    "some": Row(b"5\r\nhello\r\n1\r\n \r\na\r\n0123456789\r\n" + END, b"hello 0123456789"),
    "no content": Row(END),
    "line ends as content": Row(b"4\r\n\r\n\r\n\r\n2\r\n\n\n\r\n" + END, b"\r\n\r\n\n\n"),
    "what follows": Row(b"1\r\na\r\n" + END + b"HTTP", b"a", after=b"HTTP"),
    "zeros before the size": Row(b"0" * 19 + b"1\r\na\r\n000\r\n\r\n", b"a"),
    "16 digits": Row(b"0" * 15 + b"1\r\na\r\n" + END, b"a"),
    "21 digits": Row(b"0" * 20 + b"1\r\na\r\n", fault=NO_SIZE),
    "capitals": Row(b"B\r\n01234567890\r\n" + END, b"01234567890"),
    "blanks after the size": Row(b"1 \t\r\na\r\n0 \r\n\r\n", b"a"),
    "an extension": Row(b"1;a=b\tc \xe9\r\na\r\n0 ;x\r\n\r\n", b"a"),
    "no size": Row(b"\r\n", fault=NO_SIZE),
    "no number": Row(b"x\r\n", fault=NO_SIZE),
    "a sign": Row(b"+1\r\na\r\n", fault=NO_SIZE),
    "a prefix": Row(b"0x1\r\na\r\n", fault=NO_SIZE),
    "an underscore": Row(b"1_0\r\na\r\n", fault=NO_SIZE),
    "a blank before": Row(b" 1\r\na\r\n", fault=NO_SIZE),
    "more after the size": Row(b"1 a\r\na\r\n", fault=NO_SIZE),
    "a lone CR in the size line": Row(b"1\rx\r\n", fault=NO_SIZE),
    "two CR": Row(b"1\r\r\na\r\n", fault=NO_SIZE),
    "a lone LF after the size": Row(b"1\na\r\n", fault=NO_SIZE),
    "a control character on the 24th byte": Row(b"1;" + b"x" * 21 + b"\x01\r\na\r\n", fault=NO_SIZE),
    "on the 25th": Row(b"1;" + b"x" * 22 + b"\x01\r\na\r\n", fault=CONTROL),
    "late": Row(b"1;" + b"x" * 400 + b"\x7f\r\na\r\n", fault=CONTROL),
    "late, a lone LF": Row(b"1;" + b"x" * 400 + b"\na\r\n", fault=CONTROL),
    "late, and no end yet": Row(b"1;" + b"x" * 22 + b"\x01x", complete=False, unread=26),
    "a lone LF after the content": Row(b"1\r\na\n" + END, b"a", fault=NO_END),
    "a lone CR after it": Row(b"1\r\na\r0\r\n", b"a", fault=NO_END),
    "no line end after it": Row(b"1\r\nab\r\n", b"a", fault=NO_END),
    "a size that is too small": Row(b"5\r\nhello!\r\n" + END, b"hello", fault=NO_END),
    "cut off in the content": Row(b"5\r\nhell", b"hell", complete=False),
    "cut off after it": Row(b"5\r\nhello", b"hello", complete=False),
    "cut off after its line end": Row(b"5\r\nhello\r\n", b"hello", complete=False),
    "cut off in a trailer": Row(b"0\r\nX: y", complete=False, unread=4),
    "trailers": Row(b"0\r\nX: y\r\nZ:\r\n\r\nA", trailers=((b"X", b"y"), (b"Z", b"")), after=b"A"),
    "trailers with a lone LF": Row(b"0\r\nX: y\n\nA", trailers=((b"X", b"y"),), after=b"A"),
    "a bad trailer": Row(b"0\r\nX\r\n\r\n", fault="header line 1: no colon: "),
    # limits
    "a body at the limit": Row(b"17\r\n%b\r\n1\r\na\r\n0\r\n\r\n" % (b"x" * 23), b"x" * 23 + b"a", limits=Limits(body=38)),
    "over it in the last size": Row(b"1b\r\n%b\r\n1\r\na\r\n0\r\n" % (b"x" * 27), b"x" * 27 + b"a", TOO_LARGE, limits=BODY),
    "over it in the content": Row(b"26\r\n" + b"x" * 38, b"x" * 36, TOO_LARGE, limits=BODY),
    "over it by the content's end": Row(b"23\r\n%b\r\n" % (b"x" * 35), b"x" * 35, TOO_LARGE, limits=BODY),
    "at it with the content's end": Row(b"22\r\n%b\r\n" % (b"x" * 34), b"x" * 34, complete=False, limits=BODY),
    "content up to it": Row(b"26\r\n" + b"x" * 36, b"x" * 36, complete=False, limits=BODY),
    "all content up to it": Row(b"24\r\n" + b"x" * 36, b"x" * 36, complete=False, limits=BODY),
    "a chunk as large as the limit": Row(b"28\r\n", complete=False, limits=BODY),
    "a larger one": Row(b"29\r\n", fault="a chunk of 41 bytes, where 40 are the limit", limits=BODY),
    "no room for a size line": Row(b"1f\r\n%b\r\n5;a" % (b"x" * 31), b"x" * 31, TOO_LARGE, limits=BODY._replace(body=39)),
    "no room, and no size": Row(b"1f\r\n%b\r\n5;\x01a" % (b"x" * 31), b"x" * 31, NO_SIZE, limits=BODY._replace(body=39)),
    "no room, and a bad byte later": Row(b"1f\r\n%b\r\n5;a\x01" % (b"x" * 31), b"x" * 31, TOO_LARGE, limits=BODY._replace(body=39)),
    "a size line at its limit": Row(b"1;34567890\r\na\r\n" + END, b"a", limits=LINE),
    "one over it": Row(b"1;345678901\r\na\r\n", fault=LONG_LINE, limits=LINE),
    "an endless one": Row(b"1;" + b"x" * 80, fault=LONG_LINE, limits=LINE),
    "a bad byte on its 13th": Row(b"1;3456789012"[:12] + b"\x01\r\n", fault=NO_SIZE, limits=LINE),
    "on its 14th": Row(b"1;34567890123"[:13] + b"\x01\r\n", fault=LONG_LINE, limits=LINE),
    "as much room as a line may take": Row(b"1;" + b"x" * 80, fault=LONG_LINE, limits=LINE._replace(body=12)),
    "less": Row(b"1;" + b"x" * 80, fault="body exceeds 11 bytes", limits=LINE._replace(body=11)),
    "as many chunks": Row(b"1\r\na\r\n" * 2 + END, b"aa", limits=CHUNKS),
    "too many": Row(b"1\r\na\r\n" * 3, b"aa", fault="more than 2 chunks", limits=CHUNKS),
    "too many with extensions": Row(b"1;\r\na\r\n" * 3, b"aa", fault="more than 2 chunks", limits=CHUNKS),
    "trailers at the limit": Row(
        b"0\r\nX: abc\r\nZ:\r\n\r\n", trailers=((b"X", b"abc"), (b"Z", b"")), limits=TRAILERS
    ),
    "one over it, in a row": Row(b"0\r\nX: abc\r\nZ:1\r\n\r\n", fault="trailers exceed 20 bytes", limits=TRAILERS),
    "trailers without an end": Row(b"0\r\nX: abc\r\nZ:123456", fault="trailers exceed 20 bytes", limits=TRAILERS),
    "up to it, without an end": Row(b"0\r\nX: abc\r\nZ:12", complete=False, unread=4, limits=TRAILERS),
}  # fmt: skip


def read(pieces: list[bytes], limits: Limits) -> tuple[Row, Fault | None, int]:
    """(what was read, the fault, bytes on the wire)."""
    chunks, fault, after = Chunked(limits), None, b""
    for piece in pieces:
        try:
            taken = chunks.feed(piece)
        except Refusal as refusal:
            fault = refusal.fault
            break
        assert taken == len(piece) or chunks.complete
        after += piece[taken:]
    row = Row(b"", bytes(chunks.content), "", chunks.trailers, chunks.complete, after, len(chunks._line), limits)
    return row, fault, chunks.wire_size


@pytest.mark.parametrize("name", ROWS)
def test_rule(name: str) -> None:
    want = ROWS[name]
    data, begins = want.data, want.fault.format(want.limits.body)
    cuts = [[data], [data[i : i + 1] for i in range(len(data))]]
    for pieces in cuts + [[data[:cut], data[cut:]] for cut in range(len(data))]:
        row, fault, size = read(pieces, want.limits)
        if fault is None:
            assert not begins and row == want._replace(data=b"")
            assert size == len(data) - len(want.after) - want.unread
        else:
            assert begins and fault.detail.startswith(begins), (fault, pieces)
            code = "http.framing" if "bad chunk" in begins else "limit.size"
            assert fault[:2] == ((code, "body") if "header" not in begins else ("http.malformed", "headers"))
            assert row.content == want.content


@pytest.mark.parametrize("character", [c for c in range(256) if chr(c) not in "\t\n\r" and (c < 32 or c == 127)])
@pytest.mark.parametrize("before", [1, 40])
def test_no_control_character_in_an_extension(character: int, before: int) -> None:
    data = b"1;%b%c\r\na\r\n" % (b"x" * before, character) + END
    assert read([data], Limits())[1:2] == read([data[:1], data[1:]], Limits())[1:2] != (None,)


def test_the_bytes_near_a_fault_are_shown() -> None:
    _, fault, _ = read([b"xyz" + b"." * 40 + b"\r\n"], Limits())
    assert fault == Fault("http.framing", "body", f'{NO_SIZE}"xyz{"." * 21}"')


class Plain(NamedTuple):
    data: bytes
    taken: int
    at: int = 0
    limits: Limits = Limits()
    count: int = 0


PLAIN = {
    "all but the last": Plain(b"1\r\na\r\n2\r\nbc\r\n" + END, 13),
    "from a place": Plain(b"xx1\r\na\r\n2\r\nbc\r\n" + END, 15, at=2),
    "from a far place": Plain(b"x" * 40 + b"1\r\na\r\n2\r\nbc\r\n" + END, 53, at=40),
    "a size in hexadecimal": Plain(b"1A\r\n%b\r\n" % (b"x" * 26), 32),
    "16 digits": Plain(b"%016x\r\na\r\n" % 1, 21),
    "17": Plain(b"%017x\r\na\r\n" % 1, 0),
    "a blank": Plain(b"1 \r\na\r\n", 0),
    "no line end yet": Plain(b"1", 0),
    "no size": Plain(b"\r\na\r\n", 0),
    "not all has come": Plain(b"5\r\nhello\r", 0),
    "no line end after it": Plain(b"1\r\na\n\r1\r\na\r\n", 0),
    "the body's limit": Plain(b"1\r\na\r\n1\r\nb\r\n", 12, limits=Limits(body=12)),
    "over it": Plain(b"1\r\na\r\n1\r\nb\r\n", 6, limits=Limits(body=11)),
    "over it, from a place": Plain(b"xx1\r\na\r\n1\r\nb\r\n", 8, at=2, limits=Limits(body=11)),
    "at it, from a place": Plain(b"xx1\r\na\r\n1\r\nb\r\n", 14, at=2, limits=Limits(body=12)),
    "the line's limit": Plain(b"1\r\na\r\n01\r\nb\r\n", 6, limits=Limits(chunk_line=3)),
    "as many chunks": Plain(b"1\r\na\r\n" * 3, 12, limits=Limits(chunks=2)),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_the_quick_way(name: str) -> None:
    row = PLAIN[name]
    chunks = Chunked(row.limits)
    assert chunks._plain_chunks(row.data, row.at) == row.taken
    assert chunks.wire_size == row.taken - row.at


def test_plain_chunks_go_the_quick_way() -> None:
    class Quick(Chunked):
        def _read_line(self, data: bytes, at: int) -> int:
            raise AssertionError(data[at:])

    chunks = Quick(Limits())
    assert chunks.feed(b"5\r\nhello\r\n1\r\n \r\n") == 16
    assert (chunks.content, chunks.count, chunks.wire_size) == (b"hello ", 2, 16)
