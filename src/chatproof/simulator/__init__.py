"""A conformant chat completions server on loopback, and its faults: what `chatproof smoke simulator` talks to.

It is no provider and proves nothing about one; every answer it writes carries `X-Simulator: chatproof`.
Faults are loaded only when one is asked for, `ssl` only for https: the first command a newcomer runs starts here.
"""

import os
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chatproof.files import package_files
from chatproof.simulator.chat import MODEL, respond
from chatproof.simulator.server import LOOPBACK, Server, bind, hang_up
from chatproof.simulator.wire import Asked, Side

if TYPE_CHECKING:
    import ssl

    from chatproof.simulator.fault import Fault
    from chatproof.simulator.pace import Pace
    from chatproof.wire.exchange import Secret

__all__ = ["CHAT", "Simulator", "start"]


def _faults() -> "Mapping[str, Fault]":
    from chatproof.simulator import faults

    return faults.ALL


CHAT = Side(respond, MODEL, _faults)
"""The side of chat completions: how it answers, its model, its faults."""

_CERTS = os.path.join(os.path.dirname(__file__), "certs")
_CA_FILE = os.path.join(_CERTS, "ca.pem")


class Simulator:
    """A running simulator, or an address at which a fault prevents one. `repr` does not show the key.

    - `base_url`: for a target or an SDK, with its version
    - `key`: the key that it accepts; empty if `start` was given one
    - `model`: a model that it serves
    - `ca_file`: the authority of its certificate, for https; empty for http
    - `proxy`: the proxy to use, for faults of proxies; otherwise empty
    - `timeout`: seconds to allow an exchange so that the fault shows; 0.0: the default
    - `stream`: true if the fault shows only with a streaming request
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        fault: "Fault | None",
        parts: "tuple[Server | socket.socket, ...]",
        model: str = MODEL,
    ) -> None:
        self.base_url = base_url
        self.key = key
        self.model = model
        self.ca_file = ""
        self.proxy = ""
        self.timeout = fault.timeout if fault else 0.0
        self.stream = fault.stream if fault else False
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
    fault: str = "",
    *,
    tls: bool = False,
    port: int = 0,
    seen: Callable[[Asked], None] | None = None,
    key: "Secret | None" = None,
    pace: "Pace | None" = None,
    switchable: bool = False,
    side: Side = CHAT,
) -> Simulator:
    """Start the simulator in daemon threads on 127.0.0.1, on a free port unless one is given.

    `seen` is called with each request that a fault may answer. `key` is the key that it accepts, by default a new one;
    a given one is not repeated: `Simulator.key` is then empty. `pace` is how long answers take, by default no time.
    With `switchable` the fault can be changed while it runs: see `control`. `side` is the API that is served. Raises
    KeyError for a fault that does not exist, OSError for a port that is not available.
    """
    opens = key.reveal() if key is not None else new_key()
    if fault or switchable:
        simulator = _start_with_fault(fault, opens, tls, port, seen, pace, switchable, side)
    else:
        serving = Server(side.respond, opens, port=port, tls=_context("good") if tls else None, pace=pace)
        base_url = f"{'https' if tls else 'http'}://{LOOPBACK}:{serving.port}/v1"
        simulator = Simulator(base_url, opens, None, (serving,), side.model)
        simulator.ca_file = package_files.openable(_CA_FILE) if tls else ""
    if key is not None:
        simulator.key = ""
    return simulator


def _start_with_fault(
    name: str,
    key: str,
    tls: bool,
    port: int,
    seen: Callable[[Asked], None] | None,
    pace: "Pace | None",
    switchable: bool,
    side: Side,
) -> Simulator:
    from chatproof.simulator.control import Switch
    from chatproof.simulator.fault import BACKLOG_FULL, SERVE, Place

    fault = side.faults()[name] if name else None
    place = fault.place if fault else Place()
    certificate = place.certificate or ("good" if tls else "")
    parts: tuple[Server | socket.socket, ...]
    if place.listen == SERVE:
        tls_context = _context(certificate) if certificate else None
        serving = Server(Switch(side, key, fault, seen, switchable), key, port=port, tls=tls_context, pace=pace)
        parts, port = (serving,), serving.port
    else:
        silent = bind(LOOPBACK, port)
        port = silent.getsockname()[1]
        parts = (silent, *_fill_backlog(silent)) if place.listen == BACKLOG_FULL else (silent,)
    scheme = place.scheme or ("https" if certificate else "http")
    simulator = Simulator(f"{scheme}://{place.host}:{port}{place.path}", key, fault, parts, side.model)
    if scheme == "https" and place.trusted:
        simulator.ca_file = package_files.openable(_CA_FILE)
    if place.proxy:
        simulator.proxy = f"http://{LOOPBACK}:{port}"
    return simulator


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
    context.load_cert_chain(package_files.openable(os.path.join(_CERTS, f"{name}.pem")))
    context.set_alpn_protocols(["http/1.1"])
    return context
