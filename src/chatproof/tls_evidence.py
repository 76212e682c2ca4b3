"""What a server shows when its handshake was refused: its certificate's dates and names, its version, its first bytes.

OpenSSL refuses a bad certificate without showing it. So a second handshake is made, unverified, on a connection of its
own, which ends before a byte of HTTP: neither key nor request is ever part of it. Everything read here is untrusted;
the reader of DER takes any bytes and never raises. Imported only after a failure.
"""

import ssl
from collections.abc import Callable, Iterator
from typing import NamedTuple

from chatproof.printable import cut, escape, snippet

_MOST = 128 * 1024  # bytes of a server's side of a handshake
_NAMES = 5
_SUBJECT_ALT_NAME = bytes.fromhex("551d11")
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_SEQUENCE, _OCTETS, _OID, _VERSION, _EXTENSIONS = 0x30, 0x04, 0x06, 0xA0, 0xA3
_DNS_NAME, _ADDRESS = 0x82, 0x87
_VERSIONS = {b"\3\0": "SSL 3.0", b"\3\1": "TLS 1.0", b"\3\2": "TLS 1.1"}


class Certificate(NamedTuple):
    """Times as YYYY-MM-DDThh:mm:ssZ; names as in the subject alternative name, not yet escaped."""

    not_before: str
    not_after: str
    names: tuple[str, ...]


def look(host: str, talk: Callable[[bytes], bytes]) -> str:
    """A phrase for the evidence; empty when there is nothing to say. `talk` sends bytes and returns what came back."""
    received, der = _handshake(host, talk)
    if received.startswith(b"HTTP/"):
        return f"what answers is plain HTTP: {snippet(received, 40)}"
    if received[:1] == b"\x16" and received[5:6] == b"\2" and received[9:11] in _VERSIONS:
        return f"the server offered {_VERSIONS[received[9:11]]}, where TLS 1.2 or newer is wanted"
    found = read_certificate(der)
    if found is None:
        return ""
    names = ", ".join(cut(escape(name), 80) for name in found.names[:_NAMES]) or "none"
    more = f" and {len(found.names) - _NAMES} more" if len(found.names) > _NAMES else ""
    return f"the certificate is valid from {found.not_before} to {found.not_after}; its names: {names}{more}"


def _handshake(host: str, talk: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
    """(what the server sent, its certificate in DER): both perhaps empty."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    side = context.wrap_bio(incoming, outgoing, server_hostname=host.encode("ascii"))
    received = b""
    while len(received) < _MOST:
        try:
            side.do_handshake()
            return received, side.getpeercert(binary_form=True) or b""
        except ssl.SSLWantReadError:
            data = talk(outgoing.read())
        except (ssl.SSLError, ValueError):
            break
        if not data:
            break
        received += data
        incoming.write(data)
    return received, b""


def read_certificate(der: bytes) -> Certificate | None:
    """The dates and names of an X.509 certificate; None for bytes that are none."""
    try:
        _, whole = next(_items(der))
        _, to_be_signed = next(_items(whole))
        fields = [(tag, value) for tag, value in _items(to_be_signed) if tag != _VERSION]
        # serial number, algorithm, issuer, validity, subject, public key, then what is optional
        begins, ends = (_time(tag, value) for tag, value in _items(fields[3][1]))
        extensions = next((value for tag, value in fields[6:] if tag == _EXTENSIONS), b"")
    except (StopIteration, IndexError, ValueError):
        return None
    return Certificate(begins, ends, tuple(_names(extensions)))


def _items(der: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of each element. Raises IndexError or ValueError for what is cut or too large."""
    at = 0
    while at < len(der):
        tag, size, at = der[at], der[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 3:
                raise ValueError("length")
            size, at = int.from_bytes(der[at : at + count]), at + count
        if at + size > len(der):
            raise ValueError("cut")
        yield tag, der[at : at + size]
        at += size


def _time(tag: int, value: bytes) -> str:
    digits = value.decode("ascii").removesuffix("Z")
    if tag == _UTC_TIME and len(digits) == 12:
        digits = ("19" if digits >= "5" else "20") + digits
    if tag not in (_UTC_TIME, _GENERALIZED_TIME) or len(digits) != 14 or not digits.isdigit():
        raise ValueError("time")
    year, month, day, hour, minute, second = digits[:4], *(digits[i : i + 2] for i in range(4, 14, 2))
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"


def _names(extensions: bytes) -> Iterator[str]:
    try:
        _, listed = next(_items(extensions))
        for _, extension in _items(listed):
            parts = [*_items(extension)]
            if parts[0] == (_OID, _SUBJECT_ALT_NAME):
                _, names = next(_items(parts[-1][1]))
                for tag, value in _items(names):
                    if tag == _DNS_NAME:
                        yield value.decode("latin-1")
                    elif tag == _ADDRESS:
                        yield _address(value)
    except (StopIteration, IndexError, ValueError):
        return


def _address(value: bytes) -> str:
    if len(value) == 4:
        return ".".join(str(part) for part in value)
    return ":".join(value[i : i + 2].hex() for i in range(0, len(value), 2))
