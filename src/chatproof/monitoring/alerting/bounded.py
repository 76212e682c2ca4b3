"""How long, and how much, a receiver behind apprise may keep who tells it: its libraries know neither limit.

requests and smtplib bound one wait for a byte, never all of them, and keep whatever comes: a receiver that sends a byte
a second held the thread that tells all others for as long as it liked, and one that sends without end took all memory.
Here each connection that is opened for a notice is watched, and shut down at its limit.
"""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

SECONDS = 30.0
"""For one notice: several requests, of which each waits at most a few seconds for a connection and a reply."""
_ANSWER = 1024 * 1024  # bytes of one reply that are read, and kept
_CAME = 8 * 1024 * 1024  # bytes that may arrive on one connection
_LOOK = 0.1
_TCP_INFO, _BYTES_RECEIVED = 11, slice(128, 136)  # linux/tcp.h: struct tcp_info, tcpi_bytes_received


_now: "ContextVar[_Connections | None]" = ContextVar("connections", default=None)
"""Those of the notice that is told: apprise may send in a thread of its own, and takes the context there."""


class _Connections:
    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._handles: list[socket.socket] = []
        self._done = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, name="alert-limits", daemon=True).start()

    def add(self, sock: socket.socket) -> None:
        """Watch a connection by a handle of our own: TLS takes the other one."""
        with self._lock:
            self._handles.append(sock.dup())

    def refuse_when_over(self) -> None:
        if time.monotonic() >= self._until:
            raise TimeoutError("timed out")

    def end(self) -> None:
        self._done.set()

    def _watch(self) -> None:
        while not self._done.wait(_LOOK):
            late = time.monotonic() >= self._until
            with self._lock:
                for each in self._handles:
                    if late or _received(each) > _CAME:
                        with suppress(OSError):
                            each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            for each in self._handles:
                each.close()


@contextmanager
def connections() -> Iterator[None]:
    """Shut down what is connected to in this context when the time is over or too much came; refuse any more."""
    _install()
    made = _Connections(SECONDS)
    token = _now.set(made)
    try:
        yield
    finally:
        _now.reset(token)
        made.end()


def _received(sock: socket.socket) -> int:
    """Bytes that arrived on a connection; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _BYTES_RECEIVED.stop)
    except OSError:
        return 0
    return int.from_bytes(info[_BYTES_RECEIVED], sys.byteorder)


def _says_nothing(record: object) -> bool:
    """A logger's filter: what is sent for a notice has the service's token in its path."""
    return _now.get() is None


def _install() -> None:
    """Have urllib3 and smtplib open what is watched, requests read a part of a reply, and none of them tell of it."""
    import logging
    import smtplib

    from requests import adapters
    from urllib3.util import connection

    for name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "requests"):
        logging.getLogger(name).addFilter(_says_nothing)  # once: a filter that is there is not added again
    if not hasattr(connection.create_connection, "watched"):
        vars(connection)["create_connection"] = _watching(connection.create_connection)
    if not hasattr(smtplib.SMTP._get_socket, "watched"):  # type: ignore[attr-defined]
        smtplib.SMTP._get_socket = _watching(smtplib.SMTP._get_socket)  # type: ignore[attr-defined]
    if not hasattr(adapters.HTTPAdapter.send, "watched"):
        adapters.HTTPAdapter.send = _reading_a_part(adapters.HTTPAdapter.send)  # type: ignore[method-assign]


def _watching(connect: Any) -> Any:
    def watching(*args: Any, **options: Any) -> Any:
        now = _now.get()
        if now is None:
            return connect(*args, **options)
        now.refuse_when_over()
        sock = connect(*args, **options)
        now.add(sock)
        return sock

    watching.watched = True  # type: ignore[attr-defined]
    return watching


def _reading_a_part(send: Any) -> Any:
    def reading_a_part(*args: Any, **options: Any) -> Any:
        response = send(*args, **options)
        if _now.get() is not None:
            try:
                response._content = response.raw.read(_ANSWER, decode_content=True)
            except Exception:  # a coding that cannot be undone: the status was read
                response._content = b""
            response._content_consumed = True
            response.close()
        return response

    reading_a_part.watched = True  # type: ignore[attr-defined]
    return reading_a_part
