"""Rows for exchanges that were stopped: the transport has named the fault already."""

from chatproof.contract.failure_mode import (
    CERTAIN,
    GATEWAY,
    LIKELY,
    NETWORK,
    POSSIBLE,
    PROVIDER,
    UNKNOWN,
    YOU,
    Case,
    Mode,
    Sign,
    body_line,
)
from chatproof.diagnosis.failure_modes.handshakes import GIVE_THE_AUTHORITY, explain
from chatproof.evidence.reply import or_default
from chatproof.printable import number_of
from chatproof.wire.exchange import ARRIVALS

_ROWS = (
    (
        "net.dns",
        YOU,
        "the host name does not resolve",
        "Check the host in the base URL, then DNS and VPN on this machine. If it resolves on other machines, ask whoever runs your DNS; if it resolves nowhere, the provider's domain is at fault.",
    ),
    (
        "net.refused",
        PROVIDER,
        "nothing listens at this address and port",
        "Check host and port; if they are right, the service is down or a firewall rejects you.",
    ),
    (
        "net.unreachable",
        NETWORK,
        "there is no network route to the host",
        "Check this machine's network, VPN and egress rules.",
    ),
    (
        "net.connect_timeout",
        NETWORK,
        "the connection attempt was not answered",
        "Check egress rules and the host; a firewall that drops packets looks the same.",
    ),
    (
        "net.closed",
        PROVIDER,
        "the server closed the connection without a reply",
        "Run again; if it still fails, the listener is not an HTTP API or drops this request. Escalate with the UTC time.",
    ),
    (
        "net.reset",
        NETWORK,
        "the connection was reset",
        "Run again; if it still fails, look for a firewall, proxy or crashing server on the way.",
    ),
    (
        "net.read_timeout",
        PROVIDER,
        "the server accepted the request and then stayed silent",
        "Give more time (--timeout 120s) once; if it stays silent, escalate with the UTC time and request.",
    ),
    (
        "net.write_timeout",
        NETWORK,
        "the request could not be sent in time",
        "Check the network: the server does not read the request.",
    ),
    (
        "net.proxy",
        YOU,
        "the proxy did not let the request through",
        "Check --proxy and the proxy's credentials and allow-list.",
    ),
    (
        "tls.untrusted",
        YOU,
        "the server's certificate is not signed by an authority this machine trusts",
        GIVE_THE_AUTHORITY,
    ),
    (
        "tls.hostname_mismatch",
        PROVIDER,
        "the certificate is for another host",
        "Check the host in the base URL; if it is right, the provider's certificate is wrong.",
    ),
    (
        "tls.expired",
        PROVIDER,
        "the certificate is expired, or not valid yet",
        "Check this machine's clock; if it is right, the provider must renew the certificate.",
    ),
    (
        "tls.protocol",
        UNKNOWN,
        "the TLS handshake failed",
        "Check that the port speaks TLS 1.2 or newer, and that https is the right scheme for it.",
    ),
    (
        "tls.client_certificate",
        YOU,
        "the server asks for a client certificate, and no accepted one was sent",
        "Give the certificate that the endpoint's owner issued with --client-cert and --client-key, and configure it in your application too. A proxy in front of the API may be what asks for it.",
    ),
    (
        "net.client",
        YOU,
        "the client that made the capture ended the request or hid its reply",
        "Repeat the request outside the browser, with curl -i or chatproof smoke: neither cancels nor hides a reply.",
    ),
    (
        "http.not_http",
        YOU,
        "the server at this address does not speak HTTP/1.1",
        "Check scheme and port of the base URL.",
    ),
    (
        "http.malformed",
        PROVIDER,
        "the reply is not valid HTTP",
        "Escalate with the evidence; clients may read such a reply in different ways.",
    ),
    (
        "http.framing",
        GATEWAY,
        "the end of the reply is ambiguous",
        "Escalate with the evidence: clients that reuse connections may then read the wrong reply.",
    ),
    (
        "http.incomplete_body",
        GATEWAY,
        "the reply ended before its announced length",
        "Run again; if it still fails, the service behind the gateway crashes while answering. Escalate with the request id.",
    ),
    (
        "http.encoding",
        GATEWAY,
        "the body's content coding cannot be decoded",
        "The reply ignores the Accept-Encoding header that was sent, or is incomplete; look at the gateway's compression.",
    ),
    (
        "limit.deadline",
        PROVIDER,
        "the reply did not end within the time allowed",
        "Give more time (--timeout 120s) once; if the reply only trickles in, the server is at fault.",
    ),
    (
        "limit.size",
        PROVIDER,
        "the reply exceeds a size limit",
        "No answer to such a request is this large; look at what the server sends. Nothing beyond the limit was read.",
    ),
)

# Who spoke is known here: the proxy itself, the user's own client, an alert of the handshake. Everything else that stops
# an exchange may have been done by another hop: a firewall drops packets, an interceptor shows a certificate of its own.
_CERTAIN = ("net.proxy", "net.client", "tls.client_certificate", "tls.protocol")


