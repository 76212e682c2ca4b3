"""Chats, pagers and mail through apprise (extra `alerts`): one URL each, of a service on the list of `apprise_url`.

Of apprise only the sending is used: no configuration files, no includes, no attachments, no plugins from a folder. It
is told not to follow redirects, and cut off at a deadline. Its own log, which may name a URL, is cut off.
"""

from collections.abc import Sequence

from chatproof.monitoring.alerting import apprise_url, bounded
from chatproof.monitoring.alerting.notice import INFO, Notice, severity, text, title
from chatproof.monitoring.alerting.post import Answer
from chatproof.monitoring.values import RESOLVED
from chatproof.usage_error import UsageError, install
from chatproof.wire.exchange import Secret

EXTRA = "alerts"


class Apprise:
    """A receiver."""

    most = 1

    def __init__(self, url: Secret) -> None:
        self._url = url

    def deliver(self, notices: Sequence[Notice], at: float) -> list[Answer]:
        """Send one after another."""
        return [self._send(notice) for notice in notices]

    def _send(self, notice: Notice) -> Answer:
        try:
            service = apprise_url.service_of(self._url)
            if service is None:
                return Answer(False, "apprise does not recognize its URL as a URL of this service")
            import apprise

            sender = apprise.Apprise(asset=service.asset)
            sender.add(service)
            kind = "success" if notice.what == RESOLVED else "info" if severity(notice.incident) == INFO else "failure"
            with bounded.connections():
                done = sender.notify(body=text(notice), title=title(notice), notify_type=kind, body_format="text")
        except Exception as error:  # its plugins raise what they like, and their texts are not ours
            return Answer(False, f"apprise: {type(error).__name__}")
        return Answer(bool(done), "" if done else "the service did not accept it")


def require() -> None:
    """Raise UsageError where apprise is not installed."""
    import importlib.util

    if importlib.util.find_spec("apprise") is None:
        said = "alerts of kind apprise need apprise, which is not installed"
        raise UsageError("usage", said, install(EXTRA))
