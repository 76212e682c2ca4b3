"""What a server shows when its handshake was refused: its certificate's dates and names, its version, its first bytes.

OpenSSL refuses a bad certificate without showing it. So a second handshake is made, unverified, on a connection of its
own, which ends before a byte of HTTP: neither key nor request is ever part of it. Everything read here is untrusted;
the reader of DER takes any bytes and never raises. Imported only after a failure. No I/O here: the questions are steps
on a connection that stands, which end at `until`.
"""

import ssl
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from chatproof.printable import cut, escape, snippet
from chatproof.transport import known_issuers
from chatproof.transport.steps import Receive, Send

if TYPE_CHECKING:
    from chatproof.transport.steps import Steps

_MOST = 128 * 1024  # bytes of a server's side of a handshake
_NAMES = 5
_SUBJECT_ALT_NAME, _COMMON_NAME = bytes.fromhex("551d11"), bytes.fromhex("550403")
_ORGANIZATION, _UNIT = bytes.fromhex("55040a"), bytes.fromhex("55040b")
_SHOWN_OF_A_NAME = {_COMMON_NAME: "CN", _ORGANIZATION: "O", _UNIT: "OU"}
_ISSUER_ADDRESS = bytes.fromhex("2b06010505073002")  # id-ad-caIssuers: where the issuer's certificate can be fetched
_WEAK = {
    bytes.fromhex("2a864886f70d010104"): "MD5",  # md5WithRSAEncryption
    bytes.fromhex("2a864886f70d010105"): "SHA-1",  # sha1WithRSAEncryption
    bytes.fromhex("2a8648ce3d0401"): "SHA-1",  # ecdsa-with-SHA1
    bytes.fromhex("2a8648ce380403"): "SHA-1",  # id-dsa-with-sha1
}
"""Digests that no client trusts in a signature any more, by the signature algorithm's object identifier."""
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_SEQUENCE, _OCTETS, _OID, _VERSION, _EXTENSIONS = 0x30, 0x04, 0x06, 0xA0, 0xA3
_DNS_NAME, _ADDRESS = 0x82, 0x87
NO_NAMES = "it has no subject alternative name"
_ALERT, _HANDSHAKE, _SERVER_HELLO, _CERTIFICATE_REQUEST = 21, 22, 2, 13  # RFC 5246, 6.2.1 and 7.4
_VERSIONS = {b"\3\0": "SSL 3.0", b"\3\1": "TLS 1.0", b"\3\2": "TLS 1.1"}


class Certificate(NamedTuple):
    """Times as YYYY-MM-DDThh:mm:ssZ; names as in the subject alternative name, not yet escaped. `common_name` is empty
    when there is none; `weak_digest` is that of the signature, empty when it is a good one or not known. `issuer` and
    `subject` are those parts of the names that a person would know them by."""

    not_before: str
    not_after: str
    names: tuple[str, ...]
    common_name: str = ""
    weak_digest: str = ""
    issuer: str = ""
    subject: str = ""


def look(host: str, until: float, now: Callable[[], float]) -> "Steps[str]":
    """A phrase for the evidence; empty when there is nothing to say."""
    received, chain = yield from _handshake(host, until, now)
    if received.startswith(b"HTTP/"):
        return f"what answers is plain HTTP: {snippet(received, 40)}"
    if received[:1] == b"\x16" and received[5:6] == b"\2" and received[9:11] in _VERSIONS:
        return f"the server offered {_VERSIONS[received[9:11]]}, where TLS 1.2 or newer is wanted"
    found = read_certificate(chain[0]) if chain else None
    if found is None:
        return ""
    dates = f"the certificate is valid from {found.not_before} to {found.not_after}"
    # Our own words come first: the diagnosis reads them, and must not read the words of a stranger's certificate.
    return f"{_vouched(found, chain)}{dates}; {_named(found)}{_issued(found)}{_signed(found)}"


def speaks_tls(host: str, until: float, now: Callable[[], float]) -> "Steps[str]":
    """`yes` if the port answers a handshake as TLS does; else empty."""
    received, _ = yield from _handshake(host, until, now)
    hello = received[:1] == bytes([_HANDSHAKE]) and received[5:6] == bytes([_SERVER_HELLO])
    alert = received[:1] == bytes([_ALERT]) and received[3:5] == b"\0\2"
    return "yes" if received[1:2] == b"\3" and (hello or alert) else ""


def asks_for_a_certificate(host: str, until: float, now: Callable[[], float]) -> "Steps[str]":
    """`yes` if the server asks its clients for a certificate; else empty. In TLS 1.2, where that can be seen."""
    received, _ = yield from _handshake(host, until, now, ssl.TLSVersion.TLSv1_2)
    return "yes" if _CERTIFICATE_REQUEST in _messages(received) else ""


