"""Whom to tell: made of the tables [[monitor.alerts]], with their secrets, before anything is sent.

Raises UsageError for our own side; no message holds a value that a variable or file has.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from chatproof.monitoring.alerting import apprise_url, post, through_apprise, webhook
from chatproof.monitoring.alerting.alertmanager import RESEND, Alertmanager
from chatproof.monitoring.alerting.notice import Notice
from chatproof.monitoring.alerting.post import Answer, Way
from chatproof.monitoring.values import DEGRADED, Incident
from chatproof.target import alert_fields
from chatproof.target.alert_fields import ALERTMANAGER, APPRISE, WEBHOOK
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Secret

_ENV = "env:"
_PAUSE = 600.0  # between messages to people that differ in the targets only


class Sender(Protocol):
    """How a kind of receiver is told."""

    most: int
    """Notices that go out in one turn."""

    def deliver(self, notices: Sequence[Notice], at: float) -> list[Answer]:
        """Send notices in order; what became of each."""


class Receiver(NamedTuple):
    """Whom to tell, of what, and how often."""

    name: str
    kind: str
    states: tuple[str, ...]
    targets: tuple[str, ...]
    resend: float
    link: str
    sender: Sender
    pause: float = 0.0
    """Seconds between two messages that differ in the incident's targets only."""

    def wants(self, incident: Incident) -> bool:
        """It is to be told of this incident; of one that it was told of it hears the rest in any case."""
        if incident.state not in self.states:
            return False
        return not self.targets or bool({*self.targets} & {*incident.all_targets})


def receivers_of(tables: Sequence[Mapping[str, Any]], environ: Mapping[str, str]) -> dict[str, Receiver]:
    """The receivers by name. The tables were checked by `alert_fields`; what they refer to is looked up here."""
    made = {}
    for table in map(dict, tables):
        name = alert_fields.name_of(table)
        made[name] = _receiver(name, table, environ)
    return made


def _receiver(name: str, table: dict[str, Any], environ: Mapping[str, str]) -> Receiver:
    kind, allow_http = str(table["kind"]), bool(table.get("allow_http"))
    url = _secret(name, "url", table, environ)
    assert url is not None
    if kind == APPRISE:
        through_apprise.require()
        problem = apprise_url.problem_of(url, allow_http=allow_http)
    else:
        problem = post.problem_of(url, allow_http=allow_http)
    if problem:
        raise UsageError(
            "usage", f"alerts to {name}: the value of {table['url']} cannot be used: {problem}", "correct it"
        )
    return Receiver(
        name,
        kind,
        tuple(table.get("states", [state for state in alert_fields.STATES if state != DEGRADED])),
        tuple(table.get("targets", ())),
        RESEND if kind == ALERTMANAGER else alert_fields.repeat_of(table),
        str(table.get("link", "")),
        _sender(name, table, url, environ),
        _PAUSE if kind == APPRISE else 0.0,  # the others are programs, and take each revision
    )


def _sender(name: str, table: dict[str, Any], url: Secret, environ: Mapping[str, str]) -> Sender:
    if table["kind"] == APPRISE:
        return through_apprise.Apprise(url)
    authorization = _secret(name, "authorization", table, environ)
    way = Way(url, authorization, bool(table.get("allow_http")), str(table.get("ca_file", "")))
    if table["kind"] == ALERTMANAGER:
        return Alertmanager(way, table.get("labels", {}))
    secret = _secret(name, "secret", table, environ)
    assert secret is not None and table["kind"] == WEBHOOK
    if problem := webhook.problem_of(secret):
        raise UsageError(
            "usage", f"alerts to {name}: the secret in {table['secret']} cannot be used: {problem}", "make another"
        )
    return webhook.Webhook(way, secret)


def _secret(name: str, field: str, table: Mapping[str, Any], environ: Mapping[str, str]) -> Secret | None:
    """What a reference leads to; None where there is none."""
    reference = table.get(field)
    if reference is None:
        return None
    if reference.startswith(_ENV):
        held = Secret(environ.get(reference.removeprefix(_ENV), "").strip())
    else:
        from chatproof.target.key_places import read_key_file

        try:
            held = Secret(read_key_file(reference.partition(":")[2], [])[0].strip())
        except UsageError as error:
            raise UsageError("usage", f"alerts to {name}: {field}: {error.detail}", error.advice) from None
    if not len(held):
        raise UsageError("usage", f"alerts to {name}: {reference} is not set", f"set it, or remove {field}")
    return held
