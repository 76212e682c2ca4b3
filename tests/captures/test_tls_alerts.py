"""Why a handshake failed, as each client tells it: one cause, one owner, one next step."""

from __future__ import annotations

import pytest

from chatproof.captures import tls_alerts, trouble
from chatproof.diagnosis.failure_modes import handshakes
from chatproof.wire.exchange import Fault

ALERTS = (
    # (a client's words, the alert's name)
    ("[SSL: TLSV1_UNRECOGNIZED_NAME] tlsv1 unrecognized name (_ssl.c:1000)", "unrecognized name"),
    ("write EPROTO 40:error:0A:SSL routines:ssl3_read_bytes:x:a.c:1605:SSL alert number 112", "unrecognized name"),
    ("received fatal alert: UnrecognisedName", "unrecognized name"),
    ("GnuTLS: received alert [112]: The server name sent was not recognized", "unrecognized name"),
    ("* TLSv1.3 (IN), TLS alert, unrecognized name (624):", "unrecognized name"),
    ("error:10000410:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE", "handshake failure"),
    ("error:0A000410:SSL routines::ssl/tls alert handshake failure", "handshake failure"),
    ("Received fatal alert: handshake_failure", "handshake failure"),
    ("SSL_ERROR_HANDSHAKE_FAILURE_ALERT", "handshake failure"),
    ("remote error: tls: protocol version not supported", "protocol version"),
    ("LibreSSL/3.3.6: error:1404B42E:SSL routines:ST_CONNECT:tlsv1 alert protocol version", "protocol version"),
    ("TLS client: In state hello received SERVER ALERT: Fatal - Internal Error", "internal error"),
    ("the remote party sent a TLS alert: 'InternalError'.", "internal error"),
)
OF_CERTIFICATES = (
    ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:1007)", "unknown ca"),
    ("remote error: tls: unknown certificate authority", "unknown ca"),
    ("remote error: tls: expired certificate", "certificate expired"),
    ("Received fatal alert: certificate_expired", "certificate expired"),
    ("received fatal alert: CertificateRequired", "certificate required"),
    ("sslv3 alert bad certificate", "bad certificate"),
    ("SSL alert number 49", "access denied"),
)
NONE = (
    "TLSv1.3 (OUT), TLS alert, bad certificate (554)",  # what the client itself said
    "TLS client: In state certify generated CLIENT ALERT: Fatal - Unknown CA",
    "TLSv1.2 (IN), TLS alert, close notify (256)",
    "SSL alert number 0",
    "tlsv1 whatever it may be",
    "remote error: tls: something else",
    "certificate verify failed: unknown ca",
)


@pytest.mark.parametrize(("text", "name"), ALERTS)
def test_an_alert_has_one_name(text: str, name: str) -> None:
    fault = trouble.by_words(f"before {text}", "the client")
    assert fault == Fault("tls.protocol", "tls", f"the client says: alert {name}")
    assert handshakes.explain(fault.code, fault.detail), "and its own next step"


@pytest.mark.parametrize(("text", "name"), OF_CERTIFICATES)
def test_an_alert_about_a_certificate_is_about_the_clients(text: str, name: str) -> None:
    assert trouble.by_words(text, "curl") == Fault("tls.client_certificate", "tls", f"curl says: alert {name}")


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_alert_of_the_server(text: str) -> None:
    assert tls_alerts.told(text, "the client") is None


def test_who_refuses_the_version_is_told_from_what_was_offered() -> None:
    ours, theirs = (handshakes.explain("tls.protocol", f"{start}alert protocol version") for start in ("tlsv1 ", ""))
    assert ours is not None and theirs is not None
    assert ours.owner == "provider" and theirs.owner == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "write EPROTO 80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../a.c:355:",
        "[SSL: WRONG_VERSION_NUMBER] (_ssl.c:1007)",
        "tls: first record does not look like a TLS handshake",
        "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message",
        "AuthenticationException: Cannot determine the frame size or a corrupted frame was received.",
        "client error (Connect): received corrupt message of type InvalidContentType",
        "http: server gave HTTP response to HTTPS client",
    ],
)
def test_what_answers_without_tls_is_a_matter_of_the_url(text: str) -> None:
    fault = trouble.by_words(text, "the client")
    assert fault is not None and fault.code == "tls.protocol"
    sign = handshakes.explain(fault.code, fault.detail)
    assert (
        sign is not None and (sign.owner, sign.confidence) == ("you", "likely") and "does not speak TLS" in sign.summary
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('invalid peer certificate: certificate not valid for name "gw.test"', "tls.hostname_mismatch"),
        ("ClientPayloadError: Response payload is not completed: <TransferEncodingError: 400>", "http.incomplete_body"),
        ("Connection broken: InvalidChunkLength(got length b'', 0 bytes read)", "http.incomplete_body"),
        ("Connection broken: InvalidChunkLength(got length b'zz', 0 bytes read)", "http.framing"),
        ("okhttp3.internal.http2.StreamResetException: stream was reset: INTERNAL_ERROR", "net.reset"),
    ],
)
def test_words_of_other_troubles(text: str, code: str) -> None:
    fault = trouble.by_words(text, "the client")
    assert fault is not None and fault.code == code


@pytest.mark.parametrize(("text", "name"), OF_CERTIFICATES)
def test_whose_certificate_is_meant_is_certain_only_where_a_server_alone_says_so(text: str, name: str) -> None:
    """A server's log has these words of a client, too, that refuses the server's certificate."""
    fault = trouble.by_words(text, "the client")
    assert fault is not None
    sign = handshakes.explain(fault.code, fault.detail)
    assert (sign is None) == (name == "certificate required") and (sign is None or sign.confidence == "likely")
