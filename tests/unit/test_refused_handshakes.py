"""Handshakes that a server refuses for what the client did: which cause is told, over real sockets."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from chatproof.contract.probe import build
from chatproof.surfaces.chat.probes import ROWS as PROBES
from chatproof.transport import tls
from chatproof.transport.steps import Options
from chatproof.wire.exchange import Fault, Secret
from chatproof.wire.urls import parse_base_url
from tests.support import KEY, play
from tests.transport_support import DRIVERS, send_by

Talk = Callable[[socket.socket], None]
AUTHORITY = trustme.CA()


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    return context


def wants_a_certificate(newest: ssl.TLSVersion) -> ssl.SSLContext:
    context = server_context()
    context.maximum_version = newest
    context.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(context)
    return context


def refuses_the_name(alert: ssl.AlertDescription) -> ssl.SSLContext:
    context = server_context()
    context.sni_callback = lambda sock, name, own: alert
    return context


def says_why(context: ssl.SSLContext) -> Talk:
    """The alert leaves before the connection does."""

    def talk(sock: socket.socket) -> None:
        wrapped = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        try:
            wrapped.do_handshake()
        except OSError:
            pass
        with socket.socket(fileno=wrapped.detach()) as raw:
            raw.settimeout(0.5)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass

    return talk


def hangs_up_without_a_certificate(context: ssl.SSLContext) -> Talk:
    """It asks for a certificate, takes the handshake without one, and ends the connection at the request."""
    context.verify_mode = ssl.CERT_OPTIONAL
    AUTHORITY.configure_trust(context)

    def talk(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as wrapped:
            wrapped.recv(65536)

    return talk


def hangs_up_always(context: ssl.SSLContext) -> Talk:
    def talk(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as wrapped:
            wrapped.recv(65536)

    return talk


def closes_what_is_no_handshake(context: ssl.SSLContext) -> Talk:
    def talk(sock: socket.socket) -> None:
        if sock.recv(1, socket.MSG_PEEK) == b"\x16":
            says_why(context)(sock)
        else:
            sock.recv(65536)
            sock.close()

    return talk


def closes(sock: socket.socket) -> None:
    sock.recv(65536)
    sock.close()


@pytest.fixture(params=DRIVERS)
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str, Talk], Fault | None]]:
    listener = socket.create_server(("127.0.0.1", 0))
    ca_file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(ca_file))

    def run(talk: Talk) -> None:
        while True:
            try:
                sock, _ = listener.accept()
                with sock:
                    talk(sock)
            except ValueError:
                return
            except OSError:
                if listener.fileno() < 0:
                    return

    def made(scheme: str, talk: Talk) -> Fault | None:
        threading.Thread(target=run, args=(talk,), daemon=True).start()
        url = parse_base_url(f"{scheme}://localhost:{listener.getsockname()[1]}/v1", allow_http=True)
        made = build(PROBES["happy"], url, "m", Secret(KEY), "Authorization: Bearer", "test/1")
        options = Options(timeout=5, tls=lambda: tls.context(str(ca_file)))
        return send_by(request.param, made, "happy", "x1", options).fault

    with listener:
        yield made


NEW, OLD = ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2
NAME, INTERNAL = ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME, ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
TOLD = [
    ("https", says_why(wants_a_certificate(NEW)), "tls.client_certificate", "you", "certain", "--client-cert"),
    ("https", says_why(wants_a_certificate(OLD)), "tls.client_certificate", "you", "certain", "--client-cert"),
    ("https", hangs_up_without_a_certificate(server_context()), "tls.client_certificate", "you", "likely", "--client"),
    ("https", hangs_up_always(server_context()), "net.closed", "provider", "likely", "Run again"),
    ("https", says_why(refuses_the_name(NAME)), "tls.protocol", "unknown", "likely", "no certificate for this name"),
    (
        "https",
        says_why(refuses_the_name(INTERNAL)),
        "tls.protocol",
        "unknown",
        "likely",
        "no certificate for this name",
    ),
    ("http", closes_what_is_no_handshake(server_context()), "tls.protocol", "you", "likely", "https"),
    ("http", closes, "net.closed", "provider", "likely", "Run again"),
]


@pytest.mark.parametrize(
    ("scheme", "talk", "code", "owner", "confidence", "step"),
    TOLD,
    ids=["wanted-1.3", "wanted-1.2", "asked-and-closed", "closed", "name", "internal-error", "http-to-tls", "http-closed"],
)  # fmt: skip
def test_who_is_to_do_what(
    scheme: str,
    talk: Talk,
    code: str,
    owner: str,
    confidence: str,
    step: str,
    ask: Callable[[str, Talk], Fault | None],
) -> None:
    fault = ask(scheme, talk)
    assert fault is not None and KEY not in fault.detail
    first = play({"all": fault}).diagnoses[0]
    assert (first.code, first.owner, first.confidence) == (code, owner, confidence)
    assert step in first.next_step


def test_the_words_of_a_reply_are_not_taken_for_ours() -> None:
    """What a plain server answered is quoted; it may say what it likes."""
    fault = Fault(
        "tls.protocol", "tls", 'wrong version number; what answers is plain HTTP: "HTTP/1.1 400 unrecognized name"'
    )
    first = play({"all": fault}).diagnoses[0]
    assert first.owner == "you" and "answers with plain HTTP" in first.summary
