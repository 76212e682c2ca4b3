"""The rogue server: plain sockets, one thread for each connection, each playing a script. Keeps what it was sent."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import NamedTuple

from tests.rogue.row import Act, Row, Turn, Wait, nobody
from tests.rogue.wire import GOOD

LONGEST = 12.0  # seconds for which a connection is entertained at most
MOST = 300 * 1024 * 1024  # bytes sent on one connection at most
LINGER = b"\1\0\0\0\0\0\0\0"


class Seen(NamedTuple):
    """One connection: which probe it was, and every byte the client sent (inside TLS, if that was spoken)."""

    probe: str
    data: bytes


class Listener:
    """Accepts on loopback until closed, each connection in a thread of its own."""

    def __init__(self, address: str, port: int = 0, backlog: int = 64) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, port))
        self.socket.listen(backlog)
        self.port: int = self.socket.getsockname()[1]
        self.connections = 0
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()

    def serve(self, peer: socket.socket) -> None:
        """Override: the connection is closed afterwards."""

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            worker = threading.Thread(target=self._entertain, args=(peer,), daemon=True)
            self._threads.append(worker)
            worker.start()

    def _entertain(self, peer: socket.socket) -> None:
        with peer, suppress(OSError, ssl.SSLError):
            self.serve(peer)

    def close(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.socket.close()
        for thread in self._threads:
            thread.join(LONGEST)


class Rogue(Listener):
    """The server of one row. `trap` is a second port, which nobody has any business at."""

    def __init__(self, row: Row, key: str, context: ssl.SSLContext | None) -> None:
        place = row.place
        super().__init__(place.address, backlog=0 if place.full else 64)
        self.trap = Listener("127.0.0.1", self.port if place.twin else 0)
        self.trap.start()
        self.row, self.key, self.context = row, key, context
        self.seen: list[Seen] = []
        self._fillers: list[socket.socket] = []
        if place.full:
            self._fill()
        else:
            self.start()

    def _fill(self) -> None:
        """Connections that are never accepted, until the kernel answers no further SYN."""
        for _ in range(4):
            filler = socket.socket()
            filler.settimeout(0.2)
            self._fillers.append(filler)
            with suppress(OSError):
                filler.connect((self.row.place.address, self.port))

    def close(self) -> None:
        for filler in self._fillers:
            filler.close()
        super().close()
        self.trap.close()

    def serve(self, peer: socket.socket) -> None:
        peer.settimeout(LONGEST)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context is not None:
            with self.context.wrap_socket(peer, server_side=True) as wrapped:
                self._converse(wrapped)
        else:
            self._converse(peer)

    def _converse(self, peer: socket.socket) -> None:
        place = self.row.place
        data = b"" if place.unread else _request(peer, ends_with_head=place.proxy or place.prompt > 0, raw=place.raw)
        probe = self._probe(data)
        self.seen.append(Seen(probe, data))
        if probe in self.row.on or place.unread or place.raw or place.proxy:
            self._play(peer, Turn(probe, self.key, self.port, self.trap.port))
        else:
            peer.sendall(GOOD[probe])
            _close(peer)

    def _probe(self, data: bytes) -> str:
        head = data.partition(b"\r\n\r\n")[0]
        if head.startswith(b"GET "):
            return "models"
        if b'"stream": true' in data:
            return "stream"
        if b"\r\nauthorization: " not in head.lower():
            return "auth.missing_key"
        return "happy" if self.key.encode() in head else "auth.invalid_key"

    def _play(self, peer: socket.socket, turn: Turn) -> None:
        begun, sent = time.monotonic(), 0
        for step in self.row.script(turn):
            if isinstance(step, Wait):
                time.sleep(step.seconds)
            elif isinstance(step, bytes):
                peer.sendall(step)
                sent += len(step)
            elif step is Act.SHUT:
                peer.shutdown(socket.SHUT_WR)
            elif step is Act.RESET:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
                return
            elif step is Act.DROP:
                return
            elif step is Act.HANG:
                _until_gone(peer)
                return
            if time.monotonic() - begun > LONGEST or sent > MOST:
                return
        _close(peer)


def _request(peer: socket.socket, *, ends_with_head: bool, raw: bool) -> bytes:
    """One request: its head, and the body that Content-Length announces; with `raw` whatever comes first."""
    data = peer.recv(65536)
    while not raw and b"\r\n\r\n" not in data and len(data) < 1 << 20:
        more = peer.recv(65536)
        if not more:
            return data
        data += more
    if ends_with_head or raw:
        return data
    head, _, body = data.partition(b"\r\n\r\n")
    size = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < size:
        more = peer.recv(65536)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body


def _close(peer: socket.socket) -> None:
    """FIN, and what the client still sends is read: closing with unread bytes would turn the FIN into an RST."""
    if isinstance(peer, ssl.SSLSocket):
        with suppress(OSError):
            peer.unwrap()
        return
    peer.shutdown(socket.SHUT_WR)
    _until_gone(peer, 3.0)


def _until_gone(peer: socket.socket, seconds: float = LONGEST) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        peer.settimeout(left)
        if not peer.recv(65536):
            return


__all__ = ["Listener", "Rogue", "Seen", "nobody"]
