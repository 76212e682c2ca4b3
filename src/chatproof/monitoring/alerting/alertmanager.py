"""Alertmanager, API v2: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml (read 2026-11-29).

An alert is its set of labels. Those of an incident are its id, its severity and its owner, which routes need; when one
of the latter two changes, the old set is ended in the same request in which the new one begins, so that one is shown.
What may change otherwise stands in annotations. An alert ends by itself at `endsAt` unless it is told again before.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chatproof import clock
from chatproof.monitoring.alerting.notice import Notice, lines, page_of, severity, title
from chatproof.monitoring.alerting.post import Answer, Way, post
from chatproof.monitoring.values import Incident

PATH = "/api/v2/alerts"
NAME = "ChatproofIncident"
RESEND, LASTS = 60.0, 900.0
"""Seconds between two tellings of an alert that lasts, and until it ends where it is not told again: long enough for a
restart of the monitor, which is no end of anybody's trouble."""


class Alertmanager:
    """A receiver: the whole of what is due goes in one request."""

    most = 50

    def __init__(self, way: Way, labels: Mapping[str, str]) -> None:
        self._way = way
        self._labels = dict(labels)

    def deliver(self, notices: Sequence[Notice], at: float) -> list[Answer]:
        """Send all of them; they arrive together or not at all."""
        alerts = [alert for notice in notices for alert in self.alerts(notice, at)]
        answer = post(self._way, json.dumps(alerts).encode(), (), PATH)
        return [answer] * len(notices)

    def alerts(self, notice: Notice, at: float) -> list[dict[str, Any]]:
        """What is sent of a notice: the alert as it is now, and the end of what it was where its labels differ."""
        incident, before = notice.incident, notice.before
        made = [self._alert(notice, incident, incident.ended or at + LASTS)]
        if before is not None and self._labelled(before) != self._labelled(incident):
            made.insert(0, self._alert(notice._replace(incident=before), before, at))
        return made

    def _alert(self, notice: Notice, incident: Incident, ends: float) -> dict[str, Any]:
        told = {label.replace(" ", "_"): text for label, text in lines(notice)}
        return {
            "labels": self._labelled(incident),
            "annotations": {"summary": title(notice), **told},
            "startsAt": clock.utc(incident.since),
            "endsAt": clock.utc(max(ends, incident.since + 0.001)),
            **({"generatorURL": page} if (page := page_of(notice)) else {}),
        }

    def _labelled(self, incident: Incident) -> dict[str, str]:
        return {
            **self._labels,
            "alertname": NAME,
            "incident": incident.id,
            "severity": severity(incident),
            "owner": incident.cause.owner or "unknown",
        }
