"""The asyncio driver: carries out the steps of many conversations in one event loop, uvloop's or asyncio's own.

It makes the same calls on the same sockets as the blocking driver, non-blocking, so that an exchange ends in the same
way in both (the rogue suite is played through both, row for row). Nothing here is shared by runs: a Resolver belongs
to one run, and a connection to one exchange, or to those that are sent in turn.

What a caller may rely on:

- `send` and `send_in_turn` never raise for what a network or server does: that is the Exchange's fault. They raise
  what is wrong on our own side: ValueError for a header that cannot be sent, OSError with EMFILE or ENFILE where this
  process has no descriptor left, tls.TrustError where the options make a TLS context that cannot be made.
- Cancelling a task that awaits them closes its sockets before the CancelledError leaves them. Nothing is recorded
  here: what was not returned has no Exchange.
- The timeout of the options holds for each exchange, name resolution and TLS included, and is measured by the monotonic
  clock. The loop is never blocked: names are resolved in threads of their own (numeric addresses at once).
- `timings.first_byte` ends when the loop saw the bytes, before anything is done about them. A loop that is kept busy
  by other work sees them late: judge elsewhere.
- How many exchanges run at once is the caller's choice; each takes one descriptor (a refused handshake a second one).
"""

import asyncio
import errno
import os
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from chatproof.transport import tls
from chatproof.transport.blocking import OUR_SHORTAGE
from chatproof.transport.conversation import Conversation
from chatproof.transport.encrypted import Encrypted
from chatproof.transport.resolver import Address, look_up
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
from chatproof.transport.turns import turns_of
from chatproof.wire.exchange import Certificate, Exchange, Request

if TYPE_CHECKING:
    from chatproof.transport.steps import Steps

_T = TypeVar("_T")
_WAITS = (errno.EINPROGRESS, errno.EAGAIN, errno.EINTR)


async def send(request: Request, probe: str, id: str, options: Options, resolver: "Resolver") -> Exchange:
    """Carry one exchange, on a connection of its own. Never raises for what a network or server does."""
    return (await send_in_turn([KeepAliveRequest(request, probe, id)], options, resolver))[0]


async def send_in_turn(
    legs: Sequence[KeepAliveRequest], options: Options, resolver: "Resolver", into: list[Exchange] | None = None
) -> list[Exchange]:
    """Carry exchanges one after another, on one connection as long as the server keeps it open.

    A server that announces the end of a connection gets a new one for the next request. Nothing is sent twice. Each
    exchange is added to `into` as it ends, so that a caller who cancels this has what was answered.
    """
    exchanges: list[Exchange] = [] if into is None else into
    line, peer = _Line(resolver), None
    await line.turn()
    try:
        for number, leg in enumerate(legs):
            conversation = Conversation(leg.request, options, peer, keep=number < len(legs) - 1)
            exchanges.append(await line.carry(conversation.steps(leg.probe, leg.id)))
            peer = conversation.left
    finally:
        line.close()
    return exchanges


class Resolver:
    """Resolves each host once for a run, so that all its requests meet the same addresses; for one loop."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], list[Address] | asyncio.Future[list[Address]]] = {}
        self._seen: dict[tuple[str, int, str], str] = {}
        self._looking: dict[tuple[str, int, str], asyncio.Lock] = {}

    async def resolve(self, host: str, port: int, seconds: float) -> list[Address]:
        """Socket addresses in the system's order. Raises socket.gaierror, or TimeoutError after so many seconds."""
        found = self._found.get((host, port))
        if found is None:
            found = self._found[host, port] = self._begin(host, port)
        if isinstance(found, list):
            return found
        if not found.done():
            await asyncio.wait((found,), timeout=seconds)  # whoever else waits for it goes on waiting
        if not found.done():
            raise TimeoutError
        return found.result()

    @staticmethod
    def _begin(host: str, port: int) -> "list[Address] | asyncio.Future[list[Address]]":
        if _is_numeric(host):  # asks nobody
            at_once = look_up(host, port)
            if not isinstance(at_once, OSError):
                return at_once
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[Address]] = loop.create_future()

        def ask() -> None:
            answer = look_up(host, port)
            try:
                loop.call_soon_threadsafe(_answer, found, answer)
            except RuntimeError:
                pass  # the loop was closed meanwhile: nobody waits any more

        # A thread of its own, as getaddrinfo knows no deadline: it must not hold up the loop's few workers.
        threading.Thread(target=ask, daemon=True).start()
        return found

    async def once(self, step: Once) -> str:
        """What the steps say of an endpoint; carried out by the first who asks, for all of the run."""
        async with self._looking.setdefault(step.key, asyncio.Lock()):
            if step.key not in self._seen:
                line = _Line(self)
                try:
                    self._seen[step.key] = await line.carry(step.steps())
                finally:
                    line.close()
            return self._seen[step.key]


