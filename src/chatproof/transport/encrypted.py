"""TLS over a socket, a portion at a time: what a server may send without a byte of data has a limit.

OpenSSL reads on by itself while a message holds no data: session tickets, new keys, requests to begin again. Who sent
those faster than they are read kept one call of `ssl.SSLSocket` busy past every deadline, and the signals and the
event loop of its thread with it. Here OpenSSL has one portion at hand, and no call asks the socket more than once.

Imported only for https.
"""

from __future__ import annotations

import ssl
from contextlib import suppress

from chatproof.transport.resolver import socket
from chatproof.transport.steps import EndlessTls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _T = TypeVar("_T")

_PORTION = 32 * 1024  # two records and their overhead; of tickets alone, some 50 ms of work
MOST_WITHOUT_DATA = 256 * 1024
"""Bytes of TLS that may come in a row without one of data. A handshake with the largest chain that OpenSSL takes is
half of that; tickets are a few hundred bytes."""


class Encrypted:
    """The client's side of TLS on a socket, which waits or does not wait as the socket does.

    Each method asks the socket at most once. Raises ssl.SSLWantReadError where what came was not enough: ask again;
    BlockingIOError and TimeoutError are the socket's, ssl.SSLEOFError is an end without a goodbye.
    """

    def __init__(self, context: ssl.SSLContext, sock: socket.socket, host: bytes) -> None:
        self.context = context
        self._socket = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._side = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._unsent = memoryview(b"")  # encrypted
        self._without_data = 0

    def do_handshake(self) -> None:
        """Go on with the handshake; return when it is done.

        What then is left to send, in TLS 1.3 the client's last word, goes out together with the first data: the server
        has one packet to read for two, and answers with its tickets and its reply together.
        """
        self._with_a_portion(self._side.do_handshake, and_send=False)
        self._without_data = 0

    def recv(self, most: int) -> bytes:
        """Return at most so many bytes of data; none where the server ended TLS as it should."""
        data = self._with_a_portion(lambda: self._side.read(most))
        self._without_data = 0
        return data

    def pending(self) -> int:
        """Return how many bytes are at hand that the socket has no more; perhaps none of them is data yet."""
        return self._side.pending() + self._incoming.pending

    @property
    def unsent(self) -> bool:
        """Some bytes are encrypted and not sent yet: `send` of nothing sends them."""
        return bool(self._unsent) or self._outgoing.pending > 0

    def send(self, data: memoryview) -> int:
        """Encrypt a part of `data` and send what the socket takes; return how many bytes of `data` that were."""
        if self._unsent or not data:
            self._flush()
        taken = self._with_a_portion(lambda: self._side.write(data[:_PORTION])) if data else 0
        return int(taken)

    def sendall(self, data: memoryview) -> None:
        """Send all of `data`, by a socket that waits."""
        self._with_a_portion(lambda: self._side.write(data))

    def version(self) -> str | None:
        """Return the protocol's version, such as TLSv1.3."""
        return self._side.version()

    def getpeercert(self, binary_form: bool = False) -> Any:
        """Return the server's certificate as `ssl.SSLSocket` does."""
        return self._side.getpeercert(binary_form)

    def settimeout(self, seconds: float | None) -> None:
        """Set how long the socket waits."""
        self._socket.settimeout(seconds)

    def setblocking(self, waits: bool) -> None:
        """Let the socket wait, or not wait."""
        self._socket.setblocking(waits)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _with_a_portion(self, does: Callable[[], _T], *, and_send: bool = True) -> _T:
        """Do it by what is at hand, or by that and what the socket has next."""
        try:
            return self._done(does, and_send)
        except ssl.SSLWantReadError:
            self._fetch()
        return self._done(does, and_send)

    def _done(self, does: Callable[[], _T], and_send: bool) -> _T:
        """Do it, and send what that encrypts: a part of a handshake, the alert that says what is wrong, or data.

        Once it is done, what is left is sent only where `and_send` says so.
        """
        try:
            done = does()
        except ssl.SSLWantReadError:
            self._flush()
            raise
        except ssl.SSLError:
            with suppress(OSError):
                self._flush()
            raise
        if and_send:
            with suppress(BlockingIOError):  # `unsent` says so
                self._flush()
        return done

    def _fetch(self) -> None:
        data = self._socket.recv(_PORTION)
        if not data:  # all that came was read, and no goodbye was in it
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "EOF occurred in violation of protocol")
        self._without_data += len(data)
        if self._without_data > MOST_WITHOUT_DATA:
            said = f"the server sent more than {MOST_WITHOUT_DATA >> 10} KiB in TLS without a byte of data"
            raise EndlessTls(0, said)
        self._incoming.write(data)

    def _flush(self) -> None:
        """Send what is encrypted. Where the socket waits, all of it."""
        if self._outgoing.pending:
            self._unsent = memoryview(bytes(self._unsent) + self._outgoing.read())
        if not self._unsent:
            return
        if self._socket.gettimeout() == 0:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        else:
            left, self._unsent = self._unsent, memoryview(b"")
            self._socket.sendall(left)
