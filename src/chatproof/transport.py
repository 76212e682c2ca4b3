"""The only place with network I/O: a request goes out, an Exchange comes back. Remote misbehaviour is a value.

Blocking driver: one thread, one fresh connection, one request. The deadline is monotonic and covers everything from
name resolution to the last byte. Redirects are not followed, nothing is retried, nothing is read from netrc, proxy
variables or cookies. An asyncio driver shares `wire`, `ResponseReader` and the faults below.
"""

import errno
import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from chatproof import clock
from chatproof.exchange import Certificate, Exchange, Fault, Peer, Request, Secret, Timings
from chatproof.http1 import ResponseReader
from chatproof.message_parts import Limits
from chatproof.printable import escape, snippet
from chatproof.resolver import Address, Resolver

if TYPE_CHECKING:
    import ssl

CONNECT_SHARE = 0.5  # of the time allowed: a silent firewall must not look like a slow answer
_UNREACHABLE = (
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.EHOSTDOWN,
    errno.EADDRNOTAVAIL,
    errno.EACCES,
    errno.EPERM,
)
_SECOND_LOOK = 3.0  # seconds at most for a look at what a refused handshake did not show
_PROXY_HEAD = 8 * 1024  # bytes of a proxy's answer to CONNECT, read one by one


class Proxy(NamedTuple):
    host: str
    port: int
    credential: Secret | None  # the Proxy-Authorization value


class Options(NamedTuple):
    """How exchanges are carried. `timeout` is in seconds and holds for each exchange as a whole."""

    timeout: float = 30.0
    limits: Limits = Limits()
    tls: Callable[[], "ssl.SSLContext"] | None = None  # a quoted whole would be compiled at each start
    proxy: Proxy | None = None


