"""A response as bytes: off the wire, or as curl -i writes it, which has undone chunks and perhaps compression.

The same reader as for a live reply (http1) judges the head and the framing. What curl has undone is done again for it,
so that nothing is checked in two ways.
"""

import re
from typing import NamedTuple

from chatproof.captures import around
from chatproof.captures.entry import Unreadable
from chatproof.evidence.reply import sniff
from chatproof.wire.exchange import BODY, END, Fault, Response
from chatproof.wire.http1 import BODYLESS, ResponseReader
from chatproof.wire.message import Limits, Refusal, head_end, header_lines

_STATUS = re.compile(rb"HTTP/(1\.[01]|2(?:\.0)?|3(?:\.0)?) ([0-9]{3})(?: [^\r\n]*)?\r?\n")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,8}[ \t]*(?:;[^\r\n]*)?\r\n")
_LIKE_A_SIZE = re.compile(rb"(?:[0-9A-Fa-fxX+\-_., \t]{0,32}|\S{1,4})(?:;.*)?$")  # no word of a text is that short
_LOST = "\N{REPLACEMENT CHARACTER}".encode()  # what stands for bytes that were no text
MOST_BLOCKS = 40


class Block(NamedTuple):
    """One header block: its raw bytes, blank line included, and what its first line says."""

    raw: bytes
    version: str
    status: int

    def values(self, name: bytes) -> list[bytes]:
        lines = self.raw.split(b"\n")[1:]
        return [line.partition(b":")[2].strip() for line in lines if line.partition(b":")[0].strip().lower() == name]


class Message(NamedTuple):
    """One reply. `rest` is what follows it in the text."""

    response: Response | None
    fault: Fault | None
    missing: frozenset[str]
    notes: tuple[str, ...] = ()
    rest: bytes = b""


def is_response(data: bytes) -> bool:
    return data.startswith(b"HTTP/")


def blocks(data: bytes) -> tuple[list[Block], bytes]:
    """The header blocks that follow each other from the start, and what comes after the last."""
    found: list[Block] = []
    while (match := _STATUS.match(data)) and len(found) < MOST_BLOCKS:
        end, length = head_end(bytearray(data[: Limits().head + 4]), 0)
        if end < 0:
            break
        raw, data = data[: end + length], data[end + length :]
        found.append(
            Block(
                raw, match[1].decode().removesuffix(".0") if match[1][:1] != b"1" else match[1].decode(), int(match[2])
            )
        )
    return found, data


def read(data: bytes, *, method: str = "POST", curl: bool = False, ended: bool = False) -> Message:
    """The reply to one request. `curl`: known to be curl's output; `ended`: known to have come to its end.

    Raises Unreadable for what does not begin with an HTTP status line.
    """
    if not is_response(data):
        raise Unreadable("it does not begin with an HTTP status line")
    found, rest = blocks(data)
    heads, body, notes = _first_reply(found, rest)
    if heads is None:  # no complete block: the reader says what is wrong
        return _by_reader(data, method, frozenset())
    head = heads[-1]
    missing = frozenset({BODY, END}) if body is None else frozenset()
    message = _message(heads, body or b"", method, curl or head.version not in ("1.0", "1.1"))
    if body is None or BODY in message.missing:
        # Its headers were written, its body was not: a redirect that curl followed, HEAD, --fail, -o.
        try:
            headers = header_lines(head.raw.split(b"\n")[1:])
        except Refusal as refusal:
            return Message(message.response, refusal.fault, missing, notes)
        bare = Response(head.version, head.status, b"", headers, b"", 0, "identity")
        return Message(bare, None, frozenset({BODY, END}), (*notes, *message.notes), message.rest)
    missing = message.missing - {END} if ended else message.missing
    return message._replace(missing=missing, notes=(*notes, *message.notes))


def _first_reply(found: list[Block], rest: bytes) -> tuple[list[Block] | None, bytes | None, tuple[str, ...]]:
    """(informational blocks and the first final one, its body or None, notes), a proxy's CONNECT reply passed over."""
    while len(found) > 1 and 200 <= found[0].status < 300 and _is_tunnel(found[0]):
        found = found[1:]
    final = next((i for i, block in enumerate(found) if block.status >= 200), None)
    if final is None:
        return None, rest, ()
    if final == len(found) - 1:
        return found, rest, ()
    said = f"curl followed it: the first reply, {found[final].status}, is judged, not the last, {found[-1].status}"
    return found[: final + 1], None, (said,)


