"""Host names to addresses, once for a run: all probes meet the same addresses, and a name cannot change under way."""

import _thread
import os
import sys
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING or "socket" in sys.modules:
    import socket as socket  # noqa: PLC0414 -- blocking takes it from here
else:
    # `socket` makes enums of all its numbers and loads selectors: a millisecond of each cold run. Whoever has it loaded
    # may have put something of theirs in its place (gevent, pytest-socket), and that is what is used then.
    import _socket as socket

ELSEWHERE = ("HOSTALIASES", "LOCALDOMAIN")
"""Variables by which the system's resolver finds another host of somebody's choice under a name: all of it where the
name has no dot, and without TLS nothing would tell."""
KEY_LOG = "SSLKEYLOGFILE"
"""OpenSSL, from 3.5 on and where it was built so, writes TLS secrets into the file that it names."""
Address = tuple[int, tuple[object, ...]]  # family, socket address


class Worker:
    """Does one thing in a thread that nobody has to wait for: one that waits for a silent server ends with the process.

    `threading` does more, for which a short run has no use, and takes half a millisecond of it.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._running = _thread.allocate_lock()

    def start(self) -> None:
        self._running.acquire()
        _thread.start_new_thread(self._do, ())

    def _do(self) -> None:
        try:
            self._work()
        finally:
            self._running.release()

    def ends_within(self, seconds: float) -> bool:
        """Wait until the work is done, at most so long; say whether it is."""
        if not self._running.acquire(timeout=min(max(seconds, 0), _thread.TIMEOUT_MAX)):
            return False
        self._running.release()
        return True


class Resolver:
    """Resolves each host once for a run, so that all probes meet the same addresses; bounded by a deadline."""

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._looking = _thread.allocate_lock()
        self._seen: dict[tuple[str, int, str], str] = {}
        self._pending: dict[tuple[str, int], tuple[Worker, list[list[Address] | OSError]]] = {}

    def resolve(self, host: str, port: int, seconds: float) -> list[Address]:
        """Socket addresses in the system's order. Raises socket.gaierror or TimeoutError."""
        with self._lock:
            if (host, port) not in self._pending:
                box: list[list[Address] | OSError] = []
                worker = Worker(lambda: box.append(look_up(host, port)))
                self._pending[host, port] = (worker, box)
                worker.start()
            worker, box = self._pending[host, port]
        worker.ends_within(seconds)  # getaddrinfo knows no deadline of its own
        if not box:
            raise TimeoutError
        if isinstance(box[0], OSError):
            raise box[0]
        return box[0]

    def once(self, key: tuple[str, int, str], look: Callable[[], str]) -> str:
        """What `look` says of an endpoint, looked at once for a run; `key` is the endpoint and the question."""
        with self._looking:
            if key not in self._seen:
                self._seen[key] = look()
            return self._seen[key]


def look_up(host: str, port: int) -> "list[Address] | OSError":
    """Ask the system, however long that takes. As bytes: a str would pull in the idna codec, and the name is an A-label
    already. Variables do not say whom a name means."""
    take_away()
    try:
        found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError:
        return socket.gaierror(socket.EAI_NONAME, "not a valid host name")
    return [(family, address) for family, _, _, _, address in found]


def take_away() -> None:
    """Take the variables from the C library. os.environ, which is the caller's, stays as it is."""
    for variable in (*ELSEWHERE, KEY_LOG):
        os.unsetenv(variable)
