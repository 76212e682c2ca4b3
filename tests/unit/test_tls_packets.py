"""How many packets a TLS connection costs, on a socket that keeps what each call sends."""

import ssl
from typing import Any

import pytest
import trustme

from chatproof.transport.encrypted import Encrypted

AUTHORITY = trustme.CA()


class Wire:
    """A socket whose other end is a TLS server in this process."""

    def __init__(self, version: ssl.TLSVersion, waits: bool) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = version
        AUTHORITY.issue_cert("localhost").configure_cert(context)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.side = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.waits, self.packets, self.read = waits, 0, b""

    def gettimeout(self) -> float:
        return 1.0 if self.waits else 0.0

    def send(self, data: memoryview) -> int:
        self.packets += 1
        self.incoming.write(data)
        for does in (self.side.do_handshake, self._answer):
            try:
                does()
            except ssl.SSLWantReadError:
                break
        return len(data)

    sendall = send

    def _answer(self) -> None:
        self.read += self.side.read()
        self.side.write(b"pong")

    def recv(self, most: int) -> bytes:
        data = self.outgoing.read(most)
        if not data:
            raise BlockingIOError
        return data


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize(
    ("version", "packets"),
    [
        (ssl.TLSVersion.TLSv1_3, 2),  # hello; finished with the request
        (ssl.TLSVersion.TLSv1_2, 3),  # hello; finished, which the server answers; the request
    ],
)
def test_no_packet_more_than_the_protocol_needs(waits: bool, version: ssl.TLSVersion, packets: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    AUTHORITY.configure_trust(context)
    wire: Any = Wire(version, waits)
    encrypted = Encrypted(context, wire, b"localhost")
    done = False
    while not done:
        try:
            encrypted.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            pass
    request = memoryview(b"ping")
    if waits:
        encrypted.sendall(request)
    else:
        assert encrypted.send(request) == len(request)
    assert not encrypted.unsent and (wire.read, wire.packets) == (b"ping", packets)
    assert encrypted.recv(100) == b"pong"
    assert not encrypted.pending(), "tickets and reply come in one portion"