def _is_numeric(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _answer(found: "asyncio.Future[list[Address]]", answer: list[Address] | OSError) -> None:
    if found.done():
        return
    if isinstance(answer, OSError):
        found.set_exception(answer)
        found.exception()  # seen: it is no mistake of ours where nobody waits for it any more
    else:
        found.set_result(answer)


class _Line:
    """A connection, which there may be none of yet; one method for each step."""

    def __init__(self, resolver: Resolver) -> None:
        self._loop = asyncio.get_running_loop()
        self._turns = turns_of(self._loop)
        self._resolver = resolver
        self._socket: socket.socket | None = None
        self._encrypted: Encrypted | None = None  # what speaks TLS by that socket
        self._fd = -1
        self._most = 0  # bytes to be read as soon as there are any; 0: only the moment is wanted
        self._waiter: asyncio.Future[Any] | None = None
        self._is_answered = False  # the waiter has got its answer, and waits for its turn
        self._is_reading = self._is_writing = False  # the loop watches the socket
        self._timer: asyncio.TimerHandle | None = None
        self._until = self._rings = 0.0  # when the waiter gives up, and when the timer rings next

    async def turn(self) -> None:
        """Wait until it is this one's turn to begin: its clock does not run while we are busy beginning others."""
        waiter = self._loop.create_future()
        self._turns.wake(waiter, None)
        await waiter

    async def carry(self, steps: "Steps[_T]") -> _T:
        """Carry out steps until they end; return what they return."""
        try:
            step = next(steps)
            while True:
                try:
                    answer: Any = None
                    if type(step) is Receive:
                        answer = await self._receive(step)
                    elif type(step) is Send:
                        await self._send(step)
                    elif type(step) is Take:
                        answer = self._take(step)
                    elif type(step) is Close:
                        self.close()
                    elif type(step) is Connect:
                        answer = await self._connect(step)
                    elif type(step) is Resolve:
                        left = max(step.until - time.monotonic(), 0)
                        answer = await self._resolver.resolve(step.host, step.port, left)
                    elif type(step) is Handshake:
                        answer = await self._handshake(step)
                    else:
                        answer = await self._resolver.once(step)
                except OSError as error:
                    if error.errno in OUR_SHORTAGE:
                        raise
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as end:
            found: _T = end.value
            return found

    async def _connect(self, step: Connect) -> float:
        self.close()
        self._socket = sock = socket.socket(step.family, socket.SOCK_STREAM)
        self._fd = sock.fileno()
        sock.setblocking(False)
        number = sock.connect_ex(step.address)
        at = time.monotonic()
        if number in _WAITS:
            at = await self._ready(step.until, writing=True)
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return at

    async def _handshake(self, step: Handshake) -> tuple[str, Certificate | None]:
        assert self._socket is not None, "a conversation connects first"
        self._encrypted = wrapped = tls.wrapped(step.context(), self._socket, step.host)
        while True:
            try:
                wrapped.do_handshake()
                return wrapped.version() or "", tls.certificate(wrapped)
            except (BlockingIOError, ssl.SSLWantReadError):
                await self._ready(step.until, writing=wrapped.unsent)

    async def _send(self, step: Send) -> None:
        sock, encrypted = self._open, self._encrypted
        unsent = _Unsent(step.data())
        while unsent.left or (encrypted is not None and encrypted.unsent):
            try:
                unsent.give(sock)
            except ssl.SSLWantReadError:
                await self._ready(step.until)
            except BlockingIOError:
                await self._ready(step.until, writing=True)

    async def _receive(self, step: Receive) -> tuple[bytes, float]:
        # What is in TLS's hands the loop does not see; and of a head that is read byte by byte, the next one is there.
        if step.most == 1 or (self._encrypted is not None and self._encrypted.pending()):
            try:
                return self._open.recv(step.most), time.monotonic()
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
        self._most = step.most
        try:
            found: tuple[bytes, float] = await self._wait(step.until)
            return found
        finally:
            self._most = 0

    def _take(self, step: Take) -> bytes:
        try:
            return self._open.recv(step.most)
        except (OSError, ValueError):
            return b""

    def close(self) -> None:
        """End the connection at once, whatever was under way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._socket is not None:
            self._watch()
            self._socket.close()
            self._socket = self._encrypted = None

    @property
    def _open(self) -> socket.socket | Encrypted:
        assert self._socket is not None, "a conversation connects first"
        return self._encrypted or self._socket

    # -- waiting ------------------------------------------------------------------------------------------

    async def _ready(self, until: float, *, writing: bool = False) -> float:
        """Wait until the socket can be read, or written; return when that was. Raises TimeoutError."""
        at: float = await self._wait(until, writing=writing)
        return at

    async def _wait(self, until: float, *, writing: bool = False) -> Any:
        """Wait for the socket; return what `_readable` or `_writable` answers. Raises TimeoutError."""
        waiter = self._waiter = self._loop.create_future()
        self._is_answered = False
        self._watch(reading=not writing, writing=writing)
        self._until = until
        if self._timer is None or self._rings > until:  # one that rings too early is set anew then: most never do
            if self._timer is not None:
                self._timer.cancel()
            self._set_timer()
        try:
            return await waiter
        finally:
            self._waiter = None
            self._watch()

    def _watch(self, *, reading: bool = False, writing: bool = False) -> None:
        """Have the loop watch the socket, or watch it no more."""
        if self._is_reading:
            self._loop.remove_reader(self._fd)
        if self._is_writing:
            self._loop.remove_writer(self._fd)
        if reading:
            self._loop.add_reader(self._fd, self._readable)
        if writing:
            self._loop.add_writer(self._fd, self._writable)
        self._is_reading, self._is_writing = reading, writing

    def _readable(self) -> None:
        # Watched no more before anything else: after an error uvloop never calls again, and says so to nobody.
        self._watch()
        at = time.monotonic()
        try:
            self._answer((self._open.recv(self._most), at) if self._most else at)
        except (BlockingIOError, ssl.SSLWantReadError):
            self._watch(reading=True)
        except OSError as error:
            self._answer(error)

    def _writable(self) -> None:
        self._watch()
        self._answer(time.monotonic())

    def _answer(self, answer: object) -> None:
        assert self._waiter is not None
        self._is_answered = True
        self._turns.wake(self._waiter, answer)

    def _set_timer(self) -> None:
        self._rings = self._until
        self._timer = self._loop.call_later(max(self._until - time.monotonic(), 0.001), self._rung)

    def _rung(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done() or self._is_answered:
            return
        if time.monotonic() < self._until:
            self._set_timer()
        else:
            self._waiter.set_exception(TimeoutError("timed out"))


class _Unsent:
    """Bytes on their way; they may hold the key, and no traceback with locals shows them."""

    __slots__ = ("_data", "left")

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self.left = len(data)

    def give(self, sock: socket.socket | Encrypted) -> None:
        sent = sock.send(self._data)
        self._data = self._data[sent:]
        self.left -= sent
