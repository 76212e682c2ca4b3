"""Upstreams that misbehave, for the gateways to stand in front of.

Run as a script it listens on ephemeral loopback ports and prints them as one JSON line:
{"slow": …, "closing": …, "half": …, "banner": …, "dead": …}.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable

# Well formed up to the point where it stops, so that only the length gives the truncation away.
HALF_BODY = b'{"id": "cut", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assis'
FULL_LENGTH = 640


def read_request(connection: socket.socket) -> None:
    """Take what the gateway sends first, so that our close is a FIN and not a reset."""
    connection.settimeout(2)
    try:
        connection.recv(65536)
    except OSError:
        pass


def end(connection: socket.socket) -> None:
    """Say that nothing follows and take the rest of the request: a close with bytes unread is a reset, at which a
    gateway may lose what it was told before."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(2)
    while connection.recv(65536):
        pass


def slow(connection: socket.socket) -> None:
    """Accept, then never answer, until the other side gives up."""
    connection.settimeout(60)
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass


def closing(connection: socket.socket) -> None:
    """Read the request and close without a byte."""
    read_request(connection)


def half(connection: socket.socket) -> None:
    """Promise a whole JSON body, send the first part, close."""
    read_request(connection)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {FULL_LENGTH}\r\n\r\n"
    connection.sendall(head.encode() + HALF_BODY)
    end(connection)


def banner(connection: socket.socket) -> None:
    """Speak another protocol."""
    connection.sendall(b"SSH-2.0-chatproof_is_not_http\r\n")
    end(connection)


def listener() -> socket.socket:
    """A bound, not yet listening socket on an ephemeral loopback port."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


def serve(sock: socket.socket, behave: Callable[[socket.socket], None]) -> None:
    """Accept for ever, one thread for each connection."""

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                behave(connection)
            except OSError:
                pass  # the gateway hung up first; it may

    while True:
        connection, _ = sock.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def main() -> None:
    """Listen on all of them, tell the ports, serve until killed."""
    ports: dict[str, int] = {}
    for behave in (slow, closing, half, banner):
        sock = listener()
        sock.listen(64)
        ports[behave.__name__] = sock.getsockname()[1]
        threading.Thread(target=serve, args=(sock, behave), daemon=True).start()
    # Bound but not listening: connections are refused, and nobody else can take the port meanwhile.
    dead = listener()
    ports["dead"] = dead.getsockname()[1]
    print(json.dumps(ports), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
