"""Server-sent events: bytes in, events out, incremental and linear (WHATWG HTML section 9.2.6).

All three line endings, split anywhere; comments; a space after the colon or none. Only U+000A and U+000D end a line:
str.splitlines would also break at U+2028 and tear JSON apart.
"""

from chatproof.values import NamedTuple

_KEPT = 8


class SseLimits(NamedTuple):
    """Bytes for a line and for an event's data; counts for the rest."""

    line: int = 1024 * 1024
    event: int = 1024 * 1024
    events: int = 10_000  # a chat answer of that many chunks is none that a probe asked for
    lines: int = 100_000


class Event(NamedTuple):
    name: str  # "message" unless an event field named another
    data: bytes
    at: int  # which byte of the stream the event began on
    is_named: bool = False  # an event field said the name, be it "message"


class SseReader:
    """Feed bytes; read `events`. `problem` names a broken limit; feeding then has no effect."""

    def __init__(self, limits: SseLimits = SseLimits()) -> None:
        self.events: list[Event] = []
        self.comments = 0
        self.empty: list[int] = []  # where blocks without data ended, which some clients take for events
        self.bare: list[tuple[int, bytes]] = []  # the first lines that hold a document and no field, with their place
        self.problem = ""
        self._limits = limits
        self._parts: list[bytes] = []  # the unfinished line, in pieces, so that long lines stay linear
        self._part_size = 0
        self._after_cr = False
        self._offset = 0
        self._line_start = 0
        self._start = 0
        self._first = True
        self._lines = 0
        self._name = ""
        self._retry = False
        self._id = False
        self._data: list[bytes] = []
        self._data_size = 0

    def feed(self, data: bytes) -> None:
        if self._after_cr and data:
            self._after_cr = False
            if data[:1] == b"\n":  # the second half of a CRLF that was split
                data = data[1:]
                self._offset += 1
                self._line_start = self._offset
        position, lf, cr = 0, -1, -1
        while not self.problem:
            # Each byte is looked at once: the next end of either kind is kept until it is passed.
            lf = _find(data, b"\n", position) if lf < position else lf
            cr = _find(data, b"\r", position) if cr < position else cr
            end = min(lf, cr)
            self._parts.append(data[position:end])
            self._part_size += end - position
            if self._part_size > self._limits.line:
                self.problem = f"a line exceeds {self._limits.line} bytes"
                self._parts = []  # how much of it had come is chance
                return
            self._offset += end - position
            if end == len(data):
                return
            step = 1
            if data[end : end + 1] == b"\r":
                if end + 1 == len(data):
                    self._after_cr = True
                elif data[end + 1 : end + 2] == b"\n":
                    step = 2
            self._offset += step
            self._line(b"".join(self._parts))
            self._parts, self._part_size = [], 0
            self._line_start = self._offset
            position = end + step

    def eof(self) -> bytes:
        """What was left unfinished: an event without its blank line is not dispatched, only returned."""
        return b"".join([*self._data, *self._parts])

    def _line(self, line: bytes) -> None:
        self._lines += 1
        if self._lines > self._limits.lines:
            self.problem = f"more than {self._limits.lines} lines"
        if self._first:
            self._first = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            self._dispatch()
            return
        field, _, value = line.partition(b":")
        if not field:  # the line begins with its colon
            self.comments += 1
            return
        value = value.removeprefix(b" ")
        if field == b"data":
            if not self._data:
                self._start = self._line_start
            self._data.append(value)
            self._data_size += len(value) + 1
            if self._data_size > self._limits.event:
                self.problem = f"an event exceeds {self._limits.event} bytes"
        elif field == b"error":  # llama.cpp's own field, which clients pass over
            self._add(Event("error", value, self._line_start))
        elif line.startswith(b"{") and b'"error"' in line[:200]:  # a bare document between events: likewise
            self._add(Event("error", line, self._line_start))
        elif line.startswith(b"{") and len(self.bare) < _KEPT:  # whoever follows the standard passes over it
            self.bare.append((self._line_start, line))
        elif field == b"retry":
            self._retry = True
        elif field == b"id":
            self._id = bool(value)  # it stays for the events that follow
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")

    def _dispatch(self) -> None:
        if self._data:
            self._add(Event(self._name or "message", b"\n".join(self._data), self._start, bool(self._name)))
        elif self._name or self._retry or self._id:
            self.empty.append(self._line_start)
        self._name, self._retry, self._data, self._data_size = "", False, [], 0

    def _add(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) > self._limits.events:
            self.problem = f"more than {self._limits.events} events"


_COMMENTS = 100  # behind the last event are looked through, so that each look at a stream is short
_TAIL = 64  # bytes at the end of which a blank line is looked for


def ends_with(received: bytes | bytearray, kinds: tuple[str, ...]) -> bool:
    """Say whether the last event so far is whole and of one of these kinds, by its event line or the type in its data.

    Comments may come after it, as those that keep a connection alive.
    """
    end = len(received)
    for _ in range(_COMMENTS):
        tail = bytes(received[max(0, end - _TAIL) : end])
        text = tail.rstrip(b"\r\n")
        blank = next((line for line in (b"\n\n", b"\n\r\n", b"\r\r") if tail[len(text) :].endswith(line)), b"")
        if not text or not blank:
            return False
        at = end - len(tail) + len(text)
        before = received.rfind(blank, 0, at)
        end = before + len(blank) if before >= 0 else 0
        block = bytes(received[end:at])
        lines = block.replace(b"\r", b"\n").split(b"\n")
        if not all(line.startswith(b":") for line in lines if line):
            names = {line.partition(b":")[2].strip() for line in lines if line.startswith(b"event:")}
            told = block.replace(b'": "', b'":"')
            return any(kind.encode() in names or f'"type":"{kind}"'.encode() in told for kind in kinds)
    return False


def _find(data: bytes, byte: bytes, start: int) -> int:
    found = data.find(byte, start)
    return found if found >= 0 else len(data)


def read(body: bytes) -> SseReader:
    """A reader that has read the whole of a stream."""
    reader = SseReader()
    reader.feed(body)
    return reader


def read_events(body: bytes) -> tuple[list[Event], bytes, str]:
    """(events, unfinished rest, broken limit or "") of a whole stream."""
    reader = read(body)
    return reader.events, reader.eof(), reader.problem


_FIELD_LINES = (b"data:", b"event:", b"id:", b"retry:", b":")
_LOOKED_AT = 64 * 1024


def behind_events(body: bytes) -> bytes:
    """The words that another hop or a crash left behind the last event of a stream; empty where there are none, or the
    last event is longer than what is looked at.

    A blank line stands before them: what follows a field without one is a piece of that field.
    """
    start = max(len(body) - _LOOKED_AT, 0)
    lines = body[start:].splitlines()
    last = next((at for at in reversed(range(len(lines))) if lines[at].startswith(_FIELD_LINES)), 0)
    whole = last > 0 or (not start and bool(lines) and lines[0].startswith(_FIELD_LINES))
    behind = lines[last + 1 :] if whole else []
    return b"" if not behind or behind[0].strip() else b"\n".join(behind).strip()
