"""Both drivers on loopback: deadlines, redirects, early replies, proxies, TLS; nothing is believed or followed."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from chatproof.contract.probe import build
from chatproof.secrets.key_check import INVALID_KEY
from chatproof.surfaces.chat.probes import ROWS as PROBES
from chatproof.transport import aio, blocking, conversation, tls
from chatproof.transport.steps import Connect, KeepAliveRequest, Options, Proxy, wire
from chatproof.wire.exchange import Exchange, Secret
from chatproof.wire.urls import parse_base_url
from tests.support import KEY
from tests.transport_support import DRIVERS, send_by, send_in_turn_by

REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Script = Callable[[socket.socket], None]


class Chosen:
    driver = ""


@pytest.fixture(autouse=True, params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    """Every test of this file is made with every driver."""
    Chosen.driver = request.param
    return Chosen.driver


class Server:
    """Accepts connections on loopback and plays a script on each; keeps what it was sent."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.received: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self._script, self._context = script, context
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        try:
            if self._context:
                peer = self._context.wrap_socket(peer, server_side=True)
            self._script(Recording(peer, self.received))  # type: ignore[arg-type]
        except OSError:
            pass
        finally:
            peer.close()


class Recording:
    def __init__(self, peer: socket.socket, into: list[bytes]) -> None:
        self.peer, self.into = peer, into

    def recv(self, size: int) -> bytes:
        data = self.peer.recv(size)
        self.into.append(data)
        return data

    def __getattr__(self, name: str) -> object:
        return getattr(self.peer, name)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def make(script: Script, context: ssl.SSLContext | None = None) -> Server:
        started.append(Server(script, context))
        return started[-1]

    yield make
    for server in started:
        server.socket.close()


def ask(
    port: int, *, scheme: str = "http", host: str = "127.0.0.1", probe: str = "happy", **options: object
) -> Exchange:
    url = parse_base_url(f"{scheme}://{host}:{port}/v1", allow_http=True)
    request = build(PROBES[probe], url, "m", Secret(KEY), "Authorization: Bearer", "test/1")  # type: ignore[arg-type]
    return send_by(Chosen.driver, request, probe, "x1", Options(**options))  # type: ignore[arg-type]


def answer(data: bytes, *, then: float = 0.0) -> Script:
    def script(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(data)
        time.sleep(then)

    return script


def drip(data: bytes, every: float) -> Script:
    def script(peer: socket.socket) -> None:
        peer.recv(65536)
        for byte in data:
            peer.sendall(bytes([byte]))
            time.sleep(every)

    return script


def code(exchange: Exchange) -> str:
    return exchange.fault.code if exchange.fault else ""


def test_one_request_with_one_credential(serve: Callable[..., Server]) -> None:
    server = serve(answer(REPLY))
    exchange = ask(server.port)
    sent = b"".join(server.received)
    assert exchange.fault is None and exchange.response is not None and exchange.response.body == b"{}"
    assert sent.count(KEY.encode()) == 1 and f"Authorization: Bearer {KEY}\r\n".encode() in sent
    assert (
        b"Accept-Encoding: identity\r\n" in sent and b"User-Agent: test/1\r\n" in sent and b"Connection: close" in sent
    )
    assert sent.endswith(
        b'{"model": "m", "messages": [{"role": "user", "content": "Respond with the single word: pong"}], "stream": false}'
    )
    assert exchange.timings.total is not None and exchange.timings.tls is None and exchange.peer is not None


@pytest.mark.parametrize(("probe", "header"), [("auth.invalid_key", f"Bearer {INVALID_KEY}"), ("auth.missing_key", "")])
def test_the_error_path_never_carries_the_key(serve: Callable[..., Server], probe: str, header: str) -> None:
    server = serve(answer(REPLY))
    ask(server.port, probe=probe)
    sent = b"".join(server.received)
    assert KEY.encode() not in sent and (b"Authorization" in sent) is bool(header) and header.encode() in sent


def test_other_headers_for_the_key() -> None:
    url = parse_base_url("https://h.test/v1")
    request = build(PROBES["models"], url, "m", Secret(KEY), "api-key", "test/1")  # type: ignore[arg-type]
    assert f"\r\napi-key: {KEY}\r\n".encode() in wire(request)
    bad = build(PROBES["models"], url, "m", Secret(KEY + "\r\nX: y"), "api-key", "test/1")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="characters") as caught:
        wire(bad)
    assert KEY not in str(caught.value)


