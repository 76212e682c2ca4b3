"""Chats, pagers and mail through apprise (extra `alerts`): one URL each, of a service on the list below.

Of apprise only the sending is used: no configuration files, no includes, no attachments, no plugins from a folder. It
is told not to follow redirects. Its own log, which may name a URL, is cut off.
"""

import logging
from collections.abc import Sequence
from typing import Any

from chatproof.monitoring.alerting.notice import INFO, Notice, severity, text, title
from chatproof.monitoring.alerting.post import Answer
from chatproof.monitoring.values import RESOLVED
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Secret

EXTRA = "chatproof[alerts]"
SERVICES = (
    "discord", "gchat", "gotifys", "line", "mailgun", "mailtos", "matrixs", "mmosts", "ntfys", "opsgenie",
    "pagerduty", "pover", "rockets", "sendgrid", "ses", "signl4", "slack", "sns", "splunk", "tgram", "twilio", "webex",
    "whatsapp", "workflows", "zulip",
)  # fmt: skip
"""Schemes of services that are reached over TLS. None reads a file, runs a program or speaks to this machine."""
LOOPBACK = ("mmost", "ntfy", "gotify", "rocket", "matrix", "mailto")
"""The same without TLS: to this machine only, or where the configuration says so."""


class Apprise:
    """A receiver. apprise is imported when the first message is sent."""

    most = 1

    def __init__(self, url: Secret) -> None:
        self._url = url

    def deliver(self, notices: Sequence[Notice], at: float) -> list[Answer]:
        """Send one after another."""
        return [self._send(notice) for notice in notices]

    def _send(self, notice: Notice) -> Answer:
        try:
            sender = _sender(self._url)
            if sender is None:
                return Answer(False, "apprise takes its URL for none of the service")
            kind = "success" if notice.what == RESOLVED else "info" if severity(notice.incident) == INFO else "failure"
            done = sender.notify(body=text(notice), title=title(notice), notify_type=kind, body_format="text")
        except Exception as error:  # its plugins raise what they like, and their texts are not ours
            return Answer(False, f"apprise: {type(error).__name__}")
        return Answer(bool(done), "" if done else "the service did not take it")


def problem_of(url: Secret, *, allow_http: bool) -> str:
    """Why this URL cannot be used; empty where it can. Never a part of it."""
    scheme, separator, rest = url.reveal().partition("://")
    if not separator:
        return "it is no URL of a service: see apprise's list"
    if scheme.lower() in LOOPBACK:
        host = rest.rpartition("@")[2].partition("/")[0].partition("?")[0].partition(":")[0].lower()
        if host not in ("localhost", "127.0.0.1") and not allow_http:
            return "it sends in clear: use the service's scheme with TLS, or say allow_http"
        return ""
    return "" if scheme.lower() in SERVICES else f"its service is not on the list: {', '.join(SERVICES)}"


def require() -> None:
    """Raise UsageError where apprise is not installed."""
    import importlib.util

    if importlib.util.find_spec("apprise") is None:
        said = "alerts of kind apprise need apprise, which is not installed"
        raise UsageError("usage", said, f"pip install '{EXTRA}'")


def _sender(url: Secret) -> Any:
    import apprise

    log = logging.getLogger("apprise")
    log.handlers, log.propagate = [logging.NullHandler()], False
    asset = apprise.AppriseAsset(
        app_id="chatproof", app_desc="chatproof", app_url="", secure_logging=True, async_mode=False,
        http_redirects=False, plugin_paths=[], storage_mode="memory",
    )  # fmt: skip
    sender = apprise.Apprise(asset=asset)
    if not sender.add(url.reveal()):
        return None
    for service in sender:  # whatever the URL asks for
        service.redirects, service.verify_certificate = False, True
    return sender
