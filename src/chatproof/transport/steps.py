"""The steps of an exchange as values, each with its deadline, and what every driver of them shares.

`conversation` yields steps and decides by their answers; a driver carries them out. Whatever the network does is
answered as the value or the OSError that a socket gives: a driver decides nothing. docs/decisions/0051 has the reasons.
"""

import errno

from chatproof.printable import escape
from chatproof.values import NamedTuple
from chatproof.wire.exchange import Fault, Request, Secret
from chatproof.wire.message import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator
    from typing import Any, TypeVar

    _T = TypeVar("_T")
    Step = "Resolve | Connect | Handshake | Send | Receive | Take | Close | Once"
    Steps = Generator[Any, Any, _T]  # yields each Step, gets its answer, returns what was found


# Plain classes: one of them costs a third of a NamedTuple to define, at each start.


class Resolve:
    """Find the addresses of a host. Answer: list of Address; socket.gaierror, or TimeoutError after `until`.

    `until`, here and below, is a moment of the monotonic clock, in seconds.
    """

    __slots__ = ("host", "port", "until")

    def __init__(self, host: str, port: int, until: float) -> None:
        self.host, self.port, self.until = host, port, until


class Connect:
    """Open a connection, which the steps below use from then on. Answer: when it was open; OSError, TimeoutError."""

    __slots__ = ("address", "family", "until")

    def __init__(self, family: int, address: "tuple[object, ...]", until: float) -> None:
        self.family, self.address, self.until = family, address, until


class Handshake:
    """Speak TLS from here on. Answer: (version, verified certificate or None); ssl.SSLError or another OSError."""

    __slots__ = ("context", "host", "until")

    def __init__(self, context: "Callable[[], ssl.SSLContext]", host: str, until: float) -> None:
        self.context, self.host, self.until = context, host, until


class Send:
    """Send all of what `data` makes; it may hold the key, so no step and no variable does. Answer: None; OSError."""

    __slots__ = ("data", "until")

    def __init__(self, data: "Callable[[], bytes]", until: float) -> None:
        self.data, self.until = data, until


class Receive:
    """Wait for bytes. Answer: (at most so many bytes, when they were seen); no bytes: the server closed; OSError."""

    __slots__ = ("most", "until")

    def __init__(self, most: int, until: float) -> None:
        self.most, self.until = most, until


class Take:
    """Take what has arrived already, and wait for nothing. Answer: bytes, none where there are none."""

    __slots__ = ("most",)

    def __init__(self, most: int) -> None:
        self.most = most


class Close:
    """End the connection. Answer: None."""

    __slots__ = ()


class Once:
    """Do these steps once for a run, on a connection of their own. Answer: the text that they return.

    `key` is of whom and what is asked.
    """

    __slots__ = ("key", "steps")

    def __init__(self, key: "tuple[str, int, str]", steps: "Callable[[], Steps[str]]") -> None:
        self.key, self.steps = key, steps


_UNREACHABLE = (
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.EHOSTDOWN,
    errno.EADDRNOTAVAIL,
    errno.EACCES,
    errno.EPERM,
)


class Proxy(NamedTuple):
    host: str
    port: int
    credential: "Secret | None"  # the Proxy-Authorization value


class Options(NamedTuple):
    """How exchanges are carried. `timeout` is in seconds and holds for each exchange as a whole."""

    timeout: float = 30.0
    limits: Limits = Limits()
    tls: "Callable[[], ssl.SSLContext] | None" = None
    proxy: Proxy | None = None
    allow_http: bool = False  # to another machine
    in_container: bool = False  # and the endpoint is on this machine, as its host says
    last_events: tuple[str, ...] = ()  # the kinds of event with which a stream of the API ends


class Stopped(Exception):
    def __init__(self, code: str, phase: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(code, phase, detail)


class EndlessTls(OSError):
    """A server sent more in TLS than any handshake needs, and no data in it."""


class KeepAliveRequest(NamedTuple):
    """One of several requests that go over one connection."""

    request: Request
    probe: str
    id: str


def wire(request: Request, *, close: bool = True) -> bytes:
    """The request's bytes. The one place where the key is revealed. Raises ValueError without the value."""
    url = request.url
    lines = [f"{request.method} {url.path or '/'} HTTP/1.1", f"Host: {url.netloc}"]
    secret = request.credential
    if secret is not None and not _fits_a_header(secret):
        raise ValueError("the credential has characters that no header may carry")
    if not all(_fits_a_header(header.value, _VALUE) for header in request.further):
        raise ValueError("a header has characters that no header may carry")
    lines += [f"{name}: {value}" for name, value in request.headers]
    lines.append("Accept-Encoding: identity")
    if request.method != "GET":
        lines.append(f"Content-Length: {len(request.body)}")
    lines += [*(("Connection: close",) if close else ()), "", ""]
    name, _, scheme = request.credential_header.partition(":")
    start = f"{name}: {scheme.strip()} " if scheme.strip() else f"{name}: "
    # Revealed last and kept in no variable: whatever fails above shows no key in a traceback with locals.
    return (
        b"\r\n".join(
            ["\r\n".join(lines[:2]).encode("ascii")]
            + ([(start + secret.reveal() + request.credential_tail).encode("ascii")] if secret is not None else [])
            + [(f"{header.name}: {header.value.reveal()}").encode("ascii") for header in request.further]
            + ["\r\n".join(lines[2:]).encode("ascii")]
        )
        + request.body
    )


def connect_head(target: str, credential: "Secret | None") -> bytes:
    """The password is kept in no variable here either."""
    return (
        f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n".encode("ascii")
        + (f"Proxy-Authorization: {credential.reveal()}\r\n".encode("ascii") if credential else b"")
        + b"\r\n"
    )


_CREDENTIAL = frozenset(map(chr, range(0x21, 0x7F)))
_VALUE = _CREDENTIAL | {"\t", " "}


def _fits_a_header(secret: Secret, characters: frozenset[str] = _CREDENTIAL) -> bool:
    return characters.issuperset(secret.reveal())


def connect_failure(error: OSError, where: str, seconds: float) -> Stopped:
    if isinstance(error, TimeoutError):
        return Stopped("net.connect_timeout", "connect", f"{where}: no answer within {max(seconds, 0):.1f} s")
    if isinstance(error, ConnectionRefusedError):
        return Stopped("net.refused", "connect", f"{where}: connection refused")
    code = "net.unreachable" if error.errno in _UNREACHABLE else "net.reset"
    return Stopped(code, "connect", f"{where}: {os_words(error)}")


def os_words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    return escape(error.strerror or type(error).__name__).lower()
