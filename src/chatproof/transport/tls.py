"""TLS for the client side: the system's trust store, certificates as evidence, failures by name.

Imported only for https: the ssl module costs as much as a bare interpreter start.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys

from chatproof.printable import cut, escape
from chatproof.transport import resolver
from chatproof.transport.encrypted import Encrypted
from chatproof.wire.exchange import Certificate, Fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeGuard

_EXPIRED = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_MISMATCH = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_REFUSED = {
    7: "a signature in the chain is wrong",  # X509_V_ERR_CERT_SIGNATURE_FAILURE
    23: "the certificate was revoked",  # X509_V_ERR_CERT_REVOKED
    24: "a certificate in the chain signs others but is not an authority",  # X509_V_ERR_INVALID_CA, OpenSSL 1.1
    25: "a certificate in the chain signs more than its authority allows",  # X509_V_ERR_PATH_LENGTH_EXCEEDED
    26: "the certificate is not for a server",  # X509_V_ERR_INVALID_PURPOSE
    32: "a certificate in the chain signs others but is not allowed to",  # X509_V_ERR_KEYUSAGE_NO_CERTSIGN
    47: "the certificate's name is one that its authority may not certify",  # X509_V_ERR_PERMITTED_VIOLATION
    48: "the certificate's name is one that its authority may not certify",  # X509_V_ERR_EXCLUDED_VIOLATION
    66: "the certificate's key is too weak",  # X509_V_ERR_EE_KEY_TOO_SMALL
    67: "the key of an authority in the chain is too weak",  # X509_V_ERR_CA_KEY_TOO_SMALL
    68: "a certificate in the chain is signed with a weak digest, such as SHA-1",  # X509_V_ERR_CA_MD_TOO_WEAK
    79: "a certificate in the chain signs others but is not an authority",  # X509_V_ERR_INVALID_CA
}
"""What is wrong with a certificate whose authority may well be trusted. The diagnosis tells these by their words."""
_OF_OUR_CERTIFICATE = (
    "CERTIFICATE_REQUIRED",  # TLS 1.3 has an alert of its own for it
    "ALERT_BAD_CERTIFICATE",
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "ALERT_CERTIFICATE_REVOKED",
    "ALERT_CERTIFICATE_EXPIRED",
    "ALERT_CERTIFICATE_UNKNOWN",
    "ALERT_UNKNOWN_CA",
    "ALERT_ACCESS_DENIED",
)
"""Alerts that a server sends about a certificate are about its client's: its own is judged here, and by no alert."""
ASKS = "the server asks for a client certificate"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


_MOST_READ = 64
_read: dict[bytes, Certificate] = {}
"""What certificates say. A fleet meets the same one a thousand times; to take one apart costs as much as to send."""


class TrustError(Exception):
    """The authority file given cannot be used."""


class ClientCertificateError(Exception):
    """Our own certificate or its key cannot be used."""


def context(ca_file: str = "", ca_data: bytes | None = None) -> ssl.SSLContext:
    """A verifying context. Raises TrustError for a bad `ca_file`, or where the system has no authorities.

    `ca_data` are the bytes of `ca_file`, where they were read before: what was approved is what is used.

    SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE are not obeyed: who sets a variable must not be able to make us
    trust another authority or write the session's secrets to a file. `doctor` names them when they are set.
    """
    resolver.take_away()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    made.hostname_checks_common_name = False  # RFC 9525: a host is named by the subject alternative name only
    if ca_file:
        # Comments of a PEM file may be in any encoding; certificates are ASCII.
        text = (_authorities(ca_file) if ca_data is None else ca_data).decode("ascii", "replace")
        try:
            made.load_verify_locations(cadata=text)
        except (ssl.SSLError, ValueError):
            raise TrustError(f"cannot use {ca_file}: not a PEM file of certificates") from None
        return made
    paths = ssl.get_default_verify_paths()
    if _hashed(paths.openssl_capath):
        made.load_verify_locations(capath=paths.openssl_capath)  # read on demand: far cheaper than a bundle
    elif sys.platform == "win32" and not _bundle():
        _load_windows(made)
    else:  # load_default_certs would obey SSL_CERT_FILE and SSL_CERT_DIR
        made.load_verify_locations(cafile=bundle())
    return made


