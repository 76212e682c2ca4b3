"""What became of batches: who took them, which region is dead, and what the metrics say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.fleet import gauges
from chatproof.fleet.batches import Batch
from chatproof.fleet.gauges import Deaths, Queue
from chatproof.fleet.ledger import Ledger, Region
from tests.journal_support import fresh_place, lost_as_it_was_kept

NOW = 1_780_000_000.0
HOUR = 3600.0


def batch(slot: int, deadline: float, region: str = "eu") -> Batch:
    return Batch(region, ("a", "b"), "0" * 64, f"20251129-{slot:06}", NOW + deadline)


@pytest.fixture(params=["sqlite3", pytest.param("postgresql", marks=pytest.mark.nightly)])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    return Ledger(journal.open(fresh_place(request, tmp_path, request.param)))


def eu(ledger: Ledger, at: float) -> Region:
    (found,) = ledger.regions(["eu"], NOW + at, HOUR)
    return found


def test_a_batch_is_sent_taken_and_ended_and_two_beats_send_one(ledger: Ledger) -> None:
    one = batch(1, 300)
    ledger.sent([one, batch(1, 300, "us")], NOW)
    ledger.sent([one._replace(deadline=NOW + 302)], NOW + 2)
    assert eu(ledger, 10)[1:8] == (1, 0, 0, 0, 0, 10.0, 0.0), "the first sending counts"
    ledger.taken(one, NOW + 20)
    ledger.taken(one, NOW + 40)  # it came back
    assert eu(ledger, 50)[1:8] == (0, 1, 0, 0, 0, 20.0, NOW + 20)
    ledger.ended(one, NOW + 60, {"GO": 1, "interrupted": 1})
    ledger.ended(one, NOW + 61, {"taken": 2})
    found = eu(ledger, 400)
    assert found[1:6] == (0, 0, 1, 0, 0) and found.dead_since == 0.0
    assert found.outcomes == {"GO": 1, "interrupted": 1, "taken": 2}


def test_a_server_that_is_lost_as_it_keeps_an_end_adds_nothing(tmp_path: Path) -> None:
    kept = journal.open(str(tmp_path / "j.sqlite3"))
    ledger = Ledger(kept)
    ledger.sent([batch(1, 300)], NOW)
    lost_as_it_was_kept(kept)
    ledger.taken(batch(1, 300), NOW + 20)
    ledger.ended(batch(1, 300), NOW + 60, {"GO": 2})
    assert eu(ledger, 400).outcomes == {"GO": 2}


def test_a_worker_may_be_quicker_than_its_sender_writes(ledger: Ledger) -> None:
    ledger.taken(batch(1, 300), NOW + 0.1)
    ledger.sent([batch(1, 300)], NOW)
    assert eu(ledger, 1).lag == pytest.approx(0.1) and eu(ledger, 1).under_way == 1


def test_a_region_is_dead_when_a_batch_is_over_and_nobody_took_any_since(ledger: Ledger) -> None:
    ledger.sent([batch(1, 300)], NOW)
    ledger.taken(batch(1, 300), NOW + 5)
    ledger.ended(batch(1, 300), NOW + 9, {"GO": 2})
    ledger.sent([batch(2, 600)], NOW + 300)
    assert eu(ledger, 599).dead_since == 0.0, "it may still be taken"
    found = eu(ledger, 601)
    assert (found.dead_since, found.not_taken, found.waiting) == (NOW + 300, 1, 0)
    ledger.sent([batch(3, 900)], NOW + 600)
    assert eu(ledger, 601).dead_since == NOW + 300
    ledger.taken(batch(3, 900), NOW + 610)
    assert eu(ledger, 611).dead_since == 0.0, "somebody works again"
    assert eu(ledger, 611).not_taken == 1


def test_a_batch_taken_too_late_was_not_taken_and_one_without_an_end_is_told(ledger: Ledger) -> None:
    ledger.sent([batch(1, 300), batch(2, 300)], NOW)
    ledger.taken(batch(1, 300), NOW + 301)
    ledger.taken(batch(2, 300), NOW + 10)
    found = eu(ledger, 400)
    assert (found.not_taken, found.not_ended, found.dead_since) == (1, 1, 0.0)


def test_old_batches_are_forgotten(ledger: Ledger) -> None:
    ledger.sent([batch(1, 300)], NOW)
    assert eu(ledger, 2 * HOUR)[1:7] == (0, 0, 0, 0, 0, 0.0)
    ledger.regions(["eu"], NOW + 30 * HOUR, HOUR)
    assert eu(ledger, 0)[1] == 0, "the row is gone"


def region(**more: Any) -> Region:
    plain = Region("eu", 1, 2, 3, 0, 0, 1.25, NOW, 0.0, {"GO": 5, 'x"\n': 1})
    return plain._replace(**more)


def test_the_metrics_are_what_prometheus_reads() -> None:
    from prometheus_client.parser import text_string_to_metric_families

    text = gauges.text([region(), region(name="us", dead_since=NOW)], {"eu": Queue(7, 2, 1)}, NOW)
    found = {
        (row.name, row.labels.get("region"), row.labels.get("state") or row.labels.get("outcome")): row.value
        for family in text_string_to_metric_families(text)
        for row in family.samples
    }
    assert {name for name, _, _ in found} == set(gauges.FAMILIES)
    assert found["chatproof_fleet_region_dead", "eu", None] == 0.0
    assert found["chatproof_fleet_region_dead", "us", None] == 1.0
    assert found["chatproof_fleet_queue_messages", "eu", None] == 7.0
    assert found["chatproof_fleet_batches", "eu", "under_way"] == 2.0
    assert found["chatproof_fleet_targets", "eu", "GO"] == 5.0
    assert ("chatproof_fleet_queue_messages", "us", None) not in found, "what the broker did not say has no line"
    assert not any(name == "chatproof_fleet_targets" and word not in ("GO", None) for name, _, word in found)


def test_a_death_and_a_return_are_told_once() -> None:
    deaths = Deaths()
    dead = region(dead_since=NOW, not_taken=3)
    assert deaths.news([region()], {}) == []
    said = "region eu is dead: 3 batches ended without a worker, the first at 2026-05-28T20:26:40.000Z"
    assert deaths.news([dead], {"eu": Queue(3, 0, 0)}) == [f"{said}; no worker is connected"]
    assert deaths.news([dead], {}) == []
    assert deaths.news([region()], {}) == ["region eu works again"]
    assert deaths.news([dead], {"eu": Queue(3, 2, 0)}) == [f"{said}; 2 are connected, but take nothing"]