SLOW = {
    "silent": (answer(b"", then=9), "net.read_timeout"),
    "silent-after-head": (answer(REPLY[:-2], then=9), "net.read_timeout"),
    "head-drip": (drip(REPLY, 0.2), "limit.deadline"),
    "body-drip": (drip(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b" " * 900, 0.03), "limit.deadline"),
    "informational-drip": (drip(b"HTTP/1.1 103 E\r\n\r\n" * 200, 0.02), "limit.size"),
}


@pytest.mark.parametrize("name", SLOW)
def test_the_deadline_holds_over_everything(serve: Callable[..., Server], name: str) -> None:
    script, expected = SLOW[name]
    server = serve(script)
    begun = time.monotonic()
    exchange = ask(server.port, timeout=0.8)
    assert time.monotonic() - begun < 3.0
    assert code(exchange) in (expected, "limit.deadline") if expected == "limit.size" else code(exchange) == expected


def test_closed_reset_refused(serve: Callable[..., Server]) -> None:
    def reset(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    assert code(ask(serve(lambda peer: None).port)) in ("net.closed", "net.reset")
    assert code(ask(serve(answer(b"")).port)) == "net.closed"
    assert code(ask(serve(reset).port)) in ("net.reset", "http.incomplete_body")
    assert code(ask(1)) == "net.refused"
    assert code(ask(80, host="no-such-host.invalid")) == "net.dns"


def test_an_early_reply_is_taken(serve: Callable[..., Server]) -> None:
    def early(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.3)

    exchange = ask(serve(early).port)
    assert exchange.response is not None and exchange.response.status == 413


def test_a_second_response_is_evidence_not_an_answer(serve: Callable[..., Server]) -> None:
    assert code(ask(serve(answer(REPLY + REPLY)).port)) == "http.framing"


def test_redirects_are_not_followed(serve: Callable[..., Server]) -> None:
    stolen = serve(answer(REPLY))
    location = f"HTTP/1.1 307 R\r\nLocation: http://127.0.0.1:{stolen.port}/v1\r\nContent-Length: 0\r\n\r\n"
    exchange = ask(serve(answer(location.encode())).port)
    assert exchange.response is not None and exchange.response.status == 307 and stolen.received == []


def test_a_name_of_this_machine_is_not_asked_for_elsewhere(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a resolver that keeps .localhost here, such a name goes to a name server, which says what it likes."""
    answers: list[str] = []

    def look_up(host: bytes, port: int, type: int) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, type, 6, "", (address, port)) for address in answers]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    server = serve(answer(REPLY))
    answers[:] = ["192.0.2.1"]
    for host in ("api.localhost", "localhost"):
        fault = ask(server.port, host=host, timeout=1.0).fault
        assert fault is not None and fault.code == "net.dns" and "another machine (192.0.2.1)" in fault.detail
        # Nor is such a name of a proxy: what it carries is the key, in clear.
        fault = ask(server.port, timeout=1.0, proxy=Proxy(host, server.port, None)).fault
        assert fault is not None and fault.code == "net.proxy" and "another machine (192.0.2.1)" in fault.detail
    assert server.received == []
    answers[:] = ["192.0.2.1", "127.0.0.1"]
    assert ask(server.port, host="api.localhost").fault is None and len(server.received) == 1
    asked: list[str] = []

    def connect(line: object, step: Connect) -> float:
        asked.append(str(step.address[0]))
        raise ConnectionRefusedError

    monkeypatch.setattr(blocking._Line, "connect", connect)
    monkeypatch.setattr(aio._Line, "_connect", connect)
    ask(server.port, host="api.localhost", allow_http=True)
    assert asked == answers


def test_proxy_variables_are_not_obeyed(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = serve(answer(REPLY)), serve(answer(REPLY))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert ask(server.port).fault is None and proxy.received == []


def relay(port: int) -> Script:
    """A CONNECT proxy for one tunnel."""

    def script(peer: socket.socket) -> None:
        peer.recv(65536)
        with socket.create_connection(("127.0.0.1", port)) as upstream:
            peer.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            upstream.sendall(peer.recv(65536))
            while data := upstream.recv(65536):
                peer.sendall(data)

    return script


def test_connect_through_a_proxy(serve: Callable[..., Server]) -> None:
    server = serve(answer(REPLY))
    proxy = serve(relay(server.port))
    exchange = ask(server.port, proxy=Proxy("127.0.0.1", proxy.port, Secret("Basic dTpw")))
    assert exchange.fault is None
    asked = proxy.received[0]
    assert (
        asked.startswith(b"CONNECT 127.0.0.1:")
        and b"Proxy-Authorization: Basic dTpw" in asked
        and KEY.encode() not in asked
    )
    assert b"Proxy-Authorization" not in b"".join(server.received)


@pytest.mark.parametrize(
    "reply", [b"HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 403 No\r\n\r\n", b"", b"SSH-2.0-x\r\n\r\n"]
)
def test_a_refusing_proxy(serve: Callable[..., Server], reply: bytes) -> None:
    proxy = serve(answer(reply))
    assert code(ask(1, proxy=Proxy("127.0.0.1", proxy.port, None))) == "net.proxy"
    assert not any(KEY.encode() in data for data in proxy.received)


# -- TLS -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def secure(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def test_tls_with_its_evidence(serve: Callable[..., Server], authority: trustme.CA, ca_file: str) -> None:
    server = serve(answer(REPLY), secure(authority, "127.0.0.1"))
    exchange = ask(server.port, scheme="https", tls=lambda: tls.context(ca_file))
    assert exchange.fault is None and exchange.timings.tls is not None
    peer = exchange.peer
    assert peer is not None and peer.tls_version == "TLSv1.3" and peer.certificate is not None
    assert "trustme" in peer.certificate.issuer and peer.certificate.not_after.endswith("Z")


def test_the_key_is_not_sent_to_an_untrusted_or_wrong_host(
    serve: Callable[..., Server], authority: trustme.CA, ca_file: str
) -> None:
    untrusted = serve(answer(REPLY), secure(trustme.CA(), "127.0.0.1"))
    other = serve(answer(REPLY), secure(authority, "other.test"))
    assert code(ask(untrusted.port, scheme="https", tls=lambda: tls.context(ca_file))) == "tls.untrusted"
    assert code(ask(untrusted.port, scheme="https")) == "tls.untrusted"
    assert code(ask(other.port, scheme="https", tls=lambda: tls.context(ca_file))) == "tls.hostname_mismatch"
    assert untrusted.received == other.received == []


def cut(data: bytes) -> Script:
    """Send, then drop the connection without TLS's goodbye."""

    def script(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(data)
        time.sleep(0.1)
        raw = socket.socket(fileno=peer.detach())
        raw.close()

    return script


def test_a_body_that_ends_with_a_cut_connection_is_not_whole(
    serve: Callable[..., Server], authority: trustme.CA, ca_file: str
) -> None:
    until_close = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"choices":[]}'
    for data, expected in (
        (until_close, "http.incomplete_body"),
        (b"", "net.closed"),
        (REPLY, ""),
        (REPLY[:-1], "http.incomplete_body"),
    ):
        server = serve(cut(data), secure(authority, "127.0.0.1"))
        assert code(ask(server.port, scheme="https", tls=lambda: tls.context(ca_file))) == expected


def test_plain_http_and_silence_behind_https(serve: Callable[..., Server]) -> None:
    assert code(ask(serve(answer(b"HTTP/1.1 400 Bad\r\n\r\n")).port, scheme="https")) == "tls.protocol"
    begun = time.monotonic()
    assert code(ask(serve(answer(b"", then=5)).port, scheme="https", timeout=0.5)) == "limit.deadline"
    assert time.monotonic() - begun < 3.0


def test_a_second_look_that_is_dripped_buys_no_time(serve: Callable[..., Server], authority: trustme.CA) -> None:
    """A certificate that nobody vouches for, and to the look at it one byte of a long record after the other."""
    context = secure(authority, "127.0.0.1")
    looks: list[bytes] = []

    def script(peer: socket.socket) -> None:
        plain: socket.socket = peer.peer  # type: ignore[attr-defined]
        looks.append(plain.recv(65536, socket.MSG_PEEK))  # the ClientHello stays for the handshake
        if len(looks) == 1:
            context.wrap_socket(plain, server_side=True)
        for byte in b"\x16\x03\x03\x40\x00" + b"\0" * 16384:
            peer.sendall(bytes([byte]))
            time.sleep(0.0005)

    begun = time.monotonic()
    assert code(ask(serve(script).port, scheme="https", timeout=1.0)) == "tls.untrusted"
    assert len(looks) == 2 and time.monotonic() - begun < 4.0


def test_the_environment_cannot_widen_trust(
    serve: Callable[..., Server], authority: trustme.CA, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    server = serve(answer(REPLY), secure(authority, "127.0.0.1"))
    assert code(ask(server.port, scheme="https")) == "tls.untrusted"
    assert ask(server.port, scheme="https", tls=lambda: tls.context(ca_file)).fault is None
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_a_bad_ca_file_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(tls.TrustError, match=r"ca\.pem"):
        tls.context(str(path))


def test_bytes_that_came_before_the_question_are_no_answer(serve: Callable[..., Server]) -> None:
    """On a kept connection a second reply may lie in wait: it must not be taken for that of the next request."""
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    def script(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(good)
        time.sleep(0.2)
        peer.sendall(good.replace(b"200 OK", b"401 No"))
        time.sleep(1.5)
        peer.recv(65536)

    server = serve(script)
    url = parse_base_url(f"http://127.0.0.1:{server.port}/v1")
    request = build(PROBES["happy"], url, "m", Secret(KEY), "Authorization: Bearer", "test/1")  # type: ignore[arg-type]

    first, second = send_in_turn_by(Chosen.driver, _Late([KeepAliveRequest(request, "happy", "x1"), KeepAliveRequest(request, "happy", "x2")]), Options(timeout=5.0))  # fmt: skip
    assert first.fault is None and second.reused
    assert second.fault is not None and second.fault.code == "http.framing" and second.response is None


class _Late(list[KeepAliveRequest]):
    """Legs that come with a pause, as when something else is done in between."""

    def __iter__(self) -> Iterator[KeepAliveRequest]:
        for number, leg in enumerate(super().__iter__()):
            time.sleep(0.6 * number)
            yield leg


EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\n\r\n"
LAST = b'data: {"type":"end"}\n\n'


@pytest.mark.parametrize("pings", [0, 40])
def test_a_stream_that_goes_on_behind_its_last_event_is_whole_after_a_while(
    serve: Callable[..., Server], pings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep-alives do not begin the while anew."""
    monkeypatch.setattr(conversation, "LAST_EVENT_GRACE", 0.3)
    monkeypatch.setattr(conversation, "END_MARK_GRACE", 0.1)

    def script(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(EVENTS + LAST)
        for _ in range(pings):
            time.sleep(0.05)
            peer.sendall(b": ping\n\n")
        time.sleep(2.0)

    found = ask(serve(script).port, timeout=10.0, last_events=("end",))
    assert found.fault is None and found.response is not None and found.response.left_open
    assert found.timings.total is not None and 300 <= found.timings.total < 1500


def test_at_its_last_event_a_deadline_ends_a_stream_and_before_it_fails(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just behind the last event the deadline says nothing of the end."""
    too_late = ("net.read_timeout", "limit.deadline")
    late = ask(serve(answer(EVENTS + LAST, then=2.0)).port, timeout=0.3, last_events=("end",))
    assert code(late) in too_late  # by whichever of the two limits is looked at first
    monkeypatch.setattr(conversation, "END_MARK_GRACE", 0.1)
    whole = ask(serve(answer(EVENTS + LAST, then=2.0)).port, timeout=0.3, last_events=("end",))
    assert whole.fault is None and whole.response is not None and whole.response.left_open
    for data, kinds in ((LAST, ("other",)), (LAST[:-1], ("end",))):
        ended = ask(serve(answer(EVENTS + data, then=2.0)).port, timeout=0.3, last_events=kinds)
        assert code(ended) in too_late
