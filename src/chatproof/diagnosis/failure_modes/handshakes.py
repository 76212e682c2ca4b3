"""What a failed handshake means, where the row of its code says too little. Read from the transport's own words.

A stranger's certificate is quoted in the same text: only what stands before the first of its words is looked at.
"""

from chatproof.contract.failure_mode import GATEWAY, LIKELY, PROVIDER, UNKNOWN, YOU, Sign

YOUR_APPLICATION = (
    "your application needs it as well: SSL_CERT_FILE (openai-python, httpx), REQUESTS_CA_BUNDLE (requests), "
    "NODE_EXTRA_CA_CERTS (Node)"
)
GIVE_THE_AUTHORITY = f"Give that authority with --ca-file if you know and trust it; {YOUR_APPLICATION}. Otherwise do not send the key there."
_REPLACE = (
    "The certificate must be replaced; --ca-file does not help. Tell whoever runs the host, or the proxy that inspects "
    "TLS on the way."
)
_OTHER_KEY = "Get the authority's current certificate and give it with --ca-file; otherwise do not send the key there."
_CERTIFICATES = (
    (
        "authority in the chain is too weak",
        PROVIDER,
        "the key of the authority behind the certificate is too weak",
        _REPLACE,
    ),
    ("key is too weak", PROVIDER, "the key of the server's certificate is too weak", _REPLACE),
    ("weak digest", PROVIDER, "the server's certificate is signed with a weak digest, such as SHA-1", _REPLACE),
    ("not for a server", PROVIDER, "the server's certificate was issued for another purpose", _REPLACE),
    (
        "signs others",
        PROVIDER,
        "the server's certificate was signed by a certificate that is not allowed to sign others",
        _REPLACE,
    ),
    ("may not certify", PROVIDER, "the authority is not allowed to issue a certificate for this name", _REPLACE),
    ("was revoked", PROVIDER, "the server's certificate was revoked", _REPLACE),
    (
        "a signature in the chain is wrong",
        YOU,
        "the server's certificate is signed with another key than that of the authority with this name",
        _OTHER_KEY,
    ),
)
"""By the words of `tls.fault`: certificates that are refused for what they are, their authority known or not."""
_CHAIN = "the server must send its certificate together with the intermediate ones (the full chain)"
_ISSUERS = (
    (
        "its issuer is a product that inspects TLS",
        YOU,
        "a proxy or firewall on the way decrypts TLS and shows its own certificate",
        f"Ask whoever runs your network for its authority's certificate (PEM) and give it with --ca-file; {YOUR_APPLICATION}. Or have this host excluded from inspection.",
    ),
    (
        "it is a stand-in certificate",
        GATEWAY,
        "the server shows a placeholder certificate: none is set up for this host name",
        "Check the host in the base URL; if it is right, whoever runs the ingress or proxy in front of the API must set up a certificate for this host. Do not trust the placeholder: the connection would still be wrong.",
    ),
    (
        "the certificate is signed by itself",
        YOU,
        "the server's certificate is self-signed, not issued by an authority that this machine trusts",
        f"If the server is yours, give its certificate with --ca-file; {YOUR_APPLICATION}. Otherwise do not send the key there.",
    ),
    (
        "which browsers fetch by themselves",
        PROVIDER,
        "the server's certificate chain is incomplete: the intermediate certificate is missing",
        f"Whoever runs the host: {_CHAIN}. Browsers download a missing one; Python, Node and Go do not.",
    ),
    (
        "and not that of the issuer",
        UNKNOWN,
        "the server's chain is incomplete, or its issuer is a private authority that this machine does not know",
        f"If the issuer is public, {_CHAIN}. If it is your company's, give its authority with --ca-file; {YOUR_APPLICATION}. Otherwise do not send the key there.",
    ),
)
"""By the words of `unverified_peer.look`: whom a certificate that nobody here vouches for is from."""
_OLD = "Whoever runs the server, or the proxy in front of it, must offer TLS 1.2 or newer; your application's SDK refuses older versions as well."
_NOT_SERVED = "Check the host in the base URL: the server at this address has no certificate for this name (SNI). If the host is right, its DNS entry points to another server, or the certificate is not set up there yet."
_NO_TLS = "Check scheme and port of the base URL, and of a proxy's URL, which is http for nearly all: this port does not speak TLS. If the server is on your own network, write http and use --allow-http; otherwise do not send the key there."
_HANDSHAKES = (
    (
        "this port speaks TLS, and the base URL says http",
        YOU,
        "this port speaks TLS, and the base URL says http",
        "Write https in the base URL.",
    ),
    (
        "what answers is plain HTTP",
        YOU,
        "the base URL says https, but the server answers with plain HTTP",
        "Check scheme and port of the base URL: this port does not speak TLS. If the server is on your own network, write http and use --allow-http; otherwise do not send the key there.",
    ),
    ("the server offered", PROVIDER, "the server's version of TLS is too old", _OLD),
    (
        "tlsv1 alert protocol version",
        PROVIDER,
        "the server refuses the TLS versions that are offered, 1.2 and 1.3",
        _OLD,
    ),
    (
        "alert protocol version",
        UNKNOWN,
        "the server refuses the TLS versions that this client offers",
        "Update the client's TLS library: servers refuse versions older than 1.2. chatproof smoke, which offers 1.2 and 1.3, shows whether the server is the one that is too old.",
    ),
    ("unsupported protocol", PROVIDER, "the server's version of TLS is too old", _OLD),
    ("unrecognized name", UNKNOWN, "the server does not serve this host name", _NOT_SERVED),
    (
        "alert internal error",
        UNKNOWN,
        "the server aborted the handshake, perhaps because of this host name",
        _NOT_SERVED,
    ),
    (
        "handshake failure",
        UNKNOWN,
        "the server and this client have no cipher in common, or the server has no certificate for this host name",
        f"{_NOT_SERVED} If it offers only old ciphers, it must offer newer ones.",
    ),
    *(
        (words, YOU, "the base URL says https, and what answers does not speak TLS", _NO_TLS)
        for words in (
            "wrong version number",
            "WRONG_VERSION_NUMBER",
            "first record does not look like a TLS",
            "nrecognized SSL message",
            "InvalidContentType",
            "server gave HTTP response to HTTPS client",
            "Cannot determine the frame size",
        )
    ),
    (
        "key too small",
        PROVIDER,
        "the server's key exchange is too weak",
        "Whoever runs the server must set up a stronger key exchange (ECDHE); --ca-file does not help.",
    ),
    (
        "unsafe legacy renegotiation",
        PROVIDER,
        "the server, or a proxy that inspects TLS, does not support secure renegotiation",
        "Whoever runs it must update its TLS software (RFC 5746); your application's SDK refuses it as well.",
    ),
)
"""By the words of OpenSSL and of `unverified_peer.look`: handshakes that ended before any certificate was judged."""
_COMMON_NAME_ONLY = Sign(
    summary="the certificate has no subject alternative name, so it is valid for no host",
    next_step="The provider must issue a certificate that names this host as a subject alternative name: clients no longer check the common name (RFC 9525).",
)
_STAND_IN_FOR_ALL = Sign(summary=_ISSUERS[1][2], owner=GATEWAY, next_step=_ISSUERS[1][3])
_NOT_YET = Sign(
    summary="the certificate is not yet valid according to this machine's clock",
    owner=UNKNOWN,
    next_step="Check this machine's clock and date first (virtual machines, WSL and snapshots fall behind); if they are right, the certificate was installed too early.",
)


