"""The client's side of one HTTP/1.1 conversation, without I/O: bytes in, a Response or a Fault out.

Every limit on what a server may send lives here. The head is cut out by us (so that its raw bytes, order and case
stay evidence) and checked by llhttp; chunks are decoded in chunked.py. The answer is the same however the bytes are
cut. A message that two readers could understand in two ways (RFC 9112 section 6.3: both lengths, several lengths,
unknown transfer codings) is a fault, never a guess.
"""

from chatproof.printable import snippet
from chatproof.wire.exchange import Arrival, Fault, Response
from chatproof.wire.message import (
    Limits,
    Refusal,
    coding,
    decode,
    folded,
    head_end,
    header_lines,
    llhttp_words,
    may_be_http,
    not_http,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatproof.wire.chunked import Chunked

EXCESS_KEPT = 64
_PRINTED = bytes(range(0x20, 0x7F))
_OF_LENGTH = (b"content-length", b"transfer-encoding")
_NAME = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
BODYLESS = (204, 304)


class _Ignore:
    """Callbacks for a head that is only being checked: llhttp wants an object, we want its verdict."""


class ResponseReader:
    """Reads one response to a request with `method`. Feed bytes, then `eof()`; look at `complete` and `fault`.

    `last_events` are the kinds of event with which a stream of this API ends.
    """

    def __init__(self, method: str = "POST", limits: Limits = Limits(), last_events: tuple[str, ...] = ()) -> None:
        self.limits = limits
        self.last_events = last_events
        self.complete = False
        self.settled = False
        self.fault: Fault | None = None
        self.received = 0
        self._method = method
        self._buffer = bytearray()
        self._searched = 0
        self._head: tuple[str, int, bytes, tuple[tuple[bytes, bytes], ...]] | None = None
        self._informational: list[int] = []
        self._early: list[tuple[bytes, bytes]] = []
        self._coding: str  # of the content, once there is a head; empty: none
        self._expected: int | None = None  # declared length; None: until the connection closes
        self._chunks: Chunked | None = None
        self._wire = bytearray()
        self._wire_size = 0
        self._excess = b""
        self._arrivals: list[Arrival] = []
        self._decoded: bytes | None = None
        self._bare_lines = 0  # of heads, early ones among them
        self._folded_lines = 0

    @property
    def phase(self) -> str:
        if self._head is not None:
            return "body"
        return "headers" if self.received else "first_byte"

    @property
    def progress(self) -> str:
        """How much has come: bytes in all, or of the body, with its announced length."""
        if self._head is None:
            return f"{self.received} bytes"
        if self._expected is None:
            return f"{self._wire_size} bytes of the body"
        return f"{self._wire_size} of {self._expected} bytes of the body"

    @property
    def ends_with_the_connection(self) -> bool:
        """A body has begun whose end only the connection's end will tell."""
        return self._head is not None and not self.complete and self._chunks is None and self._expected is None

    @property
    def at_end_mark(self) -> bool:
        """The body is a stream of events, and `[DONE]` is the last that came of it: SDKs read no further."""
        tail = bytes(self._received[-64:]).rstrip(b"\r\n \t")
        return tail.endswith((b"\ndata: [DONE]", b"\ndata:[DONE]")) and self._is_stream

    @property
    def at_last_event(self) -> bool:
        """The body is a stream of events, and the last of them so far ends an answer; SDKs read on."""
        if not self.last_events or not self._received or not self._is_stream:
            return False
        from chatproof.wire.sse import ends_with

        return ends_with(self._received, self.last_events)

    @property
    def _received(self) -> bytearray:
        """What came of a body that has not ended."""
        if self._head is None or self.complete or self.fault is not None:
            return bytearray()
        return self._chunks.content if self._chunks else self._wire

    @property
    def _is_stream(self) -> bool:
        return self._head is not None and any(
            name.lower() == b"content-type" and b"event-stream" in value.lower() for name, value in self._head[3]
        )

    def settle(self) -> None:
        """Take the message as whole though its framing has not ended: a stream that ended by its own mark."""
        self.settled = True
        self._finish()

    @property
    def stays_open(self) -> bool:
        """The message is whole and the server has not announced that it closes the connection (RFC 9112 9.3)."""
        if self._head is None or not self.complete or self.settled or self._excess:
            return False
        if self._chunks is None and self._expected is None:
            return False
        version, _, _, headers = self._head
        said = b",".join(value for name, value in headers if name.lower() == b"connection").lower()
        tokens = [token.strip() for token in said.split(b",")]
        return b"close" not in tokens and (version == "1.1" or b"keep-alive" in tokens)

    def feed(self, data: bytes, at_ms: float = 0.0) -> None:
        """Take bytes from the wire. After `complete` they count as excess; after a fault they are ignored."""
        self.received += len(data)
        if self.fault is not None:
            return
        try:
            rest = self._feed_head(data) if self._head is None else data
            if rest:
                self._deliver(rest, at_ms)
        except Refusal as failure:
            self.fault = failure.fault

    def _deliver(self, data: bytes, at_ms: float) -> None:
        if self.complete:
            self._keep_excess(data)
            return
        # A body that comes byte by byte has very many arrivals. The first and the last of them say when it came.
        if len(self._arrivals) == self.limits.arrivals:
            self._arrivals.pop()
        self._arrivals.append(Arrival(at_ms, len(data)))
        self._feed_body(data)

    def eof(self) -> None:
        """The server closed its side."""
        if self.complete or self.fault is not None:
            return
        if self.at_end_mark and not self.ends_with_the_connection:  # SDKs have read all they want
            self.settle()
        elif self._head is None:
            if not self.received:
                self.fault = Fault("net.closed", "first_byte", "closed without a reply, 0 bytes received")
            else:
                seen = f"closed inside the header block after {self.received} bytes"
                self.fault = Fault("http.malformed", "headers", seen)
        elif self._chunks is not None:
            self.fault = Fault(
                "http.incomplete_body",
                "body",
                f"closed before the last chunk; {len(self._chunks.content)} bytes of content received",
            )
        elif self._expected is not None:
            detail = f"received {self._wire_size} of {self._expected} bytes announced by Content-Length"
            self.fault = Fault("http.incomplete_body", "body", detail)
        else:
            try:
                self._finish()
            except Refusal as failure:
                self.fault = failure.fault

    def response(self) -> Response | None:
        """The response so far; None before a header block was read. Only final when `complete` and no fault."""
        if self._head is None:
            return None
        version, status, reason, headers = self._head
        body = self._decoded
        if body is None:
            body = bytes(self._chunks.content if self._chunks else self._wire)
        return Response(
            version,
            status,
            reason,
            headers,
            body,
            self._wire_size,
            self._coding or "identity",
            self._chunks.trailers if self._chunks else (),
            tuple(self._informational),
            self._excess,
            tuple(self._arrivals),
            tuple(self._early),
            self.settled,
            self._bare_lines + (self._chunks.bare_lines if self._chunks else 0),
            self._folded_lines + (self._chunks.folded_lines if self._chunks else 0),
        )

    # -- head ---------------------------------------------------------------------------------------------

    def _feed_head(self, data: bytes) -> bytes:
        self._buffer += data
        while self._head is None:
            if self._buffer[:5] != b"HTTP/":
                if may_be_http(self._buffer):
                    return b""
                raise not_http(bytes(self._buffer))
            size, length = head_end(self._buffer, self._searched)
            self._searched = len(self._buffer) - 3  # the blank line may be split
            if size > self.limits.head:
                raise Refusal("limit.size", "headers", f"header block exceeds {self.limits.head} bytes")
            if not length:
                return b""
            head, rest = bytes(self._buffer[:size]), bytes(self._buffer[size + length :])
            ended = bytes(self._buffer[: size + length])
            self._bare_lines += ended.count(b"\n") - ended.count(b"\r\n")
            self._buffer, self._searched = bytearray(rest), 0
            self._take_head(head)
        self._buffer.clear()
        return rest

    def _take_head(self, head: bytes) -> None:
        lines = head.split(b"\n")
        start = lines[0].rstrip(b"\r")
        version, _, rest = start.partition(b" ")
        status, _, reason = rest.partition(b" ")
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise Refusal("http.malformed", "headers", f"unsupported version {snippet(version, 20)}")
        if len(status) != 3 or not status.isdigit() or not b"100" <= status <= b"599":
            raise Refusal("http.malformed", "headers", f"bad status code {snippet(status, 20)}")
        headers = header_lines(lines[1:])
        self._folded_lines += folded(lines[1:])
        if len(headers) > self.limits.headers:
            raise Refusal("limit.size", "headers", f"more than {self.limits.headers} header lines")
        code = int(status)
        if code == 101:
            raise Refusal("http.malformed", "headers", "101 Switching Protocols, which was not asked for")
        if code < 200:
            self._informational.append(code)
            self._early += headers
            if len(self._informational) > self.limits.informational:
                detail = f"more than {self.limits.informational} informational replies"
                raise Refusal("limit.size", "headers", detail)
            return
        framing = self._framing(headers, code)
        _check_head(start, headers)
        if framing == "chunked":
            from chatproof.wire.chunked import Chunked

            self._chunks = Chunked(self.limits)
        self._coding = coding(headers)
        self._head = (version.decode().removeprefix("HTTP/"), code, reason, headers)
        if framing == "none" or self._expected == 0:
            self._finish()

    def _framing(self, headers: tuple[tuple[bytes, bytes], ...], status: int) -> str:
        """RFC 9112 section 6.3. Sets the expected length, or prepares for chunks."""
        transfer = [value for name, value in headers if name.lower() == b"transfer-encoding"]
        lengths = [value for name, value in headers if name.lower() == b"content-length"]
        if self._method == "HEAD" or status in BODYLESS:
            return "none"
        if transfer and lengths:
            both = f"Content-Length {snippet(lengths[0], 20)} and Transfer-Encoding {snippet(transfer[0], 40)}"
            raise Refusal("http.framing", "headers", f"two lengths for one body: {both}")
        if transfer:
            if [value.lower() for value in transfer] != [b"chunked"]:
                joined = snippet(b", ".join(transfer), 60)
                raise Refusal("http.framing", "headers", f"unknown Transfer-Encoding {joined}")
            return "chunked"
        if not lengths:
            return "close"
        # A list of equal lengths is one length (RFC 9110 section 8.6); anything else is two messages in one.
        values = {part.strip() for value in lengths for part in value.split(b",")}
        if len(values) > 1:
            shown = " and ".join(sorted(snippet(value, 20) for value in values)[:3])
            raise Refusal("http.framing", "headers", f"several Content-Length values: {shown}")
        value = values.pop()
        if not value.isdigit() or len(value) > 18:
            what = f"{len(value)} digits" if value.isdigit() else snippet(value, 20)
            raise Refusal("http.framing", "headers", f"bad Content-Length: {what}")
        self._expected = int(value)
        if self._expected > self.limits.body:
            detail = f"Content-Length {self._expected} exceeds the limit of {self.limits.body} bytes"
            raise Refusal("limit.size", "headers", detail)
        return "length"

    # -- body ---------------------------------------------------------------------------------------------

    def _feed_body(self, data: bytes) -> None:
        if self._chunks is not None:
            self._feed_chunks(self._chunks, data)
            return
        if self._expected is not None:
            room = self._expected - self._wire_size
            self._keep(data[:room])
            self._keep_excess(data[room:])
            if self._wire_size == self._expected:
                self._finish()
            return
        room = self.limits.body - self._wire_size
        self._keep(data[:room])
        if len(data) > room:
            raise Refusal("limit.size", "body", f"body exceeds {self.limits.body} bytes on the wire")

    def _keep(self, data: bytes) -> None:
        self._wire_size += len(data)
        self._wire += data

    def _feed_chunks(self, chunks: "Chunked", data: bytes) -> None:
        try:
            taken = chunks.feed(data)
        finally:
            self._wire_size = chunks.wire_size
        if chunks.complete:
            said = _refused(b"HTTP/1.1 200 OK", [*chunks.trailers])
            if said:
                raise Refusal("http.malformed", "body", f"trailers: {said}")
            self._keep_excess(data[taken:])
            self._finish()

    def _keep_excess(self, data: bytes) -> None:
        self._excess = (self._excess + data)[:EXCESS_KEPT]
        assert self._head is not None
        if self._excess.strip(b"\r\n") and self._head[1] not in BODYLESS and self._method != "HEAD":
            # A stray line end after a message is old practice (RFC 9112 section 2.2) and hurts nobody.
            said = "bytes follow the complete message"
            self.fault = Fault("http.framing", "body", f"{said}, beginning {snippet(self._excess, 40)}")

    def _finish(self) -> None:
        self.complete = True
        if self._coding:
            raw = bytes(self._chunks.content if self._chunks else self._wire)
            self._decoded = decode(self._coding, raw, self.limits) if raw else None


def _check_head(status_line: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """Let llhttp refuse what is not HTTP. Lengths are judged by us: it would refuse even repeated equal ones, which
    RFC 9110 allows."""
    kept = [(name, value) for name, value in headers if name.lower() not in _OF_LENGTH]
    said = _refused(status_line, kept)
    if said:
        guilty = next((name for name, value in kept if _refused(b"HTTP/1.1 200 OK", [(name, value)])), b"")
        where = f" in {snippet(guilty, 40)}" if guilty else ""
        raise Refusal("http.malformed", "headers", said + where)


def _refused(first_line: bytes, headers: list[tuple[bytes, bytes]]) -> str:
    """Why llhttp takes this for no head; empty when it does."""
    return "" if is_plain(first_line, headers) else said_by_llhttp(first_line, headers)


def is_plain(first_line: bytes, headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether it is a head as nearly all are, which llhttp takes for certain: a good run need not load it."""
    return (
        first_line.startswith(b"HTTP/1.1 ")
        and first_line[9:10] != b"1"
        and first_line[9:12].isdigit()
        and first_line[12:13] == b" "
        and not first_line.translate(None, _PRINTED)
        and all(name and not name.translate(None, _NAME) for name, _ in headers)
        and not any(value.translate(None, _PRINTED) or name.lower() in _OF_LENGTH for name, value in headers)
    )


def said_by_llhttp(first_line: bytes, headers: list[tuple[bytes, bytes]]) -> str:
    """The words with which llhttp refuses a head; empty when it takes it."""
    import httptools

    parser = httptools.HttpResponseParser(_Ignore())
    try:
        parser.feed_data(b"\r\n".join([first_line, *(name + b":" + value for name, value in headers), b"", b""]))
    except httptools.HttpParserUpgrade:
        pass  # an Upgrade header on a plain reply; without 101 it changes nothing
    except httptools.HttpParserError as error:
        return llhttp_words(error)
    return ""
