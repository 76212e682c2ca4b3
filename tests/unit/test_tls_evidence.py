"""The reader of certificates nobody vouches for: right on real ones, silent on any other bytes."""

import ssl
from datetime import UTC, datetime

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from chatproof.transport.unverified_peer import Certificate, read_certificate
from tests.transport_support import looked


def made(*names: str, **dates: datetime) -> bytes:
    pem = trustme.CA().issue_cert(*names, **dates).cert_chain_pems[0].bytes().decode()
    return ssl.PEM_cert_to_DER_cert(pem)


DER = made("a.test", "*.b.test", "127.0.0.1", "::1")


def test_dates_and_names() -> None:
    der = made("a.test", "127.0.0.1", not_before=datetime(2019, 5, 6, tzinfo=UTC), not_after=datetime(2051, 1, 2, 3, 4, 5, tzinfo=UTC))  # fmt: skip
    found = read_certificate(der)
    assert found is not None and found.issuer.startswith("O=trustme v") and ", OU=Testing CA #" in found.issuer
    assert found[:5] == Certificate("2019-05-06T00:00:00Z", "2051-01-02T03:04:05Z", ("a.test", "127.0.0.1"))[:5]
    found = read_certificate(DER)
    assert found is not None and found.names == ("a.test", "*.b.test", "127.0.0.1", "0000:0000:0000:0000:0000:0000:0000:0001")  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(DER)), st.binary(max_size=8), st.integers(0, 40))
def test_any_bytes_are_a_certificate_or_none(at: int, noise: bytes, cut: int) -> None:
    for der in (DER[:at] + noise + DER[at + len(noise) :], DER[:at] + noise, DER[at:], noise, DER[: len(DER) - cut]):
        found = read_certificate(der)
        assert found is None or len(found.not_after) == 20


def test_a_hostile_length_costs_nothing() -> None:
    for der in (b"\x30\x84\xff\xff\xff\xff" + b"a" * 9, b"\x30\x80" * 50_000, b"\x30\x83\x03\x0d\x40" + b"\x30\x00" * 99_999, b""):  # fmt: skip
        assert read_certificate(der) is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nX: \x1b[2J", 'plain HTTP: "HTTP/1.1 400'),
        (bytes.fromhex("160301003a020000360301") + b"\0" * 60, "the server offered TLS 1.0"),
        (b"SSH-2.0-x", ""),
        (b"", ""),
    ],
)
def test_what_else_may_answer(answer: bytes, words: str) -> None:
    answers = iter([answer, b""])
    said = looked("h.test", lambda data: next(answers))
    assert said.startswith(words) if not words else words in said
    assert said.isprintable() and bool(said) == bool(words)


def test_names_are_escaped_and_counted() -> None:
    """Through a whole handshake, without a socket."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(*(f"n{i}.test" for i in range(7)), common_name="\x1b]0;x").configure_cert(server)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    side = server.wrap_bio(incoming, outgoing, server_side=True)

    def talk(data: bytes) -> bytes:
        incoming.write(data)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return outgoing.read()

    said = looked("elsewhere.test", talk)
    assert "its names: n0.test, n1.test, n2.test, n3.test, n4.test and 2 more" in said and said.isprintable()
