"""Receivers behind apprise that never come to an end: whoever is told after them is told, and memory stays what it is."""

import gzip
import logging
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from chatproof.monitoring.alerting import bounded
from chatproof.monitoring.alerting.notice import Notice
from chatproof.monitoring.alerting.through_apprise import Apprise
from chatproof.monitoring.values import OPENED
from chatproof.wire.exchange import Secret
from tests.alerting.incidents import incident

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of apprise's imports
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SECONDS = 0.5
MOST = 400 * 1024  # KiB: it is looked ten times a second, and on a busy machine less often; without a limit, gigabytes
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def drips(before: bytes) -> Callable[[socket.socket], None]:
    def talk(sock: socket.socket) -> None:
        sock.sendall(before)
        while True:
            sock.sendall(b"x")
            time.sleep(0.1)

    return talk


def floods(before: bytes, then: bytes) -> Callable[[socket.socket], None]:
    def talk(sock: socket.socket) -> None:
        sock.sendall(before)
        while True:
            sock.sendall(then)

    return talk


def bombs(sock: socket.socket) -> None:
    bomb = gzip.compress(bytes(1 << 20)) * 300
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    sock.sendall(head % len(bomb) + bomb)
    sock.recv(1)


def replies(sock: socket.socket) -> None:
    sock.sendall(GOOD)
    sock.recv(1)


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[bool, float]]]:
    """(whether it was told, seconds) of a receiver that talks so, by a URL for apprise."""
    monkeypatch.setattr(bounded, "SECONDS", SECONDS)
    listener = socket.create_server(("127.0.0.1", 0))

    talks: list[tuple[Callable[[socket.socket], None], bool]] = []

    def serve(sock: socket.socket) -> None:
        talk, greets = talks[-1]
        with sock:
            try:
                if not greets:
                    sock.recv(65536)
                talk(sock)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
            except OSError:
                return

    def told(url: str, talk: Callable[[socket.socket], None]) -> tuple[bool, float]:
        talks.append((talk, url.startswith("mail")))
        sender = Apprise(Secret(url.format(listener.getsockname()[1])))
        begun = time.monotonic()
        (answer,) = sender.deliver([Notice(OPENED, incident())], time.time())
        return answer.ok, time.monotonic() - begun

    threading.Thread(target=accept, daemon=True).start()
    told(HTTP, replies)  # apprise is loaded before time is taken
    with listener:
        yield told


HTTP, MAIL = "ntfy://localhost:{}/topic", "mailto://user:pw@localhost:{}?from=a@own.test&to=b@own.test"
ENDLESS = {
    "head": (HTTP, drips(b"HTTP/1.1 200 OK\r\n")),
    "body": (HTTP, drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")),
    "continue": (HTTP, floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)),
    "much": (HTTP, floods(b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n", bytes(65536))),
    "mail": (MAIL, drips(b"220 ")),
    "much mail": (MAIL, floods(b"", b"220-hello\r\n" * 1000)),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_who_never_ends_is_cut_off(tell: Callable[..., tuple[bool, float]], name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, took = tell(*ENDLESS[name])
    assert took < SECONDS + 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST


def test_what_is_compressed_is_read_in_part(tell: Callable[..., tuple[bool, float]]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ok, took = tell(HTTP, bombs)
    assert ok and took < SECONDS + 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST


def test_a_good_answer_is_read(tell: Callable[..., tuple[bool, float]]) -> None:
    assert tell(HTTP, replies)[0]


def test_no_log_tells_a_token(tell: Callable[..., tuple[bool, float]], caplog: pytest.LogCaptureFixture) -> None:
    """urllib3 logs each path at DEBUG, and that of a chat has the token in it."""
    caplog.set_level("DEBUG")
    assert tell("mmost://localhost:{}/CANARYtokenOfAHook12345678", replies)[0]
    assert "CANARY" not in caplog.text
    logging.getLogger("urllib3.connectionpool").debug("as others need it")
    assert "as others need it" in caplog.text
