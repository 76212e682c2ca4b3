"""kill -9 at random moments: every alert that was kept arrives, in order, and a repeat carries its id and revision."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.monitoring.alerting.delivery import Delivery
from chatproof.monitoring.alerting.outbox import LEASE, NEVER, Outbox
from chatproof.monitoring.alerting.post import Way
from chatproof.monitoring.alerting.webhook import Webhook
from chatproof.wire.exchange import Secret
from tests.alerting.incidents import hook, receiver

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kills", [3, pytest.param(40, marks=[pytest.mark.nightly, pytest.mark.timeout(1200)])])
def test_no_alert_is_lost(kills: int, tmp_path: Path) -> None:
    place, chance = str(tmp_path / "j.sqlite3"), random.Random(kills)
    kept: list[str] = []
    with hook() as server:
        server.reply = lambda number: (503, {}, b"") if number % 5 == 0 else (200, {}, b"")
        for number in range(kills):
            command = [sys.executable, "-m", "tests.alerting.dying", place, server.url, str(100 * number), "20"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
                assert process.stdout is not None
                kept.append(process.stdout.readline().strip())
                time.sleep(chance.random() * 0.7)
                process.kill()
                kept += process.stdout.read().split()
        assert all(kept) and len(set(kept)) == len(kept) > kills
        server.reply = lambda number: (200, {}, b"")
        _deliver_the_rest(place, server.url)
        arrived = [headers["webhook-id"] for _, headers, _ in server.requests]
    assert set(kept) <= set(arrived), "an alert that was kept did not arrive"
    for id in {each.rpartition(".")[0] for each in arrived}:
        revisions = [each.rpartition(".")[2] for each in arrived if each.rpartition(".")[0] == id]
        assert revisions == sorted(revisions), "an end came before its beginning"


def _deliver_the_rest(place: str, url: str) -> None:
    """As the next process does, when what the dead ones had taken is free again."""
    receivers = {"hook": receiver(Webhook(Way(Secret(url)), Secret("x" * 32)), "hook")}
    outbox = Outbox(journal.open(place).database, receivers)
    later = time.time() + 2 * LEASE + 600
    delivery = Delivery(lambda: outbox, receivers, lambda *_, **__: None, lambda: later)
    for _ in range(1000):
        if not delivery.pump(outbox):
            break
    assert outbox.next_due() == NEVER
