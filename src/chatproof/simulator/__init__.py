"""A conformant chat completions server on loopback, and its faults: what `chatproof smoke simulator` talks to.

It is no provider and proves nothing about one; every answer it writes carries `X-Simulator: chatproof`.
Faults are loaded only when one is asked for, `ssl` only for https: the first command a newcomer runs starts here.
"""

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from chatproof.simulator.chat import MODEL, respond
from chatproof.simulator.server import LOOPBACK, Respond, Server, bind, hang_up
from chatproof.simulator.wire import Asked, Reply, Script

if TYPE_CHECKING:
    import ssl

    from chatproof.simulator.fault import Fault

__all__ = ["Simulator", "start"]

_CERTS = os.path.join(os.path.dirname(__file__), "certs")
_CA_FILE = os.path.join(_CERTS, "ca.pem")


class Simulator:
    """A running simulator, or an address where a fault keeps one from running. `repr` does not show the key."""

    def __init__(
        self, base_url: str, key: str, fault: "Fault | None", parts: "tuple[Server | socket.socket, ...]"
    ) -> None:
        self.base_url = base_url
        self.key = key
        self.model = MODEL
        self.ca_file = ""
        self.proxy = ""
        self.timeout = fault.timeout if fault else 0.0  # seconds to allow an exchange; 0.0: the default
        self.stream = fault.stream if fault else False  # the fault only shows with --stream
        self._parts = parts

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        for part in self._parts:
            if isinstance(part, Server):
                part.stop()
            else:
                hang_up(part)


def new_key() -> str:
    """A key that opens one simulator and nothing else."""
    return f"sk-sim-{os.urandom(20).hex()}"


def start(
    fault: str = "", *, tls: bool = False, port: int = 0, seen: Callable[[Asked], None] | None = None
) -> Simulator:
    """Start the simulator in daemon threads on 127.0.0.1, on a free port unless one is given.

    `seen` is told of each request that a fault may answer. Raises KeyError for a fault that does not exist, OSError
    for a port that cannot be had.
    """
    key = new_key()
    if fault:
        return _start_faulty(fault, key, tls, port, seen)
    serving = Server(respond, key, port=port, tls=_context("good") if tls else None)
    simulator = Simulator(f"{'https' if tls else 'http'}://{LOOPBACK}:{serving.port}/v1", key, None, (serving,))
    simulator.ca_file = _CA_FILE if tls else ""
    return simulator


def _start_faulty(name: str, key: str, tls: bool, port: int, seen: Callable[[Asked], None] | None) -> Simulator:
    from chatproof.simulator.fault import BACKLOG_FULL, SERVE
    from chatproof.simulator.faults import ALL

    fault = ALL[name]
    place = fault.place
    certificate = place.certificate or ("good" if tls else "")
    parts: tuple[Server | socket.socket, ...]
    if place.listen == SERVE:
        serving = Server(_faulty(fault, key, seen), key, port=port, tls=_context(certificate) if certificate else None)
        parts, port = (serving,), serving.port
    else:
        silent = bind(LOOPBACK, port)
        port = silent.getsockname()[1]
        parts = (silent, *_fill_backlog(silent)) if place.listen == BACKLOG_FULL else (silent,)
    scheme = place.scheme or ("https" if certificate else "http")
    simulator = Simulator(f"{scheme}://{place.host}:{port}{place.path}", key, fault, parts)
    if scheme == "https" and place.trusted:
        simulator.ca_file = _CA_FILE
    if place.proxy:
        simulator.proxy = f"http://{LOOPBACK}:{port}"
    return simulator


def _faulty(fault: "Fault", key: str, seen: Callable[[Asked], None] | None = None) -> Respond:
    from chatproof.simulator.fault import Turn

    def answer(asked: Asked) -> Reply | Script:
        if seen is not None:
            seen(asked)
        turn = Turn(asked, respond(asked), key)
        return fault.alter(turn) if fault.when(turn) else turn.reply

    return answer


def _fill_backlog(listener: socket.socket) -> list[socket.socket]:
    """Clients that fill the queue of a listener that never accepts: Linux leaves further SYNs unanswered."""
    listener.listen(0)
    fillers = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(8)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    return fillers


def _context(name: str) -> "ssl.SSLContext":
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(_CERTS, f"{name}.pem"))
    context.set_alpn_protocols(["http/1.1"])
    return context