def bundle() -> str:
    """The system's authorities as one file, whatever variables say. Raises TrustError where there is none."""
    if found := _bundle():
        return found
    said = "this system has no store of certificate authorities: install its ca-certificates, or use --ca-file"
    raise TrustError(said)


def _bundle() -> str:
    paths = (ssl.get_default_verify_paths().openssl_cafile, *_BUNDLES)
    return next((path for path in paths if os.path.isfile(path)), "")


def _authorities(path: str) -> bytes:
    from chatproof.files import safe_files

    try:
        data, others = safe_files.read(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise TrustError(f"cannot use {path}: {reason}") from None
    if others:
        raise TrustError(f"cannot use {path}: {others}, who could then read what is sent; chmod go-w it")
    return data


def _load_windows(made: ssl.SSLContext) -> None:
    """The system's store, and not what SSL_CERT_FILE names."""
    for store in ("CA", "ROOT"):
        for certificate, encoding, trust in getattr(ssl, "enum_certificates")(store):  # noqa: B009  # only there
            if encoding == "x509_asn" and (trust is True or "1.3.6.1.5.5.7.3.1" in trust):
                made.load_verify_locations(cadata=certificate)


def _hashed(folder: str) -> bool:
    """The folder is prepared by c_rehash: OpenSSL looks certificates up in it by name, such as 3513523f.0."""
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.endswith(".0") for entry in entries)
    except OSError:
        return False


def wrapped(context: ssl.SSLContext, sock: socket.socket, host: str) -> Encrypted:
    """The socket as one that will speak TLS; its handshake is not made yet."""
    return Encrypted(context, sock, host.encode("ascii"))  # as bytes, for the reason given in Resolver


def certificate(sock: Encrypted) -> Certificate | None:
    """Subject, issuer and expiry of the verified peer certificate."""
    raw = sock.getpeercert(binary_form=True) if sock.context.verify_mode is ssl.CERT_REQUIRED else None
    if raw is None:
        return None
    known = _read.get(raw)
    if known is None:
        found: dict[str, Any] = sock.getpeercert() or {}
        until = _rfc3339(found["notAfter"])
        known = Certificate(_name(found.get("subject", ())), _name(found.get("issuer", ())), until)
        if len(_read) >= _MOST_READ:  # by another thread, too: what was read is returned, not looked up
            _read.clear()
        _read[raw] = known
    return known


def _rfc3339(text: str) -> str:
    """OpenSSL's `Jun  1 12:00:00 2026 GMT` in RFC 3339. By hand: strptime loads locale, calendar and datetime."""
    month, day, time, year = text.split()[:4]
    return f"{year}-{_MONTHS.index(month) + 1:02d}-{int(day):02d}T{time}Z"


def _name(parts: Any) -> str:
    return cut(escape(", ".join(f"{key}={value}" for group in parts for key, value in group)), 200)


def is_error(error: OSError) -> TypeGuard[ssl.SSLError]:
    """Whether it is TLS that failed, and not the connection below it."""
    return isinstance(error, ssl.SSLError)


def fault(error: ssl.SSLError) -> Fault:
    """Which TLS fault this is. OpenSSL's texts are fixed strings; still, they are escaped."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = cut(escape(error.verify_message or "certificate verify failed"), 200)
        if error.verify_code in _EXPIRED:
            return Fault("tls.expired", "tls", said)
        if error.verify_code in _MISMATCH:
            return Fault("tls.hostname_mismatch", "tls", said)
        reason = _REFUSED.get(error.verify_code)
        return Fault("tls.untrusted", "tls", f"{reason} (OpenSSL: {said})" if reason else said)
    if isinstance(error, ssl.SSLEOFError):
        return Fault("tls.protocol", "tls", "the server closed the connection during the handshake")
    reason = cut(escape(error.reason or "TLS error").replace("_", " ").lower(), 200)
    if any(name in (error.reason or "") for name in _OF_OUR_CERTIFICATE):
        return Fault("tls.client_certificate", "tls", f"{ASKS} ({reason})")
    return Fault("tls.protocol", "tls", reason)
