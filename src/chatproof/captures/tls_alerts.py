"""Alerts of TLS, as OpenSSL, BoringSSL, Java, Go, rustls, .NET, Erlang, NSS and GnuTLS tell them: one name for each.

An alert that was received says why the other side ended the handshake. One about a certificate is about the client's,
for a client judges the server's itself, and by no alert.
"""

import re

from chatproof.wire.exchange import Fault

_TOLD = re.compile(
    r"\b(?:ssl|tls)v\d+ (?:alert )?([a-z][a-z ]{3,40}[a-z])|\bssl/tls alert ([a-z][a-z ]{3,40}[a-z])|"  # OpenSSL
    r"\b(?:SSL|TLS)V\d+_(?:ALERT_)?([A-Z_]{4,40})|"  # BoringSSL, and Python's name for OpenSSL's
    r"\b[Rr]eceived fatal alert: (\w{4,40})|"  # Java, rustls
    r"\bremote error: tls: ([a-z][a-z ]{3,40}[a-z])|"  # Go
    r"\bremote party (?:has )?sent a TLS alert: '(\w{4,40})'|"  # .NET
    r"\breceived SERVER ALERT: Fatal - ([A-Z][A-Za-z ]{3,40})|"  # Erlang
    r"\bSSL_ERROR_([A-Z_]{4,40})_ALERT\b|"  # NSS
    r"\(IN\), TLS alert, ([a-z][a-z ]{3,40}[a-z]) \(|"  # curl -v
    r"\b(?:SSL alert number |received alert \[)(\d{1,3})\b"  # Node, GnuTLS
)
_NUMBERS = {
    10: "unexpected message", 20: "bad record mac", 22: "record overflow", 40: "handshake failure",
    42: "bad certificate", 43: "unsupported certificate", 44: "certificate revoked", 45: "certificate expired",
    46: "certificate unknown", 47: "illegal parameter", 48: "unknown ca", 49: "access denied", 50: "decode error",
    51: "decrypt error", 70: "protocol version", 71: "insufficient security", 80: "internal error",
    86: "inappropriate fallback", 109: "missing extension", 110: "unsupported extension", 112: "unrecognized name",
    116: "certificate required", 120: "no application protocol",
}  # fmt: skip
"""RFC 8446, section 6. Ends in good order (0, 90) say nothing about why."""
_OTHERWISE = {
    "unrecognised name": "unrecognized name",
    "unknown certificate authority": "unknown ca",
    "unknown certificate": "certificate unknown",
    "expired certificate": "certificate expired",
    "revoked certificate": "certificate revoked",
    "protocol version not supported": "protocol version",
    "insufficient security level": "insufficient security",
    "error decoding message": "decode error",
    "error decrypting message": "decrypt error",
}
"""Names of Go and rustls."""
_OF_CERTIFICATES = frozenset(map(_NUMBERS.__getitem__, (42, 43, 44, 45, 46, 48, 49, 116)))


def told(text: str, teller: str) -> Fault | None:
    """The fault that an alert in `text` tells of; None where there is none. `teller` names the client."""
    for found in _TOLD.finditer(text):
        words = found[found.lastindex or 0]
        name = _NUMBERS.get(int(words), "") if words.isdigit() else _name(words)
        if name:
            code = "tls.client_certificate" if name in _OF_CERTIFICATES else "tls.protocol"
            return Fault(code, "tls", f"{teller} says: alert {name}")
    return None


def _name(words: str) -> str:
    """The RFC's name in words; empty for what is none, such as what follows `tlsv1 ` in another sentence."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", words).replace("_", " ").lower()
    name = _OTHERWISE.get(spaced, spaced)
    return next((known for known in _NUMBERS.values() if name == known or name.startswith(f"{known} ")), "")
