"""[[monitor.alerts]]: what may be said, where URLs and secrets come from, and that none of them is ever repeated."""

from __future__ import annotations

import re
import time
import tomllib
import traceback
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from chatproof.monitoring.alerting import through_apprise
from chatproof.monitoring.alerting.alertmanager import RESEND
from chatproof.monitoring.alerting.apprise_url import LOOPBACK, SERVICES
from chatproof.monitoring.alerting.notice import Notice
from chatproof.monitoring.alerting.receivers import receivers_of
from chatproof.monitoring.alerting.through_apprise import Apprise
from chatproof.monitoring.values import OPENED, RESOLVED
from chatproof.target import alert_fields, environment
from chatproof.target.config_fields import Place
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Secret
from tests.alerting.incidents import hook, incident

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of apprise's imports
GOOD = """
[[monitor.alerts]]
kind = "alertmanager"
url = "env:AM_URL"
authorization = "env:AM_AUTH"
labels = { team = "llm" }

[[monitor.alerts]]
kind = "webhook"
name = "hook"
url = "file:%s"
secret = "env:HOOK_SECRET"
states = ["failing"]
targets = ["shop"]
repeat = "4h"
link = "https://monitor.test"

[[monitor.alerts]]
kind = "apprise"
url = "env:CHAT"
"""
ENVIRON = {
    "AM_URL": "https://am.test/s3cr3t-am", "AM_AUTH": "Bearer s3cr3t-auth", "HOOK_SECRET": "s3cr3t-to-sign-with",
    "CHAT": "slack://s3cr3tT0ken/AAAAAAAAA/BBBBBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC",
}  # fmt: skip
URL = "https://hook.test/s3cr3t-path?sig=s3cr3t-sig"


def tables(text: str) -> Any:
    return tomllib.loads(text)["monitor"]["alerts"]


def problems(said: Any) -> list[str]:
    return [
        f"{error.detail}; {error.advice}"
        for error in alert_fields.problems(said, "monitor.alerts", Place("c.toml", ""))
    ]


@pytest.fixture
def good(tmp_path: Path) -> Any:
    path = tmp_path / "hook-url"
    path.write_text(f"{URL}\n")
    path.chmod(0o600)
    return tables(GOOD % path)


def test_what_the_documentation_shows(good: Any) -> None:
    assert problems(good) == []
    jsonschema_rs.validator_for(alert_fields.schema()).validate(good)
    made = receivers_of(good, ENVIRON)
    assert list(made) == ["alertmanager", "hook", "apprise"]
    assert made["alertmanager"].resend == RESEND and made["hook"].resend == 4 * 3600 and made["apprise"].resend == 0
    assert made["hook"].wants(incident()) and not made["hook"].wants(incident(state="unknown"))
    assert not made["hook"].wants(incident(all_targets=("desk",))) and made["apprise"].wants(
        incident(state="unknown_ours")
    )
    assert not made["apprise"].wants(incident(state="degraded")), "only where it was asked for"


def test_nothing_shows_a_secret(good: Any) -> None:
    made = receivers_of(good, ENVIRON)
    shown = f"{made!r} {made} {[vars(each.sender) for each in made.values()]}"
    assert "s3cr3t" not in shown and "am.test" not in shown


