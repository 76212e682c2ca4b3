"""A loopback server that answers with bytes as they are: `/ID/v1/chat/completions` gets the bytes kept under ID."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

CLOSE, RESET, HANG, KEEP = "close", "reset", "hang", "keep"
LONGEST = 6.0  # seconds that an answer may take: some never end by themselves
MOST = 32 * 1024 * 1024  # bytes of an answer


class Answer(NamedTuple):
    """Makes the pieces anew for each request; `end` is what becomes of the connection afterwards."""

    pieces: Callable[[], Iterable[bytes]]
    end: str = CLOSE
    pause: float = 0.0


# A redirect in the bytes may lead elsewhere on this server.
_LOST = Answer(lambda: [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"], KEEP)


class Replay:
    """Serves `answers` in daemon threads from the moment it is made."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, id: str) -> str:
        return f"http://127.0.0.1:{self.port}/{id}/v1"

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            sock.settimeout(10)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with sock.makefile("rb") as stream:
                while (id := _request(stream)) is not None:
                    answer = self.answers.get(id, _LOST)
                    self._play(sock, answer)
                    if answer.end != KEEP:
                        return
        except OSError:
            pass  # the client went away
        finally:
            sock.close()

    def _play(self, sock: socket.socket, answer: Answer) -> None:
        until, left = time.monotonic() + LONGEST, MOST
        for number, piece in enumerate(answer.pieces()):
            if number and answer.pause:
                time.sleep(answer.pause)
            sock.sendall(piece)
            left -= len(piece)
            if left < 0 or time.monotonic() > until:
                return
        if answer.end == HANG:
            sock.recv(1)
        elif answer.end == RESET:
            time.sleep(0.05)  # what was sent must arrive first
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif answer.end == CLOSE:
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(0.5)
            while sock.recv(65536):
                pass


def _request(stream: object) -> str | None:
    """The id in the path of the next request, whose body is read to its end; None when there is none."""
    line: bytes = stream.readline(65536)  # type: ignore[attr-defined]
    if not line.strip():
        return None
    length = 0
    while (header := stream.readline(65536)) not in (b"\r\n", b"\n", b""):  # type: ignore[attr-defined]
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if length:
        stream.read(length)  # type: ignore[attr-defined]
    return line.split(b" ")[1].split(b"/")[1].decode()
