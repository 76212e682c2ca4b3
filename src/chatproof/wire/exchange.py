"""Raw values of one conversation with an endpoint: what was sent, what came back, what stopped it.

Everything here is frozen. Bytes stay bytes: nothing is decoded, redacted or judged in this module.
NamedTuple instead of dataclass: dataclasses pull in `inspect`, which costs more than a whole smoke run's parsing.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from chatproof.values import NamedTuple


class Secret:
    """A value that never prints. `reveal()` is called in one place: where the request head is built.

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

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __len__(self) -> int:
        return len(self.reveal())


def hold_secret(kind: type[Any], field: str, item: "type[Any] | None" = None) -> None:
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
    """An absolute http(s) URL, already checked by `urls.parse_base_url`; `path` has no trailing slash."""

    scheme: str
    host: str  # as resolved: lower case, A-label, IPv6 without brackets
    port: int
    path: str

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == default else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"

    def join(self, suffix: str) -> "Url":
        """This URL with `suffix` (beginning with a slash) appended to its path."""
        return self._replace(path=self.path + suffix)


class Header(NamedTuple):
    """A header that a target wants besides the key's. Its value is a secret: it may be a gateway's own credential."""

    name: str
    value: Secret
    source: str = "given"  # env:NAME
    credential: bool = False  # it lets a request in: left out where the key is


hold_secret(Header, "value")


class Request(NamedTuple):
    """One request as planned. `headers` never holds the credential: that is `credential`, added when sent."""

    method: str
    url: Url
    headers: tuple[tuple[str, str], ...]
    body: bytes
    credential: Secret | None
    credential_header: str  # "Authorization: Bearer", "api-key", …: name, then the scheme if there is one
    summary: str  # for people: "messages_count=1, stream=false"
    credential_tail: str = ""  # follows the credential in its header: white space, when that is what is asked about
    further: tuple[Header, ...] = ()  # what this target wants besides


hold_secret(Request, "credential")


class Arrival(NamedTuple):
    """When a piece of the response body arrived: milliseconds since the request was sent, and its bytes."""

    at_ms: float
    size: int


class Response(NamedTuple):
    """A response as it stood on the wire.

    `headers` keep order and case; `body` is decoded from gzip if that was its coding; `wire_size` counts the
    body's bytes as sent. `excess` is what followed a message that was already complete (at most 64 bytes kept).
    """

    version: str
    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    wire_size: int
    coding: str  # "identity" or "gzip"
    trailers: tuple[tuple[bytes, bytes], ...] = ()
    informational: tuple[int, ...] = ()
    excess: bytes = b""
    arrivals: tuple[Arrival, ...] = ()
    early: tuple[tuple[bytes, bytes], ...] = ()  # header lines of the informational replies
    left_open: bool = False  # a stream ended by its own mark, and the message did not end after it

    def __repr__(self) -> str:
        """Without what the server sent: it may be the key."""
        return f"<Response {self.status}, {len(self.headers)} headers, {len(self.body)} bytes>"

    def values(self, name: bytes) -> list[str]:
        """All values of a header, in order, as latin-1 text (which never fails and loses nothing)."""
        name = name.lower()
        return [value.decode("latin-1").strip() for key, value in self.headers if key.lower() == name]

    def value(self, name: bytes) -> str:
        """The header's first value, or an empty string."""
        return next(iter(self.values(name)), "")


class Fault(NamedTuple):
    """What stopped an exchange. `code` is a diagnosis code; `phase` is where on the way it happened."""

    code: str
    phase: str  # dns, connect, proxy, tls, write, first_byte, headers, body
    detail: str

    def __repr__(self) -> str:
        """Without the detail, which may quote what the server sent."""
        return f"<Fault {self.code} in phase {self.phase}>"


class Timings(NamedTuple):
    """Milliseconds per phase; None for a phase that was not reached."""

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float | None = None


class Certificate(NamedTuple):
    subject: str
    issuer: str
    not_after: str  # RFC 3339 UTC


class Peer(NamedTuple):
    """Whom we really spoke to."""

    address: str
    tls_version: str = ""
    certificate: Certificate | None = None


STATUS, HEADERS, BODY, END = "the status", "the headers", "the body", "the end of the body"
OTHER_HEADERS, ARRIVALS, CONNECTION = "all of the headers", "when the body arrived", "whether the connection was kept"
KEY, REQUEST, MODEL = "the key", "the request", "the model asked for"
"""Parts of an exchange that a capture may not hold; their names are for people."""


class NotCaptured(Exception):
    """What was asked for is not in the capture that this exchange was read from. The text is the part's name."""


class Exchange(NamedTuple):
    """One request with what came back, or the fault that stopped it; both when it stopped half-way.

    `missing` names what of it is unknown because a capture does not hold it; of a live exchange everything is known.
    """

    id: str
    probe: str
    sent_at: str  # RFC 3339 UTC
    request: Request
    response: Response | None
    fault: Fault | None
    timings: Timings = Timings()
    peer: Peer | None = None
    reused: bool = False  # on a connection that an earlier exchange left open
    together: int = 0  # so many requests left at the same moment, this one among them; 0: no burst
    missing: frozenset[str] = frozenset()