MISTAKES: dict[str, tuple[Any, str]] = {
    "no tables": ({"kind": "webhook"}, "must be tables"),
    "unknown kind": ([{"kind": "slack", "url": "env:A"}], "kind must be alertmanager, webhook or apprise"),
    "a URL itself": ([{"kind": "apprise", "url": "slack://s3cr3t/a/b"}], "url must name a variable or file"),
    "a secret itself": ([{"kind": "webhook", "url": "env:A", "secret": "s3cr3t"}], "secret must name a variable or file"),
    "a relative file": ([{"kind": "apprise", "url": "file:hook"}], "url must name a variable or file"),
    "no secret": ([{"kind": "webhook", "url": "env:A"}], "a webhook needs a secret"),
    "no url": ([{"kind": "apprise"}], "url is missing"),
    "a name of another kind": ([{"kind": "apprise", "url": "env:A", "secret": "env:B"}], "secret is not a setting of apprise"),
    "a misspelt name": ([{"kind": "apprise", "url": "env:A", "state": ["failing"]}], "did you mean states"),
    "a state": ([{"kind": "apprise", "url": "env:A", "states": ["passing"]}], "states knows failing"),
    "often": ([{"kind": "apprise", "url": "env:A", "repeat": "5s"}], "repeat must be at least a minute"),
    "a label of ours": ([{"kind": "alertmanager", "url": "env:A", "labels": {"severity": "x"}}], "labels must be names"),
    "a link with a key": ([{"kind": "apprise", "url": "env:A", "link": "https://a:s3cr3t@m.test"}], "link must be an http(s) URL"),
    "twice": ([{"kind": "apprise", "url": "env:A"}, {"kind": "apprise", "url": "env:B"}], "two receivers have the name 'apprise'"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_with_the_fix_and_without_a_secret(name: str) -> None:
    said, expected = MISTAKES[name]
    (told,) = problems(said)
    assert expected in told and "s3cr3t" not in told and "c.toml" in told


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("AM_URL", "", "env:AM_URL is not set"),
        ("AM_URL", "file:///etc/s3cr3t", "its scheme is neither https nor http"),
        ("AM_URL", "http://am.test/s3cr3t", "http to a remote host"),
        ("AM_URL", "https://u:s3cr3t@am.test", "user information"),
        ("AM_AUTH", " ", "env:AM_AUTH is not set"),
        ("HOOK_SECRET", "s3cr3t", "shorter than 16 bytes"),
        ("CHAT", "file:///etc/s3cr3t", "its service is not on the list"),
        ("CHAT", "exec://s3cr3t", "its service is not on the list"),
        ("CHAT", "json://127.0.0.1/s3cr3t", "its service is not on the list"),
        ("CHAT", "mmost://chat.test/s3cr3t", "it sends unencrypted"),
        ("CHAT", "s3cr3t", "it is not the URL of a service"),
    ],
)
def test_what_a_reference_leads_to_is_checked_before_anything_is_sent(
    good: Any, variable: str, value: str, expected: str
) -> None:
    with pytest.raises(UsageError) as error:
        receivers_of(good, environment.Unshown({**ENVIRON, variable: value}))
    assert expected in error.value.detail and "s3cr3t" not in f"{error.value} {error.value.advice}"
    told = "".join(traceback.TracebackException.from_exception(error.value, capture_locals=True).format())
    told = told.partition("alerting/receivers.py")[2]  # the test's own frame has the value
    assert "in receivers_of" in told and "s3cr3t" not in told, "not even in a traceback with locals"


def test_a_file_that_others_can_write_to_is_refused(good: Any) -> None:
    path = Path(good[1]["url"].partition(":")[2])
    path.chmod(0o666)
    with pytest.raises(UsageError, match="other users could change"):
        receivers_of(good, ENVIRON)
    path.unlink()
    with pytest.raises(UsageError, match="cannot read"):
        receivers_of(good, ENVIRON)


# -- apprise ----------------------------------------------------------------------------------------------------------


def mattermost(url: str) -> str:
    """As apprise's URL of a Mattermost server in clear, on this machine."""
    port = re.findall(r":([0-9]+)/", url)[0]
    return f"mmost://127.0.0.1:{port}/s3cr3tT0kenOfTheHook1234"


def test_a_message_goes_through_apprise() -> None:
    with hook() as server:
        sender = Apprise(Secret(mattermost(server.url)))
        (answer,) = sender.deliver([Notice(OPENED, incident())], time.time())
        assert answer.ok, answer
        (body,) = server.bodies()
    assert (
        "gateway.error" in str(body) and "chatproof explain gateway.error" in str(body) and "Tell whoever" in str(body)
    )


def test_apprise_follows_no_redirect_whatever_its_url_says(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with hook() as other, hook() as server:
        server.reply = lambda number: (302, {"Location": other.url}, b"")
        sender = Apprise(Secret(mattermost(server.url) + "?redirect=yes&verify=no"))
        (answer,) = sender.deliver([Notice(RESOLVED, incident(ended=1.0))], time.time())
        assert not answer.ok and len(server.requests) == 1 and other.requests == []
    assert "s3cr3t" not in f"{answer} {caplog.text} {capfd.readouterr()}"


def test_apprise_says_nothing_of_a_url_that_it_does_not_take(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    (answer,) = Apprise(Secret("slack://s3cr3t")).deliver([Notice(OPENED, incident())], time.time())
    assert not answer.ok and "s3cr3t" not in f"{answer} {caplog.text} {capfd.readouterr()}"


def test_apprise_knows_every_service_on_the_list() -> None:
    from apprise.manager_plugins import NotificationManager

    assert {*SERVICES, *LOOPBACK} <= set(NotificationManager().schemas())
    assert not {"file", "exec", "include", "syslog", "dbus", "json", "jsons", "form", "xml"} & {*SERVICES, *LOOPBACK}


def test_without_apprise_it_says_what_to_install(good: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="not installed") as error:
        receivers_of(good, ENVIRON)
    assert f"pip install 'chatproof[{through_apprise.EXTRA}]'" in error.value.advice
