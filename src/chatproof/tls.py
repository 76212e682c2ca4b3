"""TLS for the client side: the system's trust store, certificates as evidence, failures by name.

Imported only for https: the ssl module costs as much as a bare interpreter start.
"""

import os
import ssl
from typing import Any

from chatproof.exchange import Certificate, Fault
from chatproof.printable import cut, escape

_EXPIRED = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_MISMATCH = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


class TrustError(Exception):
    """The authority file given cannot be used."""


def context(ca_file: str = "") -> ssl.SSLContext:
    """A verifying context. Raises TrustError for a bad `ca_file`.

    SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE are not obeyed: who sets a variable must not be able to make us
    trust another authority or write the session's secrets to a file. `doctor` names them when they are set.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    if ca_file:
        try:
            made.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise TrustError(f"cannot use {ca_file}: {error.strerror or 'not a PEM file of certificates'}") from None
        return made
    paths = ssl.get_default_verify_paths()
    if _hashed(paths.openssl_capath):
        made.load_verify_locations(capath=paths.openssl_capath)  # read on demand: far cheaper than a bundle
    else:
        bundle = next((path for path in (paths.openssl_cafile, *_BUNDLES) if os.path.isfile(path)), "")
        if bundle:
            made.load_verify_locations(cafile=bundle)
        else:
            made.load_default_certs()
    return made


def _hashed(folder: str) -> bool:
    """The folder is prepared by c_rehash: OpenSSL looks certificates up in it by name, such as 3513523f.0."""
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.endswith(".0") for entry in entries)
    except OSError:
        return False


def certificate(sock: ssl.SSLSocket) -> Certificate | None:
    """Subject, issuer and expiry of the verified peer certificate."""
    found: dict[str, Any] | None = sock.getpeercert()
    if not found:
        return None
    until = _rfc3339(found["notAfter"])
    return Certificate(_name(found.get("subject", ())), _name(found.get("issuer", ())), until)


def _rfc3339(text: str) -> str:
    """OpenSSL's `Jun  1 12:00:00 2026 GMT` in RFC 3339. By hand: strptime loads locale, calendar and datetime."""
    month, day, time, year = text.split()[:4]
    return f"{year}-{_MONTHS.index(month) + 1:02d}-{int(day):02d}T{time}Z"


def _name(parts: Any) -> str:
    return cut(escape(", ".join(f"{key}={value}" for group in parts for key, value in group)), 200)


def fault(error: ssl.SSLError) -> Fault:
    """Which TLS fault this is. OpenSSL's texts are fixed strings; still, they are escaped."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = cut(escape(error.verify_message or "certificate verify failed"), 200)
        if error.verify_code in _EXPIRED:
            return Fault("tls.expired", "tls", said)
        if error.verify_code in _MISMATCH:
            return Fault("tls.hostname_mismatch", "tls", said)
        return Fault("tls.untrusted", "tls", said)
    if isinstance(error, ssl.SSLEOFError):
        return Fault("tls.protocol", "tls", "the server closed the connection during the handshake")
    reason = escape(error.reason or "TLS error").replace("_", " ").lower()
    return Fault("tls.protocol", "tls", cut(reason, 200))
