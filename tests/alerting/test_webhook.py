"""Webhooks: signed so that other people's libraries accept it, and harmless whatever the receiver does."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable

import pytest
import standardwebhooks

from chatproof.monitoring.alerting import post as posting
from chatproof.monitoring.alerting import webhook
from chatproof.monitoring.alerting.notice import Notice
from chatproof.monitoring.alerting.post import Answer, Way, post
from chatproof.monitoring.alerting.webhook import Webhook
from chatproof.monitoring.values import OPENED, RESOLVED
from chatproof.wire.exchange import Secret
from tests.alerting.incidents import CAUSE, hook, incident, raw_server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENTINEL = "s3cr3t-path-of-the-hook"


def told(url: str, notice: Notice | None = None, **way: object) -> Answer:
    sender = Webhook(Way(Secret(url), **way), Secret(SECRET))  # type: ignore[arg-type]
    (answer,) = sender.deliver([notice or Notice(OPENED, incident())], time.time())
    return answer


def test_another_library_accepts_the_signature() -> None:
    with hook() as server:
        assert told(server.url) == Answer(True)
        ((path, headers, body),) = server.requests
    assert path == f"/hook/{SENTINEL}"
    verified = standardwebhooks.Webhook(SECRET).verify(body, headers)
    assert verified == json.loads(body) and headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "inc-1.1"
    for name, wrong in (("webhook-id", "inc-1.2"), ("webhook-timestamp", str(int(time.time()) - 30))):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(SECRET).verify(body, {**headers, name: wrong})
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(SECRET).verify(body + b" ", headers)


def test_an_old_message_is_refused_by_its_time() -> None:
    with hook() as server:
        sender = Webhook(Way(Secret(server.url)), Secret(SECRET))
        sender.deliver([Notice(OPENED, incident())], time.time() - 3600)
        ((_, headers, body),) = server.requests
    with pytest.raises(standardwebhooks.WebhookVerificationError, match="old"):
        standardwebhooks.Webhook(SECRET).verify(body, headers)


def test_a_secret_of_any_form_signs() -> None:
    import hashlib
    import hmac

    plain = hmac.new(b"a plain secret of some length", b"i.1.{}", hashlib.sha256).digest()
    assert base64.b64decode(webhook.signature(Secret("a plain secret of some length"), "i", 1, b"{}")) == plain
    assert webhook.problem_of(Secret("whsec_***")) and webhook.problem_of(Secret("short"))
    assert not webhook.problem_of(Secret(SECRET)) and not webhook.problem_of(Secret("sixteen bytes or more"))


def test_what_it_says() -> None:
    with hook() as server:
        told(server.url, Notice(RESOLVED, incident(revision=4, ended=1795900500.0, targets=()), link="https://m.test/"))
        (said,) = server.bodies()
    assert said["schema"] == "chatproof.alert/1" and said["event"] == "resolved" and said["severity"] == "page"
    assert said["incident"]["id"] == "inc-1" and said["incident"]["revision"] == 4
    assert (
        said["incident"]["since"] == "2026-11-28T21:06:40.000Z"
        and said["incident"]["ended"] == "2026-11-28T21:15:00.000Z"
    )
    assert said["incident"]["all_targets"] == ["desk", "shop"] and said["page"] == "https://m.test/incidents/inc-1"
    assert said["cause"] == {**CAUSE._asdict(), "explain": "chatproof explain gateway.error"}


# -- a hostile receiver -----------------------------------------------------------------------------------------------


def _endless_headers(near: socket.socket) -> None:
    near.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        near.sendall(b"X-A: " + b"a" * 1000 + b"\r\n")


def _endless_body(near: socket.socket) -> None:
    near.sendall(b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        near.sendall(b"a" * 65536)


def _dripping(near: socket.socket) -> None:
    for char in b"HTTP/1.1 200 OK\r\n" * 100:
        near.sendall(bytes([char]))
        time.sleep(0.2)


def _silent(near: socket.socket) -> None:
    near.recv(1)  # until we have gone


def _nonsense(near: socket.socket) -> None:
    near.sendall(b"\x00\xff" * 400)


def _closing(near: socket.socket) -> None:
    near.close()


HOSTILE: dict[str, tuple[Callable[[socket.socket], None], str]] = {
    "endless headers": (_endless_headers, "limit.size"),
    "endless body of an error": (_endless_body, "limit.size"),
    "dripping": (_dripping, "limit.deadline"),
    "silent": (_silent, "net.read_timeout"),
    "nonsense": (_nonsense, "http.not_http"),
    "closing": (_closing, "net.closed"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_receiver_costs_a_bounded_time_and_tells_us_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "TIMEOUT", 1.5)
    answer, reason = HOSTILE[name]
    began = time.monotonic()
    with raw_server(answer) as url:
        got = told(url)
    assert not got.ok and time.monotonic() - began < 20
    assert reason.partition(".")[0] in (got.reason.partition(".")[0], "limit", "net"), got
    assert SENTINEL not in got.reason and "127.0.0.1" not in got.reason


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with hook() as other, hook() as server:
        server.reply = lambda number: (status, {"Location": other.url}, b"")
        answer = told(server.url)
        assert not answer.ok and "redirect" in answer.reason and other.requests == []


def test_it_waits_as_long_as_it_is_asked_to_and_no_longer() -> None:
    with hook() as server:
        for said, wait in (("17", 17.0), ("99999", 3600.0), ("soon", 0.0), ("9999999999", 0.0)):
            server.reply = lambda number, said=said: (429, {"Retry-After": said}, b"")  # type: ignore[misc]
            assert told(server.url) == Answer(False, "HTTP 429", wait)


def test_what_the_receiver_answers_is_repeated_nowhere() -> None:
    with hook() as server:
        server.reply = lambda number: (500, {"X-Echo": SECRET}, f"{SENTINEL} {SECRET} ::error::".encode())
        assert told(server.url) == Answer(False, "HTTP 500")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://x.test/a", "exec://id", "include://x", "gopher://x.test", "x.test/a", "//x.test/a",
        "http://hook.test/in-clear", "https://user:s3cr3t@hook.test/a", "https://hook.test/a b", "https://hook.test/a\r\nX: y",
        "https://hook.test:99999/", "https://hook.test/?q=\"", "javascript:alert(1)", "HTTP://169.254.169.254/latest",
    ],
)  # fmt: skip
def test_other_schemes_and_clear_text_are_refused_without_saying_what_was_given(url: str) -> None:
    problem = posting.problem_of(Secret(url), allow_http=False)
    assert problem
    for part in ("s3cr3t", "hook.test", "passwd", "x.test", "169.254", "latest"):
        assert part not in problem
    answer = told(url)
    assert not answer.ok and "cannot be used" in answer.reason and "s3cr3t" not in answer.reason


def test_urls_that_services_give() -> None:
    for url in (
        "https://hooks.slack.com/services/T0/B0/abc", "https://x.logic.azure.com:443/workflows/a/triggers/manual/paths/invoke"
        "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=abc-_def", "http://127.0.0.1:9093", "https://[::1]:8443/x",
    ):  # fmt: skip
        assert posting.problem_of(Secret(url), allow_http=False) == ""
    assert posting.problem_of(Secret("http://alertmanager:9093"), allow_http=True) == ""


def test_the_query_of_a_url_is_sent() -> None:
    with hook() as server:
        assert told(f"{server.url}?sig=a%2Fb&x=1").ok
        assert server.requests[0][0].endswith("?sig=a%2Fb&x=1")


def test_an_authorization_of_any_scheme() -> None:
    with hook() as server:
        assert told(server.url, authorization=Secret("Basic YTpi")).ok
        assert server.requests[0][1]["authorization"] == "Basic YTpi"


def test_the_environments_proxies_are_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with hook() as server:
        assert told(server.url).ok


def test_the_first_failure_ends_the_turn() -> None:
    with hook() as server:
        server.reply = lambda number: (503, {}, b"")
        sender = Webhook(Way(Secret(server.url)), Secret(SECRET))
        answers = sender.deliver([Notice(OPENED, incident(f"inc-{n}")) for n in range(3)], time.time())
        assert [answer.ok for answer in answers] == [False] * 3 and len(server.requests) == 1


def test_an_untrusted_certificate_is_refused() -> None:
    """The URL's path must not be shown to whoever stands between."""
    import ssl
    import threading

    import trustme

    authority, asked = trustme.CA(), []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:  # a refused handshake is looked at once more, to see whose certificate it was
            try:
                near, _ = listening.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(near, server_side=True) as tls:
                    asked.append(tls.recv(65536))
                    tls.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except (OSError, ssl.SSLError):
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    url = f"https://127.0.0.1:{listening.getsockname()[1]}/{SENTINEL}"
    answer = told(url)
    assert not answer.ok and answer.reason == "tls.untrusted" and asked == []
    with authority.cert_pem.tempfile() as path:
        assert post(Way(Secret(url), ca_file=path), b"{}", ()).ok
    assert SENTINEL.encode() in asked[0]
    listening.shutdown(socket.SHUT_RDWR)
    thread.join(30)
    listening.close()


def test_a_hook_is_no_secret_in_a_repr() -> None:
    way = Way(Secret("https://hook.test/s3cr3t"), Secret("Bearer t0ken"))
    assert "s3cr3t" not in repr(way) and "t0ken" not in repr(way)
