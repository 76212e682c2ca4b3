"""A threaded HTTP/1.1 server on loopback that can also misbehave on purpose: answers leave it as raw bytes.

Bounded on every side: header block, body, time for a request, number of connections. The credential of a request is
compared on arrival and dropped; it is never stored, logged or sent back.
"""

import errno
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import httptools

from chatproof.simulator.chat import error
from chatproof.simulator.wire import CLOSE, EMPTY, GOOD, HANG, MISSING, RESET, WRONG, Asked, Reply, Script, message

if TYPE_CHECKING:
    import ssl

    from chatproof.simulator.pace import Pace

LOOPBACK = "127.0.0.1"
MAX_HEAD = 16 * 1024
MAX_BODY = 1024 * 1024
MAX_CONNECTIONS = 512  # more wait in the listen backlog
IDLE_SECONDS = 15.0  # for a whole request to arrive, the first as well as each later one
_DRAIN_SECONDS = 0.5

Respond = Callable[[Asked], Reply | Script]
Received = tuple[Asked, Reply | None]  # a request, and the refusal it gets if it is not acceptable


class Server:
    """Listens from the moment it is made. `respond` is a pure function; `key` is the only key accepted."""

    def __init__(
        self,
        respond: Respond,
        key: str,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        tls: "ssl.SSLContext | None" = None,
        pace: "Pace | None" = None,
    ) -> None:
        self._respond = respond
        self._pace = pace
        self._key = key.encode()
        self._tls = tls
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._listener = bind(host, port)
        self._listener.listen(MAX_CONNECTIONS)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="simulator", daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Stop listening and drop every connection. May be called more than once."""
        self._stopping.set()
        hang_up(self._listener)
        with self._lock:
            connections = list(self._open)
        for sock in connections:
            hang_up(sock, close=False)  # its own thread closes it
        self._acceptor.join(5)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            self._slots.acquire()
            try:
                sock, _ = self._listener.accept()
            except OSError:  # closed by `stop`, or a connection that was gone before we came
                self._slots.release()
                if self._listener.fileno() < 0:
                    return
                self._stopping.wait(0.05)  # out of file descriptors: do not spin
                continue
            threading.Thread(target=self._serve, args=(sock,), name="simulator-connection", daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            sock.settimeout(IDLE_SECONDS)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            with self._lock:
                self._open.add(sock)
            if not self._stopping.is_set():
                self._converse(sock)
        except OSError:
            pass  # the peer went away or does not speak TLS: its own affair
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()
            self._slots.release()

    def _converse(self, sock: socket.socket) -> None:
        """Requests of one connection, one after another."""
        incoming = Incoming(self._key)
        if self._tls is not None:
            sock.do_handshake()  # type: ignore[attr-defined]
        while not self._stopping.is_set():
            received = self._receive(sock, incoming)
            if received is None:
                return
            asked, refused = received
            try:
                answer = refused or self._respond(asked)
            except Exception as failure:  # a bug of ours; without a reply it would look like one of the network's
                said = f"The simulator itself failed with {type(failure).__name__}: please report it."
                answer = error(500, said, type="server_error", code="simulator_failed")
            if self._pace is not None and not self._wait(self._pace, answer):
                return
            if isinstance(answer, Script):
                self._play(sock, answer)
                return
            for piece in message(asked, answer, close=not asked.keep_alive):
                if self._pace is not None and answer.events and self._stopping.wait(self._pace.between(piece)):
                    return
                sock.sendall(piece)
            if not asked.keep_alive:
                self._leave(sock, CLOSE)
                return

    def _wait(self, pace: "Pace", answer: Reply | Script) -> bool:
        """Wait before an answer. False when the server was stopped meanwhile."""
        seconds = pace.latency if isinstance(answer, Script) else pace.before(answer)
        return not self._stopping.wait(seconds)

    def _receive(self, sock: socket.socket, incoming: "Incoming") -> Received | None:
        """The next request; None when the peer is done or too slow."""
        until = time.monotonic() + IDLE_SECONDS
        while not incoming.ready:
            left = until - time.monotonic()
            if left <= 0:
                return None
            sock.settimeout(left)
            data = sock.recv(16 * 1024)
            if not data:
                return None
            if incoming.feed(data):
                sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        sock.settimeout(IDLE_SECONDS)
        return incoming.ready.pop(0)

    def _play(self, sock: socket.socket, script: Script) -> None:
        for number, piece in enumerate(script.pieces):
            if number and script.pause and self._stopping.wait(script.pause):
                return
            sock.sendall(piece)
        self._leave(sock, script.end)

    def _leave(self, sock: socket.socket, how: str) -> None:
        if how == RESET:
            import struct

            self._stopping.wait(0.05)  # what was sent must arrive first
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if how == HANG:
            sock.settimeout(None)
            sock.recv(1)  # until the client gives up, or `stop` hangs up
            return
        # A close with unread input is a reset, which could overtake the answer (RFC 9112 section 9.6).
        sock.settimeout(_DRAIN_SECONDS)
        if self._tls is not None:
            try:
                sock.unwrap()  # type: ignore[attr-defined]  # close_notify: else a close looks like an attack
            except ValueError:
                pass  # `stop` has hung up meanwhile, and the wrapper is gone
            return
        sock.shutdown(socket.SHUT_WR)
        for _ in range(64):
            if not sock.recv(16 * 1024):
                return


class Incoming:
    """llhttp's callbacks: bytes in, requests in `ready`, with their refusal if they are not acceptable."""

    def __init__(self, key: bytes) -> None:
        self.ready: list[Received] = []
        self._key = key
        self._parser = httptools.HttpRequestParser(self)
        self._raw = 0  # bytes fed since the head began: a line that never ends comes to no callback
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._credential = MISSING
        self._hosts = 0
        self._media = self._host = self._origin = self._agent = self._version = self._betas = ""
        self._api_key = MISSING
        self._body: list[bytes] = []
        self._size = 0
        self._in_head = True
        self._expects = False

    def feed(self, data: bytes) -> bool:
        """Take bytes. True when the client waits for 100 Continue before it sends the body."""
        if self._in_head:
            self._raw += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # CONNECT, or an Upgrade that nobody takes up: the request itself is complete
        except httptools.HttpParserCallbackError as failure:
            cause = failure.__context__
            if not isinstance(cause, _Refused):
                raise
            self._refuse(cause.reply)
        except httptools.HttpParserError:
            self._refuse(error(400, "This is not an HTTP request.", code="bad_http"))
        if self._in_head and self._raw > MAX_HEAD and not self.ready:
            self._refuse(_TOO_LONG_HEAD)
        waits = self._expects and not self._in_head and not self.ready
        self._expects = self._expects and not waits
        return waits

    def _refuse(self, reply: Reply) -> None:
        asked = Asked("GET", "/", MISSING, b"", time.time(), _request_id(), keep_alive=False)
        self.ready.append((asked, reply))

    # -- called by llhttp -----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._begin()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer
        self._size += len(name) + len(value) + 4
        if self._size > MAX_HEAD:
            raise _Refused(_TOO_LONG_HEAD)
        name = name.lower()
        if name == b"authorization":
            self._credential = self._judge(value) if self._credential == MISSING else WRONG
        elif name == b"x-api-key":
            self._api_key = self._compare(value)
        elif name == b"anthropic-version":
            self._version = value.decode("latin-1").strip()
        elif name == b"anthropic-beta":
            self._betas = value.decode("latin-1").strip()
        elif name == b"content-type":
            self._media = value.decode("latin-1").strip()
        elif name == b"host":
            self._hosts += 1
            self._host = value.decode("latin-1").strip()
        elif name == b"origin":
            self._origin = f"{self._origin} {value.decode('latin-1')}".strip()
        elif name == b"user-agent":
            self._agent = value.decode("latin-1")
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._raw = self._size = 0
        if self._parser.get_http_version() == "1.1" and self._hosts != 1:
            raise _Refused(error(400, "An HTTP/1.1 request has one Host header.", code="bad_http"))

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > MAX_BODY:
            raise _Refused(error(413, f"The request body exceeds {MAX_BODY} bytes.", code="request_too_large"))
        self._body.append(data)

    def on_message_complete(self) -> None:
        parser = self._parser
        method = parser.get_method().decode("latin-1")
        asked = Asked(
            method,
            self._path(method),
            self._credential,
            b"".join(self._body),
            time.time(),
            _request_id(),
            parser.should_keep_alive() and not parser.should_upgrade(),
            parser.get_http_version(),
            self._media,
            self._host,
            self._origin,
            self._agent,
            self._api_key,
            self._version,
            self._betas,
        )
        self.ready.append((asked, None))
        self._in_head = True

    def _path(self, method: str) -> str:
        if method == "CONNECT":
            return self._url.decode("latin-1")
        try:
            return (httptools.parse_url(self._url).path or b"/").decode("latin-1")
        except httptools.HttpParserInvalidURLError:
            raise _Refused(error(400, "The request's target is not a valid URL.", code="bad_http")) from None

    def _judge(self, value: bytes) -> str:
        """Bearer is matched without regard to case, as RFC 9110 section 11.1 wants schemes to be."""
        scheme, _, token = value.partition(b" ")
        if scheme.lower() != b"bearer":
            return MISSING
        return self._compare(token)

    def _compare(self, token: bytes) -> str:
        token = token.strip()
        return EMPTY if not token else GOOD if token == self._key else WRONG


class _Refused(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


_TOO_LONG_HEAD = error(431, f"The header block exceeds {MAX_HEAD} bytes.", code="header_too_large")


def bind(host: str, port: int) -> socket.socket:
    """A bound socket. Raises ValueError for anything but loopback, OSError for a port that is taken."""
    if host != LOOPBACK:
        raise ValueError("the simulator listens on loopback only")
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OverflowError:
        sock.close()
        raise OSError(errno.EINVAL, "a port is a number from 0 to 65535") from None
    except OSError:
        sock.close()
        raise
    return sock


def hang_up(sock: socket.socket, *, close: bool = True) -> None:
    """Wake whoever waits on the socket; closing alone would not."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # was not connected, or is gone already
    if close:
        sock.close()


def _request_id() -> str:
    return f"req_{os.urandom(12).hex()}"
