"""The chunked coding of a body (RFC 9112 section 7.1): bytes in, content out, the same however the bytes are cut.

Our own, not llhttp's: only who sees each byte can hold a limit to the byte, say where the message ended, and give one
answer whether a reply came whole or byte by byte. Strict as h11 and llhttp are: a size in hexadecimal, blanks after it
(old servers' habit), an extension without control characters, CRLF. A lone LF is taken in trailers only, as in a head.
"""

import re

from chatproof.printable import snippet
from chatproof.wire.message import Limits, Refusal, folded, header_lines

# The longest beginning of a good size line. Every part is optional, so that a line still growing is a good one.
# Compiled when it is first needed: many replies have a length.
_SIZE_LINE = rb"[0-9A-Fa-f]{0,20}+(?:(?<=[0-9A-Fa-f])[ \t]*+(?:;[^\x00-\x08\x0a-\x1f\x7f]*+)?+(?:\r\n?+)?+)?+"
_HEX_DIGITS = b"0123456789abcdefABCDEF"
_LOOKED_AT = 24  # bytes of an unfinished line that are judged before it ends: a size and what may follow it


class Chunked:
    """Feed bytes until `complete`; `feed` says how many of them belonged to the message. Raises Refusal."""

    def __init__(self, limits: Limits) -> None:
        self.content = bytearray()
        self.wire_size = 0  # bytes taken
        self.count = 0
        self.trailers: tuple[tuple[bytes, bytes], ...] = ()
        self.complete = False
        self._limits = limits
        self._line = bytearray()  # the unfinished line
        self._left = 0  # bytes of content until the chunk ends
        self._state = "size"  # size, data, end (CRLF after the content), trailer
        self._trailer_lines: list[bytes] = []
        self._trailer_size = 0
        self.bare_lines = 0  # of the trailers, that end with LF alone
        self.folded_lines = 0  # of the trailers, that go on with the one before

    def feed(self, data: bytes) -> int:
        at = 0
        while at < len(data) and not self.complete:
            if self._state == "size" and not self._line:
                at = self._plain_chunks(data, at)
                if at == len(data):
                    break
            at = self._content(data, at) if self._state == "data" else self._read_line(data, at)
        return at

    def _plain_chunks(self, data: bytes, at: int) -> int:
        """Whole chunks without anything odd, as nearly all are: nothing here is decided otherwise than below."""
        limits, last = self._limits, min(len(data), at + self._limits.body - self.wire_size)
        start = at
        while self.count < limits.chunks:
            end = data.find(b"\r\n", at, at + 18)
            digits = data[at:end]
            if end <= at or digits.strip(_HEX_DIGITS):  # int alone takes 0x1 and 1_0, too
                break
            size = int(digits, 16)
            stop = end + 2 + size
            if not size or stop + 2 > last or end + 2 - at > limits.chunk_line or data[stop : stop + 2] != b"\r\n":
                break
            self.content += data[end + 2 : stop]
            self.count += 1
            at = stop + 2
        self.wire_size += at - start
        return at

    def _content(self, data: bytes, at: int) -> int:
        room = self._limits.body - self.wire_size
        piece = data[at : at + min(self._left, room)]
        self.content += piece
        self.wire_size += len(piece)
        if len(piece) < min(self._left, len(data) - at):
            raise self._too_large()
        self._left -= len(piece)
        if not self._left:
            self._state = "end"
        return at + len(piece)

    def _read_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at) + 1
        self._line += data[at : end or len(data)]
        judge = {"size": self._size_line, "end": self._content_end, "trailer": self._trailer_line}[self._state]
        if not end:
            judge(self._line, False)
            return len(data)
        line, self._line = self._line, bytearray()
        judge(line, True)
        return end

    def _took(self, count: int) -> None:
        self.wire_size += count
        if self.wire_size > self._limits.body:
            raise self._too_large()

    def _too_large(self) -> Refusal:
        return Refusal("limit.size", "body", f"body exceeds {self._limits.body} bytes on the wire")

    # Each judges a line as far as it has come (`whole`: its line end is there). What is wrong in its first bytes is
    # wrong at once; a limit is broken when it is passed; anything else is wrong when the line is whole.

    def _size_line(self, line: bytearray, whole: bool) -> None:
        match = re.match(_SIZE_LINE, line)
        good = match.end() if match else 0
        room, most = self._limits.body - self.wire_size, self._limits.chunk_line
        if good < min(len(line), _LOOKED_AT, room + 1, most + 1):
            raise _bad("no chunk size", line)
        if len(line) > min(most, room):
            raise (
                self._too_large()
                if room < most
                else Refusal("limit.size", "body", f"a chunk line exceeds {most} bytes")
            )
        if not whole:
            return
        if good < len(line):
            raise _bad("a control character in a chunk extension", line)
        self._took(len(line))
        self._begin(int(line.partition(b";")[0], 16))

    def _begin(self, size: int) -> None:
        if size == 0:
            self._state = "trailer"
            return
        self.count += 1
        if self.count > self._limits.chunks:
            raise Refusal("limit.size", "body", f"more than {self._limits.chunks} chunks")
        if size > self._limits.body:
            raise Refusal("limit.size", "body", f"a chunk of {size} bytes, where {self._limits.body} are the limit")
        self._left, self._state = size, "data"

    def _content_end(self, line: bytearray, whole: bool) -> None:
        if not b"\r\n".startswith(line):
            raise _bad("no line end after the content", line)
        if whole:
            self._took(len(line))
            self._state = "size"

    def _trailer_line(self, line: bytearray, whole: bool) -> None:
        self.bare_lines += whole and not line.endswith(b"\r\n")
        if bytes(line) in (b"\r\n", b"\n"):
            self.wire_size += len(line)
            self.trailers = header_lines(self._trailer_lines)
            self.folded_lines = folded(self._trailer_lines)
            self.complete = True
            return
        # At most four bytes of a line are no part of a name or value.
        if line != b"\r" and self._trailer_size + len(line) + 4 > self._limits.trailers:
            raise Refusal("limit.size", "body", f"trailers exceed {self._limits.trailers} bytes")
        if whole:
            self._trailer_size += len(line) + 4
            self.wire_size += len(line)
            self._trailer_lines.append(bytes(line.rstrip(b"\r\n")))


def _bad(what: str, line: bytearray) -> Refusal:
    return Refusal("http.framing", "body", f"bad chunk: {what}; near {snippet(bytes(line[:_LOOKED_AT]), 40)}")