class _Stopped(Exception):
    def __init__(self, code: str, phase: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(code, phase, detail)


def send(request: Request, probe: str, id: str, options: Options, resolver: Resolver) -> Exchange:
    """Carry one exchange. Never raises for what a network or server does."""
    return _Conversation(request, options, resolver).run(probe, id)


class Leg(NamedTuple):
    """One of several requests that go over one connection."""

    request: Request
    probe: str
    id: str


def send_in_turn(legs: Sequence[Leg], options: Options, resolver: Resolver) -> list[Exchange]:
    """Carry exchanges one after another, on one connection as long as the server keeps it open.

    A server that announces the end of a connection gets a new one for the next request. Nothing is sent twice.
    """
    exchanges: list[Exchange] = []
    left: tuple[socket.socket, Peer] | None = None
    for number, leg in enumerate(legs):
        conversation = _Conversation(leg.request, options, resolver, left, keep=number < len(legs) - 1)
        exchanges.append(conversation.run(leg.probe, leg.id))
        left = conversation.left
    return exchanges


class _Conversation:
    def __init__(
        self,
        request: Request,
        options: Options,
        resolver: Resolver,
        open_socket: "tuple[socket.socket, Peer] | None" = None,
        *,
        keep: bool = False,
    ) -> None:
        self.request = request
        self.keep = keep
        self.reused = open_socket is not None
        self.left: tuple[socket.socket, Peer] | None = None  # an open connection for the next request
        self.options = options
        self.resolver = resolver
        self.reader = ResponseReader(request.method, options.limits)
        self.timings = Timings()
        self.socket: socket.socket | None = open_socket[0] if open_socket else None
        self.peer: Peer | None = open_socket[1] if open_socket else None
        self.started = time.monotonic()
        self.sent_at = self.started
        self.last_byte = self.started

    def run(self, probe: str, id: str) -> Exchange:
        sent_at = clock.utc()
        fault: Fault | None = None
        try:
            sock = self.socket or self._open()
            if self.reused:
                self._look_for_early_bytes(sock)
            self._write(sock)
            self._read(sock)
            fault = self.reader.fault
        except _Stopped as stopped:
            fault = self.reader.fault or stopped.fault
        finally:
            if self.keep and fault is None and self.reader.stays_open and self.socket and self.peer:
                self.left = (self.socket, self.peer)
            elif self.socket is not None:
                self.socket.close()
        self._time(total=self._elapsed(self.started))
        response = self.reader.response()
        return Exchange(id, probe, sent_at, self.request, response, fault, self.timings, self.peer, self.reused)

    # -- time ---------------------------------------------------------------------------------------------

    def _remaining(self) -> float:
        return self.started + self.options.timeout - time.monotonic()

    def _elapsed(self, since: float) -> float:
        return round((time.monotonic() - since) * 1000, 1)

    def _time(self, **phase: float) -> None:
        self.timings = self.timings._replace(**phase)

    # -- opening ------------------------------------------------------------------------------------------

    def _open(self) -> socket.socket:
        proxy = self.options.proxy
        url = self.request.url
        host, port = (proxy.host, proxy.port) if proxy else (url.host, url.port)
        try:
            sock = self._connect(self._resolve(host, port))
        except _Stopped as stopped:
            if proxy is None:
                raise
            # Not the endpoint's fault, and not the base URL's.
            detail = f"the proxy cannot be reached: {stopped.fault.code}: {stopped.fault.detail}"
            raise _Stopped("net.proxy", "proxy", detail) from None
        if proxy:
            self._through(sock, proxy)
        return self._handshake(sock) if url.scheme == "https" else sock

    def _resolve(self, host: str, port: int) -> list[Address]:
        begun = time.monotonic()
        try:
            return self.resolver.resolve(host, port, max(self._remaining(), 0))
        except TimeoutError:
            raise _Stopped("net.dns", "dns", f"no answer within {self.options.timeout:g} s") from None
        except OSError as error:
            said = error.strerror or "resolution failed"
            raise _Stopped("net.dns", "dns", f"{escape(host)}: {said} ({error.errno})") from None
        finally:
            self._time(dns=self._elapsed(begun))

    def _connect(self, addresses: list[Address]) -> socket.socket:
        begun = time.monotonic()
        until = begun + self._remaining() * CONNECT_SHARE
        failure = _Stopped("net.dns", "dns", "no address")
        try:
            for number, (family, address) in enumerate(addresses):
                share = (until - time.monotonic()) / (len(addresses) - number)
                where = f"{address[0]} port {address[1]}"
                sock = socket.socket(family, socket.SOCK_STREAM)
                try:
                    sock.settimeout(max(share, 0.001))
                    sock.connect(address)
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.peer, self.socket = Peer(str(address[0])), sock
                    return sock
                except OSError as error:
                    sock.close()
                    failure = _connect_failure(error, where, share)
            raise failure
        finally:
            self._time(connect=self._elapsed(begun))

    def _through(self, sock: socket.socket, proxy: Proxy) -> None:
        """Ask the proxy for a tunnel. The key is not part of this conversation."""
        url = self.request.url
        target = f"[{url.host}]:{url.port}" if ":" in url.host else f"{url.host}:{url.port}"
        reader = ResponseReader("HEAD", self.options.limits._replace(head=_PROXY_HEAD))
        try:
            sock.settimeout(max(self._remaining(), 0.001))
            sock.sendall(_connect_head(target, proxy.credential))
            while not reader.complete and reader.fault is None:
                if self._remaining() <= 0:
                    raise TimeoutError
                sock.settimeout(self._remaining())
                data = sock.recv(1)  # not a byte of what follows the head may be taken
                if data:
                    reader.feed(data)
                else:
                    reader.eof()
        except OSError as error:
            raise _Stopped("net.proxy", "proxy", f"the proxy: {_os_words(error)}") from None
        response = reader.response()
        if reader.fault or response is None:
            detail = reader.fault.detail if reader.fault else "no reply"
            raise _Stopped("net.proxy", "proxy", f"the proxy: {detail}")
        if not 200 <= response.status < 300:
            raise _Stopped("net.proxy", "proxy", f"the proxy answers CONNECT with HTTP {response.status}")

    def _handshake(self, sock: socket.socket) -> socket.socket:
        import ssl

        from chatproof import tls

        begun = time.monotonic()
        made = self.options.tls() if self.options.tls else tls.context()
        try:
            sock.settimeout(max(self._remaining(), 0.001))
            self.socket = wrapped = made.wrap_socket(
                sock,
                server_hostname=self.request.url.host.encode("ascii"),  # as bytes, for the reason given in Resolver
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,  # a cut connection must not look like the end of a body
            )
            wrapped.do_handshake()
        except TimeoutError:
            raise _Stopped("limit.deadline", "tls", f"handshake not done after {self.options.timeout:g} s") from None
        except ssl.SSLError as error:
            found = tls.fault(error)
            shown = self.resolver.once(self.request.url.host, self.request.url.port, self._shown)
            raise _Stopped(found.code, found.phase, f"{found.detail}; {shown}" if shown else found.detail) from None
        except OSError as error:
            raise _Stopped("net.reset", "tls", _os_words(error)) from None
        finally:
            self._time(tls=self._elapsed(begun))
        assert self.peer is not None
        found_certificate: Certificate | None = tls.certificate(wrapped)
        self.peer = Peer(self.peer.address, wrapped.version() or "", found_certificate)
        return wrapped

    def _shown(self) -> str:
        """What the server shows in a handshake that is not verified and leads nowhere. Bounded by the deadline."""
        from chatproof import tls_evidence

        until = min(self._remaining(), _SECOND_LOOK)
        begun, before = time.monotonic(), (self.timings, self.socket, self.peer)
        url, proxy = self.request.url, self.options.proxy
        try:
            sock = self._connect(self._resolve(proxy.host if proxy else url.host, proxy.port if proxy else url.port))
            with sock:
                if proxy:
                    self._through(sock, proxy)

                def talk(data: bytes) -> bytes:
                    left = begun + until - time.monotonic()
                    if left <= 0:  # a server that sends byte by byte would buy time with each of them
                        raise TimeoutError
                    sock.settimeout(left)
                    sock.sendall(data)
                    return sock.recv(16384)

                return tls_evidence.look(url.host, talk)
        except (OSError, _Stopped):
            return ""
        finally:
            self.timings, self.socket, self.peer = before

    # -- conversation -------------------------------------------------------------------------------------

    def _write(self, sock: socket.socket) -> None:
        try:
            sock.settimeout(max(self._remaining(), 0.001))
            sock.sendall(wire(self.request, close=not self.keep))
        except TimeoutError:
            raise _Stopped("net.write_timeout", "write", f"not sent after {self.options.timeout:g} s") from None
        except OSError:
            pass  # a server may answer early and close; what it said is more telling than our broken pipe
        self.sent_at = self.last_byte = time.monotonic()

    def _read(self, sock: socket.socket) -> None:
        reader = self.reader
        while not reader.complete and reader.fault is None:
            left = self._remaining()
            if left <= 0:
                raise self._late()
            try:
                sock.settimeout(left)
                data = sock.recv(65536)
            except TimeoutError:
                raise self._late() from None
            except OSError as error:
                if self._ended_without_goodbye(error):
                    return
                # Includes TLS records that fail to decrypt: the connection is gone either way.
                detail = f"{_os_words(error)} after {reader.progress}"
                raise _Stopped("net.reset", reader.phase, detail) from None
            self._take(data)
        if reader.complete and reader.fault is None:
            self._look_for_excess(sock)

    def _ended_without_goodbye(self, error: OSError) -> bool:
        """TLS ended without close_notify. Only a body that ends with the connection is put in doubt by that."""
        if self.request.url.scheme != "https":
            return False
        import ssl

        if not isinstance(error, ssl.SSLEOFError):
            return False
        if self.reader.ends_with_the_connection:
            detail = "TLS was cut (no close_notify) in a body that ends with the connection"
            raise _Stopped("http.incomplete_body", "body", detail) from None
        self.reader.eof()
        return True

    def _take(self, data: bytes) -> None:
        self.last_byte = time.monotonic()
        if not data:
            self.reader.eof()
            return
        if self.timings.first_byte is None:
            self._time(first_byte=self._elapsed(self.sent_at))
        self.reader.feed(data, self._elapsed(self.sent_at))

    def _look_for_early_bytes(self, sock: socket.socket) -> None:
        """What came on a kept connection before anything was asked on it would be taken for the answer."""
        try:
            sock.setblocking(False)
            data = sock.recv(64)
        except (OSError, ValueError):
            return  # nothing there, as it should be
        if data:
            detail = f"bytes came before the request was sent, beginning {snippet(data, 40)}"
            raise _Stopped("http.framing", "write", detail)

    def _look_for_excess(self, sock: socket.socket) -> None:
        """Bytes that have arrived already and belong to no message. Nothing is waited for."""
        try:
            sock.setblocking(False)
            data = sock.recv(4096)
        except (OSError, ValueError):
            return
        if data:
            self.reader.feed(data)

    def _late(self) -> _Stopped:
        """Silence and slowness are different faults: of the one a client says timeout, of the other nothing."""
        allowed, silent = self.options.timeout, time.monotonic() - self.last_byte
        reader = self.reader
        if silent >= allowed / 2:
            detail = f"silent for {silent:.1f} s, {reader.progress} received"
            return _Stopped("net.read_timeout", reader.phase, detail)
        detail = f"still receiving after {allowed:g} s: {reader.progress}, message not complete"
        return _Stopped("limit.deadline", reader.phase, detail)


def wire(request: Request, *, close: bool = True) -> bytes:
    """The request's bytes. The one place where the key is revealed. Raises ValueError without the value."""
    url = request.url
    lines = [f"{request.method} {url.path or '/'} HTTP/1.1", f"Host: {url.netloc}"]
    secret = request.credential
    if secret is not None and not _fits_a_header(secret):
        raise ValueError("the credential has characters that no header may carry")
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
            + ["\r\n".join(lines[2:]).encode("ascii")]
        )
        + request.body
    )


def _connect_head(target: str, credential: Secret | None) -> bytes:
    """The password is kept in no variable here either."""
    return (
        f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n".encode("ascii")
        + (f"Proxy-Authorization: {credential.reveal()}\r\n".encode("ascii") if credential else b"")
        + b"\r\n"
    )


def _fits_a_header(secret: Secret) -> bool:
    return all("!" <= char <= "~" for char in secret.reveal())


def _connect_failure(error: OSError, where: str, seconds: float) -> _Stopped:
    if isinstance(error, TimeoutError):
        return _Stopped("net.connect_timeout", "connect", f"{where}: no answer within {max(seconds, 0):.1f} s")
    if isinstance(error, ConnectionRefusedError):
        return _Stopped("net.refused", "connect", f"{where}: connection refused")
    code = "net.unreachable" if error.errno in _UNREACHABLE else "net.reset"
    return _Stopped(code, "connect", f"{where}: {_os_words(error)}")


def _os_words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    return escape(error.strerror or type(error).__name__).lower()
