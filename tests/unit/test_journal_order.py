"""Runs stand in the order they were written, whatever a clock said; a prune that removes nothing says why; sizes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from chatproof import clock, journal
from chatproof.analysis.incident.review import review
from chatproof.journal.clocks import note_on, steps
from chatproof.journal.store import Journal
from chatproof.journal.upkeep import prune, verify
from tests.journal_support import fresh_place, ids, keep, run
from tests.unit.test_journal_cli import run as cli
from tests.unit.test_journal_versions import restored

REAL = clock.utc


@pytest.fixture(params=["sqlite3", "jsonl", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return fresh_place(request, tmp_path, request.param)


def dated(kept: Journal, monkeypatch: pytest.MonkeyPatch, *runs: tuple[int, str, str]) -> None:
    """Enter runs by a clock that says these days."""
    for number, day, verdict in runs:
        monkeypatch.setattr(
            clock, "utc", lambda seconds=None, day=day: REAL(seconds) if seconds else f"{day}T10:00:00.000Z"
        )
        keep(kept, run(number, verdict, day=day))
    monkeypatch.setattr(clock, "utc", REAL)


AHEAD = ((1, "2026-11-01", "GO"), (2, "2040-01-01", "GO"), (3, "2026-11-02", "NO-GO"), (4, "2026-11-03", "GO"))


def test_a_clock_that_was_ahead_hides_nothing(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = journal.open(place)
    dated(kept, monkeypatch, *AHEAD)
    assert ids(kept) == [4, 3, 2, 1] and ids(kept, limit=1) == [4] and ids(kept, verdict="GO", limit=1) == [4]
    assert kept.find("latest").document == run(4, day="2026-11-03")
    good = [number for number, _ in kept.good(run(1)["target"], 2)]
    assert [document["run_id"][-1] for document in kept.documents(good)] == ["4", "2"], "drift is against the last ones"
    assert [(step.earlier.run_id[-1], step.later.run_id[-1]) for step in steps(kept.list())] == [("2", "3")]
    notes = {row.run_id[-1]: note_on(kept, row) for row in kept.list()}
    assert "dated 2026-11-02T10:00:00" in notes["2"] and "dated 2040-01-01T10:00:00" in notes["3"] and notes["1"] == ""
    assert verify(kept).problems == []
    kept.close()


@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_the_commands_say_that_the_clock_went_back(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = journal.open(place)
    dated(kept, monkeypatch, *AHEAD)
    kept.close()
    shown = cli("history", "--journal", place).stdout
    assert shown.count("note: the clock went back between smoke-20400101-000002-000002") == 1
    document = json.loads(cli("history", "--journal", place, "--format", "json").stdout)
    assert len(document["notes"]) == 1 and "2040-01-01" in document["notes"][0]
    assert (
        "note: the clock went back after this run"
        in cli("show", run(2, day="2040-01-01")["run_id"], "--journal", place).stdout
    )
    assert "clock" not in cli("show", run(1, day="2026-11-01")["run_id"], "--journal", place).stdout


def test_clocks_that_differ_by_seconds_are_no_step(place: str) -> None:
    kept = journal.open(place)
    keep(kept, run(1), run(2))
    assert steps(kept.list()) == [] and "notes" not in cli("history", "--journal", place, "--format", "json").stdout
    kept.close()


def test_a_review_is_in_the_order_of_the_journal() -> None:
    early, late = run(1, day="2040-01-01"), run(2, "NO-GO", day="2026-11-02")
    told = review([early, late], clock.utc(), in_order=True)
    assert (told["last_good"]["run_id"], told["first_bad"]["run_id"]) == (early["run_id"], late["run_id"])
    assert review([early, late], clock.utc())["last_good"] is None, "files have no order but that of their clocks"


@pytest.mark.parametrize(
    ("how", "removed", "why"),
    [
        ({"keep": 4}, 0, "it contains 4 runs, and 4 are kept"),
        ({"before": "2026-10-01"}, 0, "its oldest run, smoke-20261101-000001-000001, began 2026-11-01T00:00:01.000Z"),
        ({"before": "2026-11-03"}, 3, ""),
        ({"before": "2026-11-02"}, 1, ""),
        ({"keep": 1}, 3, ""),
    ],
)
@pytest.mark.parametrize("place", ["sqlite3", "jsonl"], indirect=True)
def test_a_run_dated_2040_is_pruned_with_those_written_after_it(
    place: str, how: dict[str, Any], removed: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = journal.open(place)
    dated(kept, monkeypatch, *AHEAD)
    assert prune(kept, **how, now="2026-11-04") == (removed, why)
    assert len(kept.list()) == 4 - removed and verify(kept).problems == []
    kept.close()


def test_a_clock_that_was_behind_removes_nothing_that_is_young(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = journal.open(place)
    dated(kept, monkeypatch, (1, "2026-11-01", "GO"), (2, "1970-01-01", "GO"), (3, "2026-11-02", "GO"))
    done = prune(kept, before="2026-10-01")
    assert done.removed == 0 and "smoke-20261101-000001-000001 of 2026-11-01T00:00:01.000Z, which is kept" in done.why
    said = cli("journal", "prune", "--older-than", "1m", "--journal", place) if place.endswith("sqlite3") else None
    assert said is None or said.stdout.startswith("3 runs removed")
    assert prune(journal.open(place), keep=1).why in ("there is no run in it", "")
    kept.close()


@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_a_run_is_found_by_a_range_of_the_index(place: str) -> None:
    kept = journal.open(place)
    keep(kept, run(1))
    asked: list[str] = []
    real = kept.database.query

    def watching(sql: str, values: Any = (), **how: Any) -> list[tuple[Any, ...]]:
        asked.append(
            " ".join(str(row[3]) for row in real(f"EXPLAIN QUERY PLAN {sql}", values)) if "run_id >=" in sql else ""
        )
        return real(sql, values, **how)

    kept.database.query = watching  # type: ignore[method-assign]
    assert kept.find(run(1)["run_id"]).document == run(1)
    assert any("SEARCH e USING INDEX chatproof_by_run (run_id>? AND run_id<?)" in plan for plan in asked)
    kept.close()


@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_a_run_is_small(place: str) -> None:
    """3 KB a smoke, 20 KB a validate, of a whole journal, indexes included."""
    kept = journal.open(place)
    keep(kept, *(run(number) for number in range(40)))
    kept.database.query("PRAGMA wal_checkpoint(TRUNCATE)")
    before = os.path.getsize(place)
    keep(kept, *(run(number) for number in range(40, 340)))
    kept.database.query("PRAGMA wal_checkpoint(TRUNCATE)")
    smoke = os.path.getsize(place)
    assert (smoke - before) / 300 < 3000
    validate = next(
        json.loads(line)["document"]
        for line in restored("jsonl").splitlines()
        if b'"kind":"validate"' in line and b'"finished"' in line
    )
    for number in range(30):
        kept.finished({**validate, "run_id": f"validate-20261129-000000-{number:06x}"})
    kept.database.query("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (os.path.getsize(place) - smoke) / 30 < 20_000
    kept.close()
