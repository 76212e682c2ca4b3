"""Raw values of one conversation with an endpoint: what was sent, what came back, what stopped it.

Everything here is frozen. Bytes stay bytes: nothing is decoded, redacted or judged in this module.
NamedTuple instead of dataclass: dataclasses pull in `inspect`, which costs more than a whole smoke run's parsing.
"""

from __future__ import annotations

from collections.abc import Callable

from chatproof.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class Secret:
    """A value that never prints.

    - `reveal`: a function that returns the value; called in one place, where the request head is built

    The value is kept out of repr, str, format, pickle, copy, vars and comparison output, so that no traceback,
    debugger view or serialiser shows it by accident. It cannot be wiped from memory; Python has no means to.
    """

    __slots__ = ("reveal",)
    reveal: Callable[[], str]

    def __init__(self, value: str) -> None:
        # In a closure: a slot's value would show in __getstate__ and inspect.getmembers.
        object.__setattr__(self, "reveal", lambda: value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret is immutable")

    def __repr__(self) -> str:
        return "Secret([REDACTED])"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not serialised")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __len__(self) -> int:
        return len(self.reveal())


def hold_secret(kind: type[Any], field: str, item: type[Any] | None = None) -> None:
    """Refuse a text in a field of a named tuple that holds a Secret: it would be printed wherever the tuple is.

    With `item`, the field is a tuple of such values. Both ways to make one are guarded: its call, and `_make`, which
    `_replace` goes through. A traceback with locals prints no argument, misspelt ones included.
    """
    at = kind._fields.index(field)
    new, make = kind.__new__, kind._make.__func__
    needed, fix = "a Secret", f"{field}=Secret(…)"
    if item is not None:
        needed, fix = f"a tuple of {item.__name__}s", f"{field}=({item.__name__}(NAME, Secret(…)),)"
    wrong = f"{kind.__name__}: {field} must be {needed}, so that it is never printed: {fix}"

    def fits(value: Any) -> bool:
        if item is None:
            return value is None or isinstance(value, Secret)
        return isinstance(value, tuple) and all(isinstance(one, item) for one in value)

    def guarded(cls: Any, *args: Any, **named: Any) -> Any:
        said = wrong
        try:
            made = new(cls, *args, **named)
            if fits(made[at]):
                return made
            del made
        except TypeError as error:
            said = str(error)
        del args, named
        raise TypeError(said)  # out of the handler: the other error's frames hold the arguments, too

    def remade(cls: Any, values: Any) -> Any:
        said = wrong
        try:
            made = make(cls, values)
            if fits(made[at]):
                return made
            del made
        except TypeError as error:
            said = str(error)
        del values
        raise TypeError(said)

    for replacement, original in ((guarded, new), (remade, make)):
        replacement.__doc__ = original.__doc__
        replacement.__wrapped__ = original  # type: ignore[attr-defined]  # for inspect.signature and help
    kind.__new__ = guarded  # type: ignore[assignment]
    kind._make = classmethod(remade)


class Url(NamedTuple):
    """An absolute http(s) URL, already checked by `urls.parse_base_url`.

    - `scheme`: http or https
    - `host`: as resolved: lower case, A-label, IPv6 without brackets
    - `port`: 1 to 65535
    - `path`: without a trailing slash
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """The host, in brackets for IPv6, with the port unless it is the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == default else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """The scheme, host and port: a key is sent to one origin only."""
        return f"{self.scheme}://{self.netloc}"

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"

    def join(self, suffix: str) -> Url:
        """Append `suffix` (beginning with a slash) to the path and return the new URL."""
        return self._replace(path=self.path + suffix)


class Header(NamedTuple):
    """A further header that a target needs.

    - `name`: the header's name
    - `value`: its value, a Secret: it may be a gateway's own credential
    - `source`: where the value is from: env:NAME, or given
    - `credential`: true if it lets a request in: it is then left out whenever the key is
    """

    name: str
    value: Secret
    source: str = "given"
    credential: bool = False


hold_secret(Header, "value")


class Request(NamedTuple):
    """One request as planned.

    - `method`, `url`, `body`: as sent
    - `headers`: names and values in order, never with the credential
    - `credential`: the key, added when the request is sent; None for a request without a key
    - `credential_header`: the header's name, then the scheme if there is one: "Authorization: Bearer", "api-key"
    - `summary`: for people: "messages_count=1, stream=false"
    - `credential_tail`: white space after the credential in its header, if that is what the probe tests
    - `further`: further headers that this target needs
    """

    method: str
    url: Url
    headers: tuple[tuple[str, str], ...]
    body: bytes
    credential: Secret | None
    credential_header: str
    summary: str
    credential_tail: str = ""
    further: tuple[Header, ...] = ()


hold_secret(Request, "credential")


class Arrival(NamedTuple):
    """The arrival of a piece of the response body.

    - `at_ms`: milliseconds since the request was sent
    - `size`: bytes of the piece
    """

    at_ms: float
    size: int


class Response(NamedTuple):
    """A response as it was on the wire.

    - `version`, `status`, `reason`: the status line: HTTP version, status code, reason phrase
    - `headers`, `trailers`: names and values, in order and case as sent
    - `body`: decoded if its coding was gzip
    - `wire_size`: bytes of the body as sent
    - `coding`: "identity" or "gzip"
    - `informational`, `early`: the statuses of 1xx replies, and their header lines
    - `excess`: bytes after the complete message, at most 64
    - `arrivals`: the pieces of the body with their times
    - `left_open`: true if a stream ended by its own mark and the HTTP message did not end after it
    - `bare_lines`: lines of heads that ended with LF alone, blank lines, 1xx replies and trailers among them;
      None if no head was read as bytes
    - `folded_lines`: lines of heads that go on with the header before, those of 1xx replies and trailers among them
    """

    version: str
    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    wire_size: int
    coding: str
    trailers: tuple[tuple[bytes, bytes], ...] = ()
    informational: tuple[int, ...] = ()
    excess: bytes = b""
    arrivals: tuple[Arrival, ...] = ()
    early: tuple[tuple[bytes, bytes], ...] = ()
    left_open: bool = False
    bare_lines: int | None = None
    folded_lines: int = 0

    def __repr__(self) -> str:
        """Without what the server sent: it may be the key."""
        return f"<Response {self.status}, {len(self.headers)} headers, {len(self.body)} bytes>"

    def values(self, name: bytes) -> list[str]:
        """Return all values of a header, in order, as latin-1 text (which never fails and loses nothing)."""
        name = name.lower()
        return [value.decode("latin-1").strip() for key, value in self.headers if key.lower() == name]

    def value(self, name: bytes) -> str:
        """Return the header's first value, or an empty string."""
        return next(iter(self.values(name)), "")


class Fault(NamedTuple):
    """The fault that stopped an exchange.

    - `code`: a diagnosis code such as `net.read_timeout`
    - `phase`: dns, connect, proxy, tls, write, first_byte, headers, body, or client (the user's own)
    - `detail`: a sentence about it; it may quote what the server sent
    - `untold`: true where a capture holds no reply, and gives no reason for it or one that is not known here
    """

    code: str
    phase: str
    detail: str
    untold: bool = False

    def __repr__(self) -> str:
        """Without the detail, which may quote what the server sent."""
        return f"<Fault {self.code} in phase {self.phase}>"


class Timings(NamedTuple):
    """Times of one exchange in milliseconds; None for a phase that was not reached.

    - `dns`, `connect`, `tls`: how long each phase took
    - `first_byte`: milliseconds from the start to the first byte of the reply
    - `total`: milliseconds from the start to the last byte
    """

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float | None = None


class Certificate(NamedTuple):
    """The server's certificate.

    - `subject`, `issuer`: whom it is for, and who signed it
    - `not_after`: its last moment, RFC 3339 UTC
    """

    subject: str
    issuer: str
    not_after: str


class Peer(NamedTuple):
    """The machine at the other end of the connection.

    - `address`: its IP address
    - `tls_version`: such as TLSv1.3; empty for plain http
    - `certificate`: None for plain http
    """

    address: str
    tls_version: str = ""
    certificate: Certificate | None = None


STATUS, HEADERS, BODY, END = "the status", "the headers", "the body", "the end of the body"
OTHER_HEADERS, ARRIVALS, CONNECTION = "all of the headers", "when the body arrived", "whether the connection was kept"
KEY, REQUEST, MODEL = "the key", "the request", "the requested model"
ASKED = "what the request asked for"
STATUS_LINE = "the status line"  # the status is known, from what the body is, and was not seen
"""Parts of an exchange that a capture may not hold; their names are for people."""


class NotCaptured(Exception):
    """What was asked for is not in the capture that this exchange was read from. The text is the part's name."""


class Exchange(NamedTuple):
    """One request with its reply, or with the fault that stopped it; with both if it stopped half-way.

    - `id`: its name within the run: x1, x2, …
    - `probe`: the probe that was sent
    - `sent_at`: RFC 3339 UTC
    - `request`, `response`, `fault`: what was sent, what arrived, and what stopped it
    - `timings`: milliseconds of each phase
    - `peer`: the machine that answered; None if there was no connection
    - `reused`: true on a connection that an earlier exchange left open
    - `together`: the number of requests sent at the same moment, this one included; 0 without a burst
    - `missing`: names of parts that a capture does not contain; empty for a live exchange
    """

    id: str
    probe: str
    sent_at: str
    request: Request
    response: Response | None
    fault: Fault | None
    timings: Timings = Timings()
    peer: Peer | None = None
    reused: bool = False
    together: int = 0
    missing: frozenset[str] = frozenset()
