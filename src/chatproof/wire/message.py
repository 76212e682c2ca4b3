"""Pieces of an HTTP/1.1 message: limits, the end of a head, header lines, the content coding; refusals by name."""

import zlib

from chatproof.printable import snippet
from chatproof.values import NamedTuple
from chatproof.wire.exchange import Fault


class Limits(NamedTuple):
    """Bounds on one response, in bytes unless named otherwise. Reasons: facts on hostile servers."""

    head: int = 64 * 1024
    headers: int = 100  # lines; what most servers and CDNs allow themselves
    informational: int = 8  # 1xx replies before the final one
    body: int = 8 * 1024 * 1024  # on the wire, and again once decoded
    chunks: int = 100_000
    chunk_line: int = 4 * 1024
    trailers: int = 8 * 1024
    arrivals: int = 2048  # of the body's pieces are kept; more than a fifth of the events that are read (sse)


class Refusal(Exception):
    """Carries a Fault from a parser callback to `feed`."""

    def __init__(self, code: str, phase: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(code, phase, detail)


_FOLDED = (b" ", b"\t")
_UNTIL_HTTP = 16  # bytes in which the protocol's name has begun, or it is another
MEMBERS = 16  # gzip members in one body; one is usual


def head_end(buffer: bytearray, start: int) -> tuple[int, int]:
    """The size of the header block, and the bytes of the blank line after it, looked for from `start` on.

    While there is no blank line: the least size that the block can have, and 0. A bare LF ends lines, too (RFC 9112
    section 2.2).
    """
    mixed, bare = buffer.find(b"\n\r\n", start), buffer.find(b"\n\n", start)
    end, length = (mixed, 3) if bare < 0 or -1 < mixed < bare else (bare, 2)
    if end < 0:
        started = next((part for part in (b"\r\n\r", b"\r\n", b"\n\r", b"\r", b"\n") if buffer.endswith(part)), b"")
        return len(buffer) - len(started), 0
    return (end - 1, length + 1) if end and buffer[end - 1] == 0x0D else (end, length)


def header_lines(lines: list[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    found: list[tuple[bytes, bytes]] = []
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip(b"\r")
        if not line:
            continue
        if line.startswith(_FOLDED) and found:
            # obs-fold: a client must take it for spaces (RFC 9112 section 5.2)
            found[-1] = (found[-1][0], (found[-1][1] + b" " + line.strip(b" \t")).strip())
            continue
        name, colon, value = line.partition(b":")
        if not colon or name != name.strip() or not name:
            what = "no colon" if not colon else "white space around the name"
            raise Refusal("http.malformed", "headers", f"header line {number}: {what}: {snippet(line, 40)}")
        found.append((name, value.strip(b" \t")))
    return tuple(found)


def folded(lines: list[bytes]) -> int:
    """The number of header lines that go on with the header before (obs-fold)."""
    return sum(line.startswith(_FOLDED) for line in lines)


def coding(headers: tuple[tuple[bytes, bytes], ...]) -> str:
    """The body's content coding in lower case; empty when there is none (identity is none)."""
    values = [value for name, value in headers if name.lower() == b"content-encoding"]
    codings = [part.strip().lower() for part in b",".join(values).split(b",")]
    return ", ".join(c.decode("latin-1") for c in codings if c and c != b"identity")


def decode(coding: str, raw: bytes, limits: Limits) -> bytes:
    """gunzip under a cap. Other codings were not asked for and are named, not guessed at."""
    if coding not in ("gzip", "x-gzip"):
        count, shown = coding.count(",") + 1, snippet(coding.encode("latin-1"), 40)
        said = f"Content-Encoding {shown}" if count == 1 else f"{count} content codings, {shown}"
        raise Refusal("http.encoding", "body", f"{said}, which was not asked for")
    out = b""
    for _ in range(MEMBERS):
        member = zlib.decompressobj(wbits=31)
        try:
            out += member.decompress(raw, limits.body + 1 - len(out))
        except zlib.error as error:
            raise Refusal("http.encoding", "body", f"gzip: {error}") from None
        if len(out) > limits.body:
            raise Refusal("limit.size", "body", f"body exceeds {limits.body} bytes once decoded")
        if not member.eof:
            raise Refusal("http.encoding", "body", "gzip stream ends before its checksum")
        raw = member.unused_data.lstrip(b"\0")  # padding, as tar and old tools leave it
        if not raw:
            return out
    raise Refusal("http.encoding", "body", f"more than {MEMBERS} gzip members")


_SHOWN = 8
"""Bytes of what is no HTTP: as many as of a body that is no text. Of a key with something between its letters, that no
search can tell by so few, more would show most of a short one."""


def may_be_http(start: bytearray) -> bool:
    """Line ends so far, or the beginning of a misspelt HTTP/ after them: more bytes will tell."""
    said = start.lstrip(b"\r\n").upper()
    return len(start) < _UNTIL_HTTP and len(said) < 5 and b"HTTP/".startswith(said)


def not_http(start: bytes) -> Refusal:
    said = start[:_UNTIL_HTTP].lstrip(b"\r\n")[:5]
    if said.upper() == b"HTTP/":  # HTTP all the same; clients refuse it
        where = "after line ends, " if start[:5].upper() != b"HTTP/" else ""
        return Refusal("http.malformed", "headers", f"{where}the status line begins {snippet(said)}")
    hints = {b"\x15\x03": "looks like TLS", b"\x16\x03": "looks like TLS", b"SSH-": "looks like SSH"}
    hint = next((f", {text}" for prefix, text in hints.items() if start.startswith(prefix)), "")
    return Refusal("http.not_http", "headers", f"the reply begins {start[:_SHOWN].hex(' ')}{hint}")


def llhttp_words(error: Exception) -> str:
    """llhttp's own sentence; it never quotes the wire."""
    return snippet(str(error).encode(), 80)