_UNTOLD = Sign(
    summary="the TLS handshake failed, and the client's text does not say why",
    next_step="Read the inner exceptions: they say whether the certificate, the version or a connection reset is the reason. Or run chatproof doctor and chatproof smoke on the same machine.",
    confidence=LIKELY,
)


def explain(code: str, detail: str) -> Sign | None:
    """What the row of this code does not say; None where it says all."""
    ours = detail.partition("; its names:")[0]
    if code == "tls.hostname_mismatch":
        if "it is a stand-in certificate" in _before_a_stranger(detail):
            return _STAND_IN_FOR_ALL
        return _COMMON_NAME_ONLY if "it has no subject alternative name" in ours else None
    if code == "tls.expired":
        return _NOT_YET if "not yet valid" in _before_a_stranger(detail) else None
    if code == "tls.untrusted" and "(OpenSSL: " in detail:
        return _by(_CERTIFICATES, detail.partition(" (OpenSSL: ")[0])
    if code == "tls.untrusted":
        return _by(_ISSUERS, _before_a_stranger(detail))
    if code == "tls.protocol" and ("could not be established" in detail or "see inner exception" in detail):
        return _UNTOLD
    if code == "tls.protocol":
        return _by(_HANDSHAKES, detail.partition('"')[0], LIKELY)
    if code == "tls.client_certificate" and "ended the connection" in detail:
        return Sign(confidence=LIKELY)  # a server may ask for one that it does not need
    if code == "tls.client_certificate" and "says: alert" in detail and "certificate required" not in detail:
        return Sign(confidence=LIKELY)  # a server's log has the same words of a client that refuses its certificate
    if code == "http.not_http" and detail.endswith("looks like TLS"):
        return Sign(summary=_HANDSHAKES[0][2], next_step=_HANDSHAKES[0][3])
    return None


def _by(rows: tuple[tuple[str, str, str, str], ...], text: str, confidence: str = "") -> Sign | None:
    row = next((row for row in rows if row[0] in text), None)
    return Sign(summary=row[2], owner=row[1], next_step=row[3], confidence=confidence) if row else None


def _before_a_stranger(detail: str) -> str:
    return detail.partition("the certificate is valid from")[0]
