"""The blocking driver: carries out the steps of a conversation with a socket of its own, in the thread that calls.

It decides nothing: what a socket answers goes back into the conversation, errors included.
"""

from __future__ import annotations

import errno
import time

from chatproof.transport.conversation import Conversation
from chatproof.transport.resolver import Resolver, socket
from chatproof.transport.steps import (
    Close,
    Connect,
    Handshake,
    KeepAliveRequest,
    Once,
    Options,
    Receive,
    Resolve,
    Send,
    Take,
)
from chatproof.wire.exchange import Exchange, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    from chatproof.transport.encrypted import Encrypted
    from chatproof.transport.resolver import Address
    from chatproof.transport.steps import Steps
    from chatproof.wire.exchange import Certificate

    _T = TypeVar("_T")

OUR_SHORTAGE = (errno.EMFILE, errno.ENFILE)
"""Too many open files: our own trouble, which no server is blamed for."""


def send(request: Request, probe: str, id: str, options: Options, resolver: Resolver) -> Exchange:
    """Carry one exchange. Never raises for what a network or server does."""
    return send_in_turn([KeepAliveRequest(request, probe, id)], options, resolver)[0]


def send_in_turn(legs: Sequence[KeepAliveRequest], options: Options, resolver: Resolver) -> list[Exchange]:
    """Carry exchanges one after another, on one connection as long as the server keeps it open.

    A server that announces the end of a connection gets a new one for the next request. Nothing is sent twice.
    """
    exchanges: list[Exchange] = []
    line, peer = _Line(resolver), None
    try:
        for number, leg in enumerate(legs):
            conversation = Conversation(leg.request, options, peer, keep=number < len(legs) - 1)
            exchanges.append(line.carry(conversation.steps(leg.probe, leg.id)))
            peer = conversation.left
    finally:
        line.close(Close())
    return exchanges


class _Line:
    """A connection, which there may be none of yet; one method for each step."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._socket: socket.socket | None = None
        self._encrypted: Encrypted | None = None  # what speaks TLS by that socket
        self._does: dict[type, Callable[[Any], Any]] = {
            Resolve: self.resolve,
            Connect: self.connect,
            Handshake: self.handshake,
            Send: self.send,
            Receive: self.receive,
            Take: self.take,
            Close: self.close,
            Once: self.once,
        }

    def carry(self, steps: Steps[_T]) -> _T:
        """Carry out steps until they end; return what they return."""
        try:
            step = next(steps)
            while True:
                try:
                    answer: Any = self._does[type(step)](step)
                except OSError as error:
                    if error.errno in OUR_SHORTAGE:
                        raise
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as end:
            found: _T = end.value
            return found

    def resolve(self, step: Resolve) -> list[Address]:
        return self._resolver.resolve(step.host, step.port, max(step.until - time.monotonic(), 0))

    def connect(self, step: Connect) -> float:
        self.close(Close())
        self._socket = sock = socket.socket(step.family, socket.SOCK_STREAM)
        _bound(sock, step.until)
        sock.connect(step.address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return time.monotonic()

    def handshake(self, step: Handshake) -> tuple[str, Certificate | None]:
        from chatproof.transport import tls

        assert self._socket is not None, "a conversation connects first"
        self._encrypted = wrapped = tls.wrapped(step.context(), self._socket, step.host)
        self._until(step.until, wrapped.do_handshake)
        return wrapped.version() or "", tls.certificate(wrapped)

    def send(self, step: Send) -> None:
        data = memoryview(step.data())  # which shows nothing in a traceback with locals
        self._until(step.until, lambda: self._open.sendall(data))

    def receive(self, step: Receive) -> tuple[bytes, float]:
        return self._until(step.until, lambda: self._open.recv(step.most)), time.monotonic()

    def _until(self, until: float, call: Callable[[], _T]) -> _T:
        """What a call returns that waits for the socket; in TLS, asked again while what came was not enough."""
        _bound(self._open, until)
        if self._encrypted is None:
            return call()
        import ssl

        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                if time.monotonic() >= until:  # who sends without a pause lets no socket time out
                    raise TimeoutError from None
                _bound(self._open, until)

    def take(self, step: Take) -> bytes:
        try:
            self._open.setblocking(False)
            return self._open.recv(step.most)
        except (OSError, ValueError):
            return b""

    def close(self, step: Close) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = self._encrypted = None

    def once(self, step: Once) -> str:
        return self._resolver.once(step.key, lambda: self._apart(step))

    def _apart(self, step: Once) -> str:
        line = _Line(self._resolver)
        try:
            return line.carry(step.steps())
        finally:
            line.close(Close())

    @property
    def _open(self) -> socket.socket | Encrypted:
        assert self._socket is not None, "a conversation connects first"
        return self._encrypted or self._socket


def _bound(sock: socket.socket | Encrypted, until: float) -> None:
    sock.settimeout(max(until - time.monotonic(), 0.001))