def _messages(received: bytes) -> Iterator[int]:
    """The types of the handshake messages that came before the encrypted part, over the borders of records."""
    joined, at = b"", 0
    while received[at : at + 1] == bytes([_HANDSHAKE]):
        size = int.from_bytes(received[at + 3 : at + 5])
        joined, at = joined + received[at + 5 : at + 5 + size], at + 5 + size
    at = 0
    while at + 4 <= len(joined):
        yield joined[at]
        at += 4 + int.from_bytes(joined[at + 1 : at + 4])


def _vouched(found: Certificate, chain: tuple[bytes, ...]) -> str:
    """Who stands behind the certificate, and whether the server sent what is needed to follow it."""
    if known := known_issuers.of_issuer(found.issuer):
        return f"{known}; "
    if found.issuer and found.issuer == found.subject:
        return "the certificate is signed by itself; "
    sent = [read_certificate(der) for der in chain[1:]]
    if any(other is not None and other.subject == found.issuer for other in sent):
        return ""
    count = "1 certificate" if len(chain) == 1 else f"{len(chain)} certificates"
    fetched = ", which browsers fetch by themselves" if _ISSUER_ADDRESS in chain[0] else ""
    return f"the server sent {count} and not that of the issuer{fetched}; "


def _issued(found: Certificate) -> str:
    return f"; its issuer: {cut(escape(found.issuer), 120)}" if found.issuer else ""


def _named(found: Certificate) -> str:
    if found.names:
        more = f" and {len(found.names) - _NAMES} more" if len(found.names) > _NAMES else ""
        return f"its names: {', '.join(cut(escape(name), 80) for name in found.names[:_NAMES])}{more}"
    common = f"; its common name is {cut(escape(found.common_name), 80)}" if found.common_name else ""
    return f"{NO_NAMES}{common}"


def _signed(found: Certificate) -> str:
    return f"; it is signed with {found.weak_digest}" if found.weak_digest else ""


def _handshake(
    host: str, until: float, now: Callable[[], float], newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
) -> "Steps[tuple[bytes, tuple[bytes, ...]]]":
    """(what the server sent, its certificates in DER, its own first): both perhaps empty."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = newest
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    side = context.wrap_bio(incoming, outgoing, server_hostname=host.encode("ascii"))
    received = b""
    while len(received) < _MOST and now() < until:  # a server that sends byte by byte would buy time with each of them
        try:
            side.do_handshake()
            return received, _sent(side)
        except ssl.SSLWantReadError:
            try:
                yield Send(outgoing.read, until)
                data, _ = yield Receive(16384, until)
            except OSError:  # what came before the connection went is telling
                break
        except (ssl.SSLError, ValueError):
            break
        if not data:
            break
        received += data
        incoming.write(data)
    return received, ()


def _sent(side: ssl.SSLObject) -> tuple[bytes, ...]:
    """All certificates that came. Python shows them since 3.13; before, only the object inside does."""
    own = side.getpeercert(binary_form=True) or b""
    inner = side if hasattr(side, "get_unverified_chain") else getattr(side, "_sslobj", None)
    shown: Any = getattr(inner, "get_unverified_chain", tuple)() or ()
    made = [each if isinstance(each, bytes) else ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in shown]
    return (own, *made[1:]) if own else ()


def read_certificate(der: bytes) -> Certificate | None:
    """The dates and names of an X.509 certificate; None for bytes that are none."""
    try:
        _, whole = next(_items(der))
        _, to_be_signed = next(_items(whole))
        fields = [(tag, value) for tag, value in _items(to_be_signed) if tag != _VERSION]
        # serial number, algorithm, issuer, validity, subject, public key, then what is optional
        begins, ends = (_time(tag, value) for tag, value in _items(fields[3][1]))
        extensions = next((value for tag, value in fields[6:] if tag == _EXTENSIONS), b"")
        weak = _WEAK.get(next((value for tag, value in _items(fields[1][1]) if tag == _OID), b""), "")
        issuer, subject = _readable(fields[2][1]), _readable(fields[4][1])
        common_name = _common_name(fields[4][1])
    except (StopIteration, IndexError, ValueError):
        return None
    return Certificate(begins, ends, tuple(_names(extensions)), common_name, weak, issuer, subject)


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


def _common_name(subject: bytes) -> str:
    """The last one: the most specific, as a name is written from the general to the particular."""
    found = [value for oid, value in _attributes(subject) if oid == _COMMON_NAME]
    return found[-1] if found else ""


def _readable(name: bytes) -> str:
    """A name as people write it: `O=Example, CN=Example Authority`."""
    shown = [f"{_SHOWN_OF_A_NAME[oid]}={value}" for oid, value in _attributes(name) if oid in _SHOWN_OF_A_NAME]
    return ", ".join(shown)


def _attributes(name: bytes) -> Iterator[tuple[bytes, str]]:
    for _, group in _items(name):
        for _, attribute in _items(group):
            parts = [*_items(attribute)]
            if parts[0][0] == _OID:
                yield parts[0][1], parts[-1][1].decode("utf-8", "replace")


def _address(value: bytes) -> str:
    if len(value) == 4:
        return ".".join(str(part) for part in value)
    return ":".join(value[i : i + 2].hex() for i in range(0, len(value), 2))
