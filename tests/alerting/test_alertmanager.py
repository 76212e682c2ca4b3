"""Alertmanager, a real one: an incident arrives as one alert, stays one on repeats, and resolves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.monitoring.alerting.alertmanager import LASTS, RESEND, Alertmanager
from chatproof.monitoring.alerting.delivery import Delivery
from chatproof.monitoring.alerting.notice import Notice
from chatproof.monitoring.alerting.outbox import Outbox
from chatproof.monitoring.alerting.post import Way
from chatproof.monitoring.values import CHANGED, FAILING, OPENED, RESOLVED, UNKNOWN_THEIRS, IncidentChange
from chatproof.wire.exchange import Secret
from tests.alerting.incidents import CAUSE, Hook, hook, incident, receiver
from tests.alerting.programs import alertmanager, asked

pytestmark = pytest.mark.real
ROUTES = """
route:
  receiver: all
  group_by: [incident]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: all
    webhook_configs: [{url: '%s', send_resolved: true}]
"""


@pytest.fixture(scope="module")
def pager() -> Iterator[Hook]:
    """What Alertmanager tells."""
    with hook() as server:
        yield server


@pytest.fixture(scope="module")
def base(pager: Hook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with alertmanager(tmp_path_factory.mktemp("alertmanager"), ROUTES % pager.url) as url:
        yield url


def sender(url: str, **labels: str) -> Alertmanager:
    return Alertmanager(Way(Secret(url)), labels)


def active(base: str, id: str) -> list[dict[str, Any]]:
    return [alert for alert in asked(f"{base}/api/v2/alerts") if alert["labels"]["incident"] == id]


def test_an_incident_is_one_alert_from_its_beginning_to_its_end(base: str, pager: Hook, tmp_path: Path) -> None:
    now = time.time()
    since = now - 120
    begun = incident("inc-story", 1, since=since, updated=now)
    receivers = {"am": receiver(sender(base, team="llm"), "am", resend=RESEND)}
    outbox = Outbox(journal.open(str(tmp_path / "j.sqlite3")).database, receivers)
    times = [now]
    delivery = Delivery(lambda: outbox, receivers, lambda *_, **__: None, lambda: times[0])
    outbox.put([IncidentChange(OPENED, begun)], now)
    assert delivery.pump(outbox) == 1
    (alert,) = active(base, "inc-story")
    assert alert["labels"] == {
        "alertname": "ChatproofIncident", "incident": "inc-story", "severity": "page", "owner": "gateway", "team": "llm",
    }  # fmt: skip
    told = alert["annotations"]
    assert told["summary"] == "failing: desk and 1 more at https://gw.test: gateway.error, owner gateway"
    assert told["next"] == CAUSE.next_step and told["run"] == CAUSE.run_id
    assert told["explain"] == "chatproof explain gateway.error" and told["incident"] == "inc-story, revision 1"
    first = alert["fingerprint"]
    for _ in range(3):  # told again before it ends
        times[0] += RESEND + 1
        assert delivery.pump(outbox) == 1
    (alert,) = active(base, "inc-story")
    assert alert["fingerprint"] == first
    outbox.put([IncidentChange(CHANGED, begun._replace(revision=2, targets=("shop",)))], times[0])
    assert delivery.pump(outbox) == 1
    (alert,) = active(base, "inc-story")
    assert alert["fingerprint"] == first and alert["annotations"]["incident"] == "inc-story, revision 2"
    pager.wait_for(1)
    over = begun._replace(revision=3, targets=(), ended=time.time(), updated=time.time())
    outbox.put([IncidentChange(RESOLVED, over)], times[0])
    assert delivery.pump(outbox) == 1 and active(base, "inc-story") == []
    pager.wait_for(2)
    heard = [
        (body["status"], len(body["alerts"]))
        for body in pager.bodies()
        if body["groupLabels"]["incident"] == "inc-story"
    ]
    assert heard == [("firing", 1), ("resolved", 1)], "told once, and that it is over"


def test_another_owner_or_severity_ends_the_old_alert_as_the_new_one_begins(base: str) -> None:
    now = time.time()
    before = incident("inc-turns", 1, state=UNKNOWN_THEIRS, since=now - 60)
    after = incident("inc-turns", 2, state=FAILING, since=now - 60, cause=CAUSE._replace(owner="provider"))
    to = sender(base)
    assert to.deliver([Notice(OPENED, before)], now)[0].ok
    assert [alert["labels"]["severity"] for alert in active(base, "inc-turns")] == ["warning"]
    assert to.deliver([Notice(CHANGED, after, before=before)], now)[0].ok
    (alert,) = active(base, "inc-turns")
    assert (alert["labels"]["severity"], alert["labels"]["owner"]) == ("page", "provider")


def test_it_lasts_over_a_restart_of_the_monitor(base: str) -> None:
    now = time.time()
    sender(base).deliver([Notice(OPENED, incident("inc-lasts", since=now))], now)
    (alert,) = active(base, "inc-lasts")
    from datetime import datetime

    ends = datetime.fromisoformat(alert["endsAt"]).timestamp()
    assert ends == pytest.approx(now + LASTS, abs=2) and LASTS >= 10 * RESEND


def test_fifty_at_once_in_one_request(base: str) -> None:
    now = time.time()
    to = sender(base)
    notices = [Notice(OPENED, incident(f"inc-many-{number}", since=now)) for number in range(to.most)]
    answers = to.deliver(notices, now)
    assert len(answers) == to.most and all(answer.ok for answer in answers)
    shown = [a for a in asked(f"{base}/api/v2/alerts") if a["labels"]["incident"].startswith("inc-many-")]
    assert len(shown) == to.most


@pytest.mark.parametrize("text", ['"}{{ .x }}\n', "\u202e\x00\ud800", "a" * 100_000, "<script>", "::error::x"])
def test_alertmanager_takes_odd_texts(base: str, text: str) -> None:
    """A target's name is the user's own, and may be anything."""
    odd = incident("inc-odd", since=time.time(), targets=(text,), all_targets=(text,), changes=(text,))
    assert sender(base).deliver([Notice(OPENED, odd)], time.time())[0].ok


def test_a_refusal_is_no_delivery() -> None:
    with hook() as server:
        server.reply = lambda number: (400, {}, b"no")
        answers = sender(server.url).deliver([Notice(OPENED, incident())] * 2, time.time())
        assert [answer.ok for answer in answers] == [False, False] and server.requests[0][0].endswith("/api/v2/alerts")
