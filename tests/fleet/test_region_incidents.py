"""A dead region is an incident: beat writes it, serve shows it and tells people, once, and tells of its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatproof import journal
from chatproof.cli.commands.explain import of_code
from chatproof.fleet.gauges import Queue
from chatproof.fleet.ledger import Region
from chatproof.fleet.region_incidents import RegionIncidents
from chatproof.monitoring.alerting.notice import Notice, lines, severity, text, title
from chatproof.monitoring.alerting.outbox import Outbox
from chatproof.monitoring.engine import Engine
from chatproof.monitoring.snapshot import Snapshot
from chatproof.monitoring.values import OPENED, RESOLVED
from chatproof.monitoring.web import pages
from tests.alerting.incidents import Listener, receiver
from tests.journal_support import fresh_place
from tests.monitoring.simulated import START, Simulation, configured, target

ALIVE = Region("eu", 1, 2, 3, 0, 0, 1.25, START, 0.0, {})
DEAD = ALIVE._replace(dead_since=START + 300, not_taken=3)
SILENT = {"eu": Queue(3, 0, 0)}
WHOLE = """\
cause: fleet.region_dead: region eu is dead: 3 batches ended without a worker, the first at 2026-11-29T00:05:00.000Z; no worker is connected
owner: you (certain)
since: 2026-11-29T00:05:00.000Z
next: start a worker for it: chatproof fleet worker --region eu; if there is one, see in its log why it takes nothing
where: fleet region eu
explain: chatproof explain fleet.region_dead
incident: """


@pytest.fixture(params=["sqlite3", pytest.param("postgresql", marks=pytest.mark.nightly)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return fresh_place(request, tmp_path, request.param)


def of_beat(place: str) -> RegionIncidents:
    return RegionIncidents(journal.open(place))


def test_two_beats_write_one_incident_and_either_ends_it(place: str) -> None:
    one, other = of_beat(place), of_beat(place)
    one.keep([ALIVE], SILENT, START)
    assert one.known() == []
    one.keep([DEAD], SILENT, START + 601)
    other.keep([DEAD._replace(dead_since=START + 400)], {}, START + 602)  # the first batch is forgotten meanwhile
    assert one.known() == other.known() == ["eu"]
    other.keep([ALIVE._replace(name="us"), ALIVE], {}, START + 700)
    assert one.known() == []
    one.keep([DEAD._replace(dead_since=START + 900)], SILENT, START + 1000)
    assert other.known() == ["eu"], "a second death is a second incident"


def test_a_monitor_of_the_same_journal_tells_of_it_once_and_of_its_end(tmp_path: Path) -> None:
    place = tmp_path / "runs.sqlite"
    monitor = Simulation(place, configured(target("shop")))
    pager = receiver(Listener())
    monitor.engine.outbox = outbox = Outbox(monitor.store.journal.database, {"pager": pager})
    beat = of_beat(str(place))

    def heard(engine: Engine, at: float) -> list[str]:
        """What a tick tells, in the log and to the pager."""
        logged = [told.what for told in engine.tick(at).incidents]
        claims = outbox.claim(at, {"pager": 10})
        for claim in claims:
            outbox.sent(claim, at)
        assert [claim.what for claim in claims] == logged or not claims
        return [claim.what for claim in claims]

    beat.keep([DEAD], SILENT, START + 601)
    assert heard(monitor.engine, START + 605) == [OPENED]
    assert heard(monitor.engine, START + 606) == [] and monitor.engine.tick(START + 607).incidents == ()
    successor = Engine(monitor.engine.configured, monitor.store, START + 608, outbox)
    assert heard(successor, START + 609) == [], "the pager knows it"
    beat.keep([ALIVE], {}, START + 700)
    assert heard(successor, START + 701) == [RESOLVED] and heard(monitor.engine, START + 702) == []
    beat.keep([DEAD._replace(dead_since=START + 800)], SILENT, START + 900)
    beat.keep([ALIVE], {}, START + 901)
    assert heard(successor, START + 902) == [], "it began and ended unseen"


def test_what_is_said_of_it_and_shown(tmp_path: Path) -> None:
    place = tmp_path / "runs.sqlite"
    monitor = Simulation(place, configured(target("shop")))
    of_beat(str(place)).keep([DEAD], SILENT, START + 601)
    (told,) = monitor.engine.tick(START + 605).incidents
    notice = Notice(told.what, told.incident)
    assert text(notice) == f"{WHOLE}{told.incident.id}, revision 1" and "run" not in dict(lines(notice))
    assert title(notice) == "cannot be decided: fleet region eu: fleet.region_dead, owner you"
    assert severity(notice.incident) == "warning"
    assert dict(of_code(told.incident.cause.code))["meaning"].startswith("a batch of a fleet's region")

    board, left = monitor.store.board, {name: monitor.engine.left(name, START) for name in ("", "shop")}
    shown = Snapshot(START + 605, tuple(board.statuses(START + 605)), left, {}, (*board.open_incidents(),))
    page = pages.overview(
        shown, pages.chosen(shown, 0), pages.figures(monitor.store, at=START, names=["shop"]), monitor.engine.configured
    )
    assert "region eu is dead" in page and "0 targets" not in page and "fleet region eu" in page
    page = pages.incident(shown, told.incident, None)
    assert "chatproof fleet worker --region eu" in page and "found this; no run" in page and "Targets it" not in page
