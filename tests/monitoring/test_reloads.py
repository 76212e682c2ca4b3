"""The configuration becomes another one, by a restart or while the monitor runs: nothing lasts for ever, or is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatproof.journal.events import JournalError
from chatproof.monitoring.values import FAILING, OPENED, PASSING, RESOLVED
from tests.monitoring.simulated import GOOD, NO_GO, Answer, Simulation, configured, target

BAD = Answer(NO_GO, "gateway.error", "gateway")
HOUR = 3600.0


def test_a_target_that_was_taken_out_before_a_restart_holds_no_incident_open(tmp_path: Path) -> None:
    """Its incident named it for ever; and the first good news of a target beside it ended the process, each time."""
    place = tmp_path / "journal.sqlite3"
    one, two = target("one"), target("two")
    before = Simulation(place, configured(one, two))
    before.until(before.now + HOUR, lambda job, at: BAD)
    [incident] = before.store.board.open_incidents()
    assert incident.targets == ("one", "two")
    after = Simulation(place, configured(two), before.now)
    after.until(after.now + HOUR, lambda job, at: BAD)
    assert after.store.board.open_incidents()[0].targets == ("two",), "nobody has asked the other for three periods"
    after.until(after.now + HOUR, lambda job, at: GOOD)
    assert not after.store.board.open_incidents() and after.incidents[-1].what == RESOLVED


def test_an_incident_of_targets_that_are_all_gone_ends(tmp_path: Path) -> None:
    place = tmp_path / "journal.sqlite3"
    before = Simulation(place, configured(target("one")))
    before.until(before.now + HOUR, lambda job, at: BAD)
    after = Simulation(place, configured(target("other", "https://other.example.com")), before.now)
    assert after.store.board.open_incidents(), "another instance may watch it still"
    after.until(after.now + HOUR, lambda job, at: GOOD)
    assert not after.store.board.open_incidents()
    assert [change.what for change in after.incidents] == [RESOLVED], "whoever was told of it hears of its end"


def test_an_instance_leaves_the_targets_of_another_one_in_their_incident(tmp_path: Path) -> None:
    """Two configurations on one journal: one target each, behind one gateway."""
    place = tmp_path / "journal.sqlite3"
    one = Simulation(place, configured(target("one", every="6h", every_free="3h")))
    two = Simulation(place, configured(target("two")))
    recovers = one.now + 3 * HOUR
    for _ in range(12 * 6):
        for play in (one, two):
            play.until(play.now + HOUR / 6, lambda job, at: GOOD if job.target.name == "two" and at > recovers else BAD)
    told = [change.what for play in (one, two) for change in play.incidents]
    assert told.count(OPENED) == 1 and RESOLVED not in told
    [incident] = one.store.board.open_incidents()
    assert incident.targets == ("one",) and incident.state == FAILING and incident.cause.code == "gateway.error"


def test_a_journal_in_trouble_leaves_the_configuration_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = target("one"), target("two", "https://other.example.com")
    play = Simulation(tmp_path / "journal.sqlite3", configured(one))
    play.until(play.now + HOUR, lambda job, at: GOOD)

    def locked(names: object) -> None:
        raise JournalError("journal.locked", "held by another process", "")

    with monkeypatch.context() as patch:
        patch.setattr(play.store, "recall", locked)
        with pytest.raises(JournalError):
            play.engine.configure(configured(one, two), play.now)
    assert set(play.engine.configured.targets) == {"one"}
    play.until(play.now + HOUR, lambda job, at: GOOD)
    assert [status.target for status in play.store.board.statuses(play.now)] == ["one"]


def test_a_target_that_comes_back_has_what_was_known_of_it(tmp_path: Path) -> None:
    one, two = target("one"), target("two", "https://other.example.com")
    play = Simulation(tmp_path / "journal.sqlite3", configured(one, two))
    play.until(play.now + HOUR, lambda job, at: BAD if job.target.name == "one" else GOOD)
    known = play.store.board.standings["one"]
    assert known.shown == FAILING
    play.happened(play.engine.configure(configured(two), play.now))
    assert play.incidents[-1].what == RESOLVED
    play.happened(play.engine.configure(configured(one, two), play.now))
    assert play.store.board.standings["one"].paid == known.paid
    play.until(play.now + HOUR, lambda job, at: BAD if job.target.name == "one" else GOOD)
    assert play.incidents[-1].what == OPENED and play.incidents[-1].incident.targets == ("one",)
    play.until(play.now + HOUR, lambda job, at: GOOD)
    assert play.incidents[-1].what == RESOLVED
    assert play.store.board.standings["one"].shown == PASSING