def _is_tunnel(block: Block) -> bool:
    return not any(block.values(name) for name in (b"content-length", b"transfer-encoding", b"content-type"))


def _message(heads: list[Block], body: bytes, method: str, curl: bool) -> Message:
    head = heads[-1]
    chunked = any(b"chunked" in value.lower() for value in head.values(b"transfer-encoding"))
    coded = [value for value in head.values(b"content-encoding") if value.lower() not in (b"", b"identity")]
    unchunked = chunked and not _is_chunked(body) and (curl or _is_content(body))
    decoded = bool(coded) and _is_text(body) and not (chunked and not unchunked)
    lengths = set(head.values(b"content-length"))
    length = _number(lengths) if not (decoded or chunked or method == "HEAD" or head.status in BODYLESS) else None
    if decoded and _LOST in body and sniff(body) not in ("json", "sse", "html"):
        said = "the body was compressed and copied as text, and some bytes were lost"
        return Message(None, None, frozenset({BODY, END}), (said,))
    found = None
    framed = (chunked and not unchunked) or (coded and not decoded) or (lengths and length is None and not decoded)
    if not framed and head.status not in BODYLESS:
        found = around.body(body, length, head.status)
    if found is not None and not found.shown:
        return Message(None, None, frozenset({BODY, END}), (found.note,), body[found.end :])
    fits = found is None or found.exact
    rest = body[found.end :] if found is not None else b""
    body = found.data if found is not None else body
    drop: tuple[bytes, ...] = (b"content-encoding",) if decoded else ()
    drop += (b"content-length",) if decoded or not (fits or chunked) else ()
    drop += (b"transfer-encoding",) if head.version[:1] in "23" else ()
    raw = b"".join(_plain(block, drop) for block in heads)
    if unchunked:
        raw += (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    else:
        raw += body
    # An end is proved by a length that fits, or by chunks with their end.
    proved = (chunked and not unchunked) or (len(lengths) == 1 and not decoded and fits) or head.status in BODYLESS
    missing = frozenset() if proved or method == "HEAD" else frozenset({END})
    message = _by_reader(raw, method, missing)._replace(rest=rest)
    if found is not None and found.note:
        message = message._replace(notes=(found.note,))
    if message.response is None:
        return message
    try:
        headers = header_lines(head.raw.split(b"\n")[1:])
    except Refusal:
        headers = message.response.headers
    return message._replace(response=message.response._replace(version=head.version, headers=headers))


def _is_content(body: bytes) -> bool:
    """Under a header that announces chunks: the body itself, which curl has put together. Else it begins with a line
    that holds the first chunk's length, or digits that should be one."""
    if _CHUNK.match(body):
        return False
    first, end, _ = body[:64].partition(b"\r\n")
    return sniff(body) in ("json", "sse", "html") or not end or not _LIKE_A_SIZE.match(first)


def _number(lengths: set[bytes]) -> int | None:
    """The one length that is given; None where there is none, or none that can be counted by."""
    only = next(iter(lengths)) if len(lengths) == 1 else b""
    return int(only) if only.isdigit() and len(only) < 12 else None


def _is_text(body: bytes) -> bool:
    """Under a header that announces compression: what curl has undone. Compressed bytes are no UTF-8."""
    try:
        return bool(body.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _is_chunked(body: bytes) -> bool:
    """Chunks as on the wire, to their end."""
    reader = ResponseReader()
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    return reader.complete and reader.fault is None


def _plain(block: Block, drop: tuple[bytes, ...]) -> bytes:
    """The block as HTTP/1.1 that the reader takes, without the lines about what curl has undone."""
    first, _, rest = block.raw.partition(b"\n")
    if block.version[:1] in "23":
        first = (
            b"HTTP/1.1 %d " % block.status + first.split(b" ", 2)[-1]
            if first.count(b" ") > 1
            else b"HTTP/1.1 %d" % block.status
        )
        first = first.rstrip(b"\r") + b"\r"
    kept = [
        line for line in rest.split(b"\n") if line.partition(b":")[0].strip().lower() not in drop or not line.strip()
    ]
    return first + b"\n" + b"\n".join(kept)


def _by_reader(raw: bytes, method: str, missing: frozenset[str]) -> Message:
    reader = ResponseReader(method or "POST")
    reader.feed(raw)
    reader.eof()
    response = reader.response()
    if response is not None:
        response = response._replace(arrivals=())  # it did not arrive: it was read from a file
    return Message(response, reader.fault, missing - {END} if reader.fault else missing)
