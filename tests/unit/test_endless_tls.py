"""Servers that never stop to speak TLS and say nothing: each exchange ends, in both drivers, and by a limit of its own."""

import hashlib
import hmac
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chatproof.contract.probe import build
from chatproof.surfaces.chat.probes import ROWS as PROBES
from chatproof.transport import tls
from chatproof.transport.steps import Options
from chatproof.wire.exchange import Exchange, Secret
from chatproof.wire.urls import parse_base_url
from tests.support import KEY
from tests.transport_support import DRIVERS, send_by

Talk = Callable[[socket.socket, Path], None]
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
TIMEOUT, TICKET = 4.0, bytes.fromhex("0400000e 00001c20 00000001 00 0001 78 0000")
AUTHORITY = trustme.CA()


def begins_again(sock: socket.socket, folder: Path) -> None:
    """HelloRequest, which a client passes over in a handshake (RFC 5246, 7.4.1.1), in place of an answer."""
    sock.recv(4096)
    while True:
        sock.sendall((b"\x16\3\3" + struct.pack(">H", 16384) + bytes(16384)) * 16)


def drips(sock: socket.socket, folder: Path) -> None:
    """The same, so slowly that no single wait is long."""
    sock.recv(4096)
    while True:
        sock.sendall(b"\x16\3\3\0\4" + bytes(4))
        time.sleep(0.2)


def gives_tickets(sock: socket.socket, folder: Path, first: bytes = b"") -> None:
    """A good handshake, perhaps a good reply, and then session tickets (RFC 8446, 4.6.1), nine hundred in a record."""
    encrypted = said(sock, folder / f"{sock.fileno()}.keys")
    encrypted(first, 23) if first else None
    while True:
        encrypted(TICKET * (16384 // len(TICKET)), 22)


def replies_and_gives_tickets(sock: socket.socket, folder: Path) -> None:
    gives_tickets(sock, folder, REPLY)


def said(sock: socket.socket, keys: Path) -> Callable[[bytes, int], None]:
    """Do a handshake and read a request; what encrypts and sends from then on, as no library lets one do it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.num_tickets, context.keylog_filename = ssl.TLSVersion.TLSv1_3, 0, str(keys)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    with context.wrap_socket(sock.dup(), server_side=True) as wrapped:
        wrapped.recv(65536)
        name = (wrapped.cipher() or ("",))[0]
    secret = bytes.fromhex(next(x for x in keys.read_text().splitlines() if x.startswith("SERVER_TRAFFIC")).split()[2])
    digest = hashlib.sha384 if name.endswith("SHA384") else hashlib.sha256

    def expanded(label: bytes, size: int) -> bytes:  # RFC 8446, 7.1
        given = struct.pack(">H", size) + bytes([len(label) + 6]) + b"tls13 " + label + b"\0\1"
        return hmac.new(secret, given, digest).digest()[:size]

    cipher, start = AESGCM(expanded(b"key", 32 if "256_GCM" in name else 16)), expanded(b"iv", 12)
    numbers = count()

    def send(data: bytes, kind: int) -> None:
        nonce = (int.from_bytes(start) ^ next(numbers)).to_bytes(12)
        head = b"\x17\3\3" + struct.pack(">H", len(data) + 17)
        sock.sendall(head + cipher.encrypt(nonce, data + bytes([kind]), head))

    return send


@pytest.fixture(params=DRIVERS)
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., tuple[Exchange, float]]]:
    listener = socket.create_server(("127.0.0.1", 0))
    ca_file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(ca_file))

    def talks(talk: Talk, sock: socket.socket) -> None:
        with sock:
            try:
                talk(sock, tmp_path)
            except OSError:
                return

    def accept(talk: Talk) -> None:
        while True:
            try:
                threading.Thread(target=talks, args=(talk, listener.accept()[0]), daemon=True).start()
            except OSError:
                return

    def made(talk: Talk, body: bytes = b"{}", timeout: float = TIMEOUT) -> tuple[Exchange, float]:
        threading.Thread(target=accept, args=(talk,), daemon=True).start()
        url = parse_base_url(f"https://localhost:{listener.getsockname()[1]}/v1")
        made = build(PROBES["happy"], url, "m", Secret(KEY), "Authorization: Bearer", "test/1")._replace(body=body)
        begun = time.monotonic()
        options = Options(timeout, tls=lambda: tls.context(str(ca_file)))
        return send_by(request.param, made, "happy", "x1", options), time.monotonic() - begun

    with listener:
        yield made


@pytest.mark.parametrize(
    ("talk", "phase"), [(begins_again, "tls"), (gives_tickets, "first_byte")], ids=["handshake", "tickets"]
)
def test_it_ends_where_no_data_comes(ask: Callable[..., tuple[Exchange, float]], talk: Talk, phase: str) -> None:
    found, took = ask(talk)
    assert found.fault is not None and found.fault[:2] == ("limit.size", phase)
    assert "256 KiB in TLS without a byte of data" in found.fault.detail and took < TIMEOUT + 1


def test_what_comes_slowly_ends_with_the_deadline(ask: Callable[..., tuple[Exchange, float]]) -> None:
    found, took = ask(drips, timeout=0.7)
    assert found.fault is not None and found.fault[:2] == ("limit.deadline", "tls") and took < 1.7


def test_a_reply_before_the_tickets_counts(ask: Callable[..., tuple[Exchange, float]]) -> None:
    found, took = ask(replies_and_gives_tickets)
    assert found.fault is None and found.response is not None and found.response.status == 200 and took < TIMEOUT


def test_a_large_request_waits_for_a_slow_reader(ask: Callable[..., tuple[Exchange, float]]) -> None:
    body, got = bytes(4_000_000), bytearray()

    def reads_late(sock: socket.socket, folder: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert("localhost").configure_cert(context)
        with context.wrap_socket(sock, server_side=True) as wrapped:
            time.sleep(0.3)
            while not got.endswith(body[:1000]) or len(got) < len(body):
                got.extend(wrapped.recv(65536))
            wrapped.sendall(REPLY)

    found, _ = ask(reads_late, body)
    assert found.response is not None and found.response.status == 200 and got.endswith(b"\r\n\r\n" + body)