_TIME_LIMITS = ("limit.deadline", "net.read_timeout")
_HANDSHAKE = "Check that this port speaks TLS; a firewall that inspects TLS can look the same."


_IN_A_CONTAINER = Sign(
    summary="nothing listens at this port of this container: inside a container, localhost is the container itself, not its host",
    owner=UNKNOWN,
    next_step="Use the service's name in the container network, or host.docker.internal (Docker; --add-host on Linux) for a server on the host; that server must listen on more than 127.0.0.1. If the server runs in this container, it is down.",
)
_WAITED = Sign(
    summary="the client stopped waiting for the reply; its own time limit ended the request",
    owner=UNKNOWN,
    next_step="Compare the client's timeout with how long such an answer takes: ask once with more time (chatproof smoke --timeout 120s). If the answer then comes, raise the client's timeout or stream; if nothing comes, the server or a hop on the way is silent.",
)
"""In a capture: how long the client waited is the client's choice, and seldom told."""
_LEFT = Sign(
    summary="the client closed the connection before the server answered",
    owner=UNKNOWN,
    next_step="Look at the client's timeout, and at that of each proxy between the client and this server: one of them stopped waiting, or a user cancelled. How long the server took is in its log.",
    confidence=LIKELY,
)
_NOT_FORWARDED = Sign(
    summary="the proxy does not allow a tunnel to this http endpoint",
    next_step="Run without --proxy if the endpoint can be reached directly, use https, or have the proxy allow CONNECT to this port. Your application may succeed: most clients forward plain http without CONNECT.",
    confidence=LIKELY,
)

_UNTOLD = Sign(
    owner=UNKNOWN,
    summary="no reply is in the capture, and the reason that its tool gives is not known to chatproof",
    next_step="Look the reason up in that tool's documentation, then ask the endpoint itself: chatproof smoke TARGET.",
    confidence=POSSIBLE,
)


def _stopped_by(code: str) -> Mode:
    _, owner, summary, step = next(row for row in _ROWS if row[0] == code)

    def when(case: Case) -> Sign | None:
        fault = case.reply.fault
        if fault is None or fault.code != code:
            return None
        if code == "limit.deadline" and fault.phase == "tls":
            return Sign(summary="the TLS handshake did not end within the time allowed", next_step=_HANDSHAKE)
        if (
            code == "net.closed" and ARRIVALS not in case.reply.exchange.missing
        ):  # of a capture nobody knows what was said
            return Sign(("the request had Connection: close; SDKs keep connections open, and may get an answer",))
        if fault.untold:  # the capture's tool does not say that it was closed
            return _UNTOLD
        if code == "net.refused" and "localhost is the container" in fault.detail:
            return _IN_A_CONTAINER
        if code == "net.proxy" and "plain forwarding" in fault.detail:
            return _NOT_FORWARDED
        # A client's own words, as captures tell them; in a run of ours the limit is known, and it is ours.
        if code in _TIME_LIMITS and (" says: " in fault.detail or fault.detail.startswith("curl: (")):
            return _WAITED
        if code == "net.client" and fault.detail.startswith("the server's log says"):
            return _LEFT
        if or_default(lambda: case.reply.kind, "") == "sse":  # a HAR may say that it was cut, and not what came
            return Sign(
                (
                    f"the stream so far: {number_of(len(case.reply.events[0]), 'event')}, "
                    f"{number_of(case.reply.comments, 'comment')}",
                )
            )
        return explain(code, fault.detail) or Sign()

    return Mode(code, owner, summary, step, CERTAIN if code in _CERTAIN else LIKELY, when)


def _page_then_cut(case: Case) -> Sign | None:
    """A gateway's error page came, and then the connection went: the page tells more than the way it ended."""
    reply = case.reply
    if reply.fault is None or reply.fault.code not in ("net.reset", "net.closed") or reply.response is None:
        return None
    if or_default(lambda: reply.response is not None and reply.response.status, 0) not in range(500, 600):
        return None
    return Sign((f"the page: {body_line(reply)}",)) if or_default(lambda: reply.kind, "") in ("html", "text") else None


def _another_is_no_http(case: Case) -> Sign | None:
    """The connection went without a reply, and another request was answered by something that is not HTTP: a server
    of another protocol, which may hang up before or after its first words."""
    fault = case.reply.fault
    if fault is None or fault.code not in ("net.reset", "net.closed") or fault.phase != "first_byte":
        return None
    others = (reply.fault for reply in case.context.replies.values())
    return Sign() if any(other is not None and other.code == "http.not_http" for other in others) else None


MODES = (
    Mode("http.not_http", *(next(row for row in _ROWS if row[0] == "http.not_http")[1:]), LIKELY, _another_is_no_http),
    Mode(
        "gateway.error",
        GATEWAY,
        "a gateway answers with an error page, and the connection ends before the page is complete",
        "Neither your key nor the model is the cause. Run again; if it still fails, escalate with the evidence and UTC time.",
        LIKELY,
        _page_then_cut,
    ),
    *(_stopped_by(row[0]) for row in _ROWS),
)
