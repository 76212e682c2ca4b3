"""An apprise URL is judged by whom apprise speaks to: every service × every option of its plugin × what may go wrong."""

from __future__ import annotations

import builtins
import io
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from chatproof import simulator
from chatproof.monitoring.alerting import apprise_url
from chatproof.monitoring.alerting.apprise_url import LOOPBACK, SERVICES
from chatproof.monitoring.alerting.notice import Notice
from chatproof.monitoring.alerting.through_apprise import Apprise
from chatproof.monitoring.values import OPENED
from chatproof.transport import tls
from chatproof.wire.exchange import Secret
from tests.alerting.incidents import incident

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of apprise's imports
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # of its objects that were not made
]
GOOD = {
    "discord": (f"discord://{'1' * 18}/{'a' * 64}", "discord.com"),
    "gchat": ("gchat://space/key/token", "chat.googleapis.com"),
    "gotify": ("gotify://localhost/tokenAAAAAAAA", "localhost"),
    "gotifys": ("gotifys://own.test/tokenAAAAAAAA", "own.test"),
    "line": (f"line://{'a' * 64}/U{'1' * 32}", "api.line.me"),
    "mailgun": (f"mailgun://user@own.test/{'a' * 32}-{'b' * 8}-{'c' * 8}", "api.mailgun.net"),
    "mailto": ("mailto://user:pw@localhost?to=a@own.test&from=b@own.test", "localhost"),
    "mailtos": ("mailtos://user:pw@own.test", "own.test"),
    "matrix": ("matrix://user:pw@localhost/%23room", "localhost"),
    "matrixs": ("matrixs://user:pw@own.test/%23room", "own.test"),
    "mmost": (f"mmost://localhost/{'a' * 26}", "localhost"),
    "mmosts": (f"mmosts://own.test/{'a' * 26}", "own.test"),
    "ntfy": ("ntfy://localhost/topic", "localhost"),
    "ntfys": ("ntfys://own.test/topic", "own.test"),
    "opsgenie": ("opsgenie://aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "api.opsgenie.com"),
    "pagerduty": ("pagerduty://integration@apikey", "events.pagerduty.com"),
    "pover": (f"pover://{'u' * 30}@{'t' * 30}", "api.pushover.net"),
    "rocket": ("rocket://user:pw@localhost/%23room", "localhost"),
    "rockets": ("rockets://user:pw@own.test/%23room", "own.test"),
    "sendgrid": (f"sendgrid://{'a' * 32}:from@own.test/to@own.test", "api.sendgrid.com"),
    "ses": ("ses://from@own.test/AKIA/SECRETKEY/us-east-1/to@own.test", "email.us-east-1.amazonaws.com"),
    "signl4": ("signl4://secretsecret", "connect.signl4.com"),
    "slack": (f"slack://{'T' * 9}/{'B' * 9}/{'c' * 24}/%23room", "hooks.slack.com"),
    "sns": ("sns://AKIA/SECRETKEY/us-east-1/+15551234567", "sns.us-east-1.amazonaws.com"),
    "splunk": ("splunk://route@aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "alert.victorops.com"),
    "tgram": (f"tgram://123456789:{'a' * 35}/1234", "api.telegram.org"),
    "twilio": (f"twilio://AC{'1' * 32}:{'a' * 32}@15551234567", "api.twilio.com"),
    "webex": (f"webex://{'a' * 80}", "api.ciscospark.com"),
    "whatsapp": (f"whatsapp://{'a' * 40}@123456/15551234567", "graph.facebook.com"),
    "workflows": ("workflows://own.test:443/workflow/signature", "own.test"),
    "zulip": (f"zulip://bot@own/{'a' * 32}", "own.zulipchat.com"),
}
"""A URL of each service, and whom it speaks to."""
OF_THE_SERVICE = {"api.eu.mailgun.net", "api.eu.opsgenie.com", "events.eu.pagerduty.com", "webexapis.com", "slack.com"}
"""Other hosts of the same services, which an option may name."""
SLACK = GOOD["slack"][0]


@pytest.fixture
def spoken_to(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """(host, port) of everybody whose name was looked up, and (path, 'file') of what was read of canaries."""
    found: list[tuple[str, object]] = []

    def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        found.append((host.decode() if isinstance(host, bytes) else str(host), port))
        raise socket.gaierror(socket.EAI_NONAME, "nobody")

    def opened(path: Any, *args: Any, **kwargs: Any) -> Any:
        if "canary" in str(path):
            found.append((str(path), "file"))
        return real(path, *args, **kwargs)

    real = builtins.open
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "gethostbyaddr", look_up)
    monkeypatch.setattr(builtins, "open", opened)
    monkeypatch.setattr(io, "open", opened)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return found


def judged_and_sent(url: str, spoken_to: list[tuple[str, object]], *, allow_http: bool = False) -> str:
    """The problem; where there is none, it was sent."""
    problem = apprise_url.problem_of(Secret(url), allow_http=allow_http)
    assert not spoken_to, f"{url}: a look sends nothing and reads nothing"
    if not problem:
        Apprise(Secret(url)).deliver([Notice(OPENED, incident())], 1.0)
    return problem


def test_every_service_has_a_good_url() -> None:
    assert set(GOOD) == {*SERVICES, *LOOPBACK}


@pytest.mark.parametrize("scheme", GOOD)
def test_a_service_speaks_to_one_host(
    scheme: str, spoken_to: list[tuple[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    url, host = GOOD[scheme]
    assert judged_and_sent(url, spoken_to) == ""
    assert {name for name, _ in spoken_to} == {host}
    assert scheme in LOOPBACK or {port for _, port in spoken_to} <= {443, 587}, "over TLS"


EVIL = (
    "https://evil.test/x",
    "evil.test",
    "CANARY",
    "no",
    "yes",
    "insecure",
    "t2bot",
    "cloud",
    "+evil",
    "file://CANARY",
)


@pytest.mark.nightly
@pytest.mark.parametrize("scheme", GOOD)
def test_no_option_leads_elsewhere(
    scheme: str, spoken_to: list[tuple[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every option that the plugin has, with each value: refused, or spoken to is the same service, over TLS as before."""
    from apprise.manager_plugins import NotificationManager

    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    canary = tmp_path / "canary.json"
    canary.write_text("{}")
    url, host = GOOD[scheme]
    plugin = NotificationManager()[scheme]
    taken = 0
    for name in [*plugin.template_args, "smtp", "template", "attach", "host", "port", "schema", "+X-Evil", ":a", "-b"]:
        for value in EVIL:
            tried = f"{url}{'&' if '?' in url else '?'}{name}={value.replace('CANARY', str(canary))}"
            spoken_to.clear()
            if not judged_and_sent(tried, spoken_to):
                taken += 1
                said = {heard for heard, _ in spoken_to}
                assert said <= {host, *OF_THE_SERVICE}, tried
                assert scheme in LOOPBACK or {port for _, port in spoken_to} <= {443, 587}, tried
            spoken_to.clear()
    assert taken, "some are taken"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{SLACK},file:///tmp/x", "several URLs"),
        (f"{SLACK};exec://x", "several URLs"),
        (f"{SLACK} exec://x", "no white space"),
        (f"{SLACK}\nexec://x", "no white space"),
        (f"{SLACK}\texec://x", "no white space"),
        (f"{SLACK},,;JSON://evil.test", "several URLs"),
        (f"{SLACK}?to=a,json://evil.test", "several URLs"),
        (f"{SLACK}\u2003json://evil.test", "no white space"),
        ("mmost://evil.test/@localhost/aaaaaaaaaaaaaaaaaaaaaaaaaa", "unencrypted"),
        ("mmost://evil.test?x=@localhost/aaaaaaaaaaaaaaaaaaaaaaaaaa", ""),
        ("mmost:\\\\localhost/aaaaaaaaaaaaaaaaaaaaaaaaaa", "not the URL"),
        ("mmost://evil.test\\@localhost/aaaaaaaaaaaaaaaaaaaaaaaaaa", "several URLs"),
        ("MMOST://evil.test/aaaaaaaaaaaaaaaaaaaaaaaaaa", "unencrypted"),
        ("gotify://evil.test#@localhost/tokenAAAAAAAA", ""),
        ("gotify://user@evil.test@localhost/tokenAAAAAAAA", ""),
        ("ntfy://evil.test%2f@localhost/topic", ""),
        ("mailto://user:pw@localhost?smtp=evil.test&to=a@own.test", "option"),
        ("mailtos://user:pw@own.test?mode=insecure", "option"),
        ("mailtos://user:pw@own.test?SMTP=evil.test", "option"),
        ("mailtos://user:pw@own.test?%73mtp=evil.test", "option"),
        ("mailtos://user:pw@own.test?pgp=yes&pgpkey=/etc/passwd", "option"),
        (f"{GOOD['ntfys'][0]}?attach=https://evil.test/x", "option"),
        (f"{SLACK}?template=/etc/passwd", "option"),
        (f"{SLACK}?verify=no", "option"),
        (f"{SLACK}?redirect=yes", "option"),
        (f"{SLACK}?rto=1e9&cto=1e9", "option"),
        (f"{SLACK}?retry=1000&wait=3600", "option"),
        ("sns://AKIA/SECRET/us-east-1.evil.test%2f/+15551234567", ""),
        ("include://x", "not on the list"),
        ("https://discord.com/api/webhooks/1/a", "not on the list"),
    ],
)
def test_what_looks_like_a_service_on_the_list(
    url: str, expected: str, spoken_to: list[tuple[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty expectation: whatever is said of it, nobody is spoken to in clear but this machine."""
    problem = judged_and_sent(url, spoken_to)
    if expected:
        assert expected in problem
    assert not {host for host, port in spoken_to if port not in (443, 587) and host not in ("localhost", "127.0.0.1")}
    assert "evil" not in problem and "pw" not in problem


def test_authorities_and_passwords_of_the_environment_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests would trust what REQUESTS_CA_BUNDLE names, and send what ~/.netrc has instead of the token."""
    import requests

    seen: list[tuple[Any, Any]] = []

    def send(self: Any, request: Any, **options: Any) -> Any:
        seen.append((options["verify"], request.headers.get("Authorization")))
        raise requests.ConnectionError

    (tmp_path / ".netrc").write_text("machine api.opsgenie.com login stranger password x\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("NETRC", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSLKEYLOGFILE"):
        monkeypatch.setenv(name, str(tmp_path / ".netrc"))
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    (answer,) = Apprise(Secret(GOOD["opsgenie"][0])).deliver([Notice(OPENED, incident())], 1.0)
    assert not answer.ok and seen
    for verify, authorization in seen:
        assert str(verify).endswith("cacert.pem") and str(tmp_path) not in str(verify)
        assert authorization and authorization.startswith("GenieKey ")


@pytest.mark.parametrize("scheme", [*LOOPBACK, "gotifys"])
def test_a_proxy_of_a_variable_sees_nothing_in_clear(
    scheme: str, spoken_to: list[tuple[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for this machine, which no NO_PROXY names; over TLS the proxy only carries it (docs/guides/alerts.md)."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://evil.test:3128")
    url, host = GOOD[scheme]
    assert judged_and_sent(url, spoken_to) == ""
    assert {name for name, _ in spoken_to} == {"evil.test" if scheme == "gotifys" else host}


def _mail_server(listening: socket.socket, heard: list[bytes]) -> None:
    """Takes STARTTLS, and no password."""
    sock, _ = listening.accept()
    sock.sendall(b"220 own.test\r\n")
    with suppress(OSError):
        while said := sock.recv(4096):
            heard.append(said)
            if said.upper().startswith(b"EHLO"):
                sock.sendall(b"250-own.test\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n")
            elif said.upper().startswith(b"STARTTLS"):
                sock.sendall(b"220 go\r\n")
                sock = simulator._context("good").wrap_socket(sock, server_side=True)
            else:
                sock.sendall(b"535 no\r\n")
    sock.close()


@pytest.mark.parametrize("trusted", [True, False])
def test_a_mail_server_is_believed_by_the_systems_authorities_only(
    trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL would take those that SSL_CERT_FILE names, and the password would be sent. `trusted` is the control."""
    monkeypatch.setenv("SSL_CERT_FILE", simulator._CA_FILE)
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_mail_server, args=(listening, heard), daemon=True).start()
        url = f"mailtos://user:CANARYpassword@localhost:{listening.getsockname()[1]}?from=a@own.test&to=b@own.test"
        if trusted:
            ours = tls.context(simulator._CA_FILE)
            monkeypatch.setattr(tls, "context", lambda: ours)
        Apprise(Secret(url)).deliver([Notice(OPENED, incident())], 1.0)
    assert any(said.startswith(b"STARTTLS") for said in heard)
    assert any(said.startswith(b"AUTH") for said in heard) is trusted
