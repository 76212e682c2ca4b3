"""A worker sends nothing that no budget covers: the monitor's purses, in a journal that both share."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.fleet import batches, spending, targets, working
from chatproof.fleet.local import Ended, Limits, Result
from chatproof.fleet.ready import Fleet
from chatproof.monitoring.board import Board
from chatproof.monitoring.budgets import Budget, Need
from chatproof.monitoring.purses import Purses
from chatproof.monitoring.store import TOTAL, Store
from chatproof.running.plan import Settings
from chatproof.target.target import Wanted
from tests.fleet.support import Counting, environ, write
from tests.journal_support import fresh_place, lost_as_it_was_kept

NOW = 1_780_000_000.0
KEY = "sk-fleet-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
RUN = Need(4, 64)


@pytest.fixture(params=["sqlite3", pytest.param("postgresql", marks=pytest.mark.nightly)])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return journal.open(fresh_place(request, tmp_path, request.param))


def test_what_no_budget_covers_is_not_reserved_and_the_monitor_sees_the_same_purse(kept: Any) -> None:
    purses = Purses(kept, Budget(requests=10), 60.0)
    held = purses.reserve({"a": (Budget(requests=4), RUN), "b": (Budget(), RUN), "c": (Budget(), RUN)}, NOW)
    assert set(held) == {"a", "b"}, "the third would be the total's 12th request"
    purses.settle(held, {"a": Need(4, 90), "b": Need(3, 30)}, NOW + 1)
    store = Store(kept, Board({}))
    seen: dict[str, Any] = {}
    store.change(lambda at: seen.update(store.purses), NOW + 2)
    assert (seen["a"].requests, seen["a"].tokens, seen["a"].held_requests, seen["a"].largest) == (4, 90, 0, 90)
    assert (seen[TOTAL].requests, seen[TOTAL].tokens, seen[TOTAL].held_runs) == (7, 120, 0)
    assert purses.reserve({"a": (Budget(requests=4), RUN)}, NOW + 3) == {}, "its day is over"
    assert set(purses.reserve({"a": (Budget(requests=4), RUN)}, NOW + 86400)) == {"a"}


def test_what_was_reserved_as_the_server_was_lost_is_reserved_once(tmp_path: Path) -> None:
    kept = journal.open(str(tmp_path / "j.sqlite3"))
    lost_as_it_was_kept(kept)
    purses = Purses(kept, Budget(requests=8), 60.0)
    held = purses.reserve({"a": (Budget(requests=4), RUN), "b": (Budget(), RUN), "c": (Budget(), RUN)}, NOW)
    assert set(held) == {"a", "b"}
    purses.settle(held, {"a": Need(4, 90), "b": Need(3, 30)}, NOW + 1)
    store = Store(kept, Board({}))
    store.look()
    total = store.purses[TOTAL]
    assert (total.requests, total.held_requests, store.held()) == (7, 0, [])


def test_the_monitor_and_a_worker_spend_from_one_purse(kept: Any) -> None:
    store, purses = Store(kept, Board({})), Purses(kept, Budget(), 60.0)
    held = purses.reserve({"a": (Budget(requests=8), RUN)}, NOW)

    def spend(at: float) -> None:
        before = store.purses["a"]
        store.purses["a"] = before._replace(day=int(at // 86400), requests=before.requests + 4)

    store.change(spend, NOW)
    purses.settle(held, {"a": RUN}, NOW + 1)
    assert purses.reserve({"a": (Budget(requests=8), RUN)}, NOW + 2) == {}
    store.change(lambda at: None, NOW + 3)
    assert store.purses["a"].requests == 8


def test_a_worker_that_died_has_spent_what_it_reserved(kept: Any) -> None:
    budget = {"a": (Budget(requests=8), RUN)}
    held = Purses(kept, Budget(), 60.0).reserve(budget, NOW)
    again = Purses(kept, Budget(), 60.0)
    assert set(again.reserve(budget, NOW + 61)) == {"a"}
    again.settle(held, {"a": Need(0)}, NOW + 62)  # it comes back to life: too late
    assert again.reserve(budget, NOW + 63) == {}


def test_one_answer_may_go_beyond_a_budget_of_tokens_and_then_nothing_is_sent(kept: Any) -> None:
    purses = Purses(kept, Budget(), 60.0)
    limit = Budget(tokens=1000)
    held = purses.reserve({"a": (limit, RUN)}, NOW)
    purses.settle(held, {"a": Need(4, 1280)}, NOW)
    assert purses.reserve({"a": (limit, RUN)}, NOW + 1) == {}
    assert set(purses.reserve({"a": (limit, RUN)}, NOW + 86400)) == {"a"}, "the next day is not lost, too"


def test_a_target_has_a_budget_where_it_has_a_table() -> None:
    assert spending.budget_of({}) == Budget()
    assert spending.budget_of({"monitor": {}}) == Budget(2000, 100_000)
    assert spending.budget_of({"monitor": {"budget_requests": 8}}, {"budget_requests": 5}) == Budget(8, 100_000)
    assert spending.total_of({"budget_requests": 5}) == Budget(5)


WORK = """
import json, os, sys, time
from chatproof.fleet import batches, targets, working
from chatproof.fleet.local import Limits
from chatproof.fleet.ready import Fleet
from chatproof.monitoring.budgets import Budget
from chatproof.running.plan import Settings
from chatproof.target.target import Wanted
rows = targets.of_file(sys.argv[1])
fleet = Fleet(rows, Wanted(), Settings(), dict(os.environ), claims=True)
worker = working.Worker("eu", fleet, "0" * 64, sys.argv[2], Limits(8, 8, 0.0, 1), 60.0, Budget(requests=int(sys.argv[3])))
for slot in range(3):
    batch = batches.Batch("eu", tuple(fleet.rows), "0" * 64, f"20251129-{slot:06}", time.time() + 60)
    print(json.dumps(working.carry_out(worker, batches.message(batch), lambda said: None)), flush=True)
"""


def test_a_worker_asks_no_more_than_budgets_cover_and_every_slot_has_its_end(tmp_path: Path) -> None:
    server = Counting(KEY)
    rows = server.targets(["tight", "wide", "free"], "KEY")
    rows[0]["monitor"] = {"budget_requests": 4}
    rows[1]["monitor"] = {"budget_requests": 100}
    place = str(tmp_path / "runs.sqlite")
    try:
        done = subprocess.run(
            [sys.executable, "-c", WORK, write(tmp_path, rows), place, "24"],
            env=environ(tmp_path, {"KEY": KEY}), capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    counts = [json.loads(line) for line in done.stdout.splitlines()]
    assert counts == [{"GO": 3}, {"GO": 2, "budget spent": 1}, {"budget spent": 2, "GO": 1}]
    assert server.paid == {"tight": 1, "wide": 3, "free": 2}, "24 requests in all, and 4 of the first"
    runs = list(journal.open(place).of_event("finished"))
    assert len(runs) == 9 and len({run["run_id"] for run in runs}) == 9, "every slot has one end"
    unasked = [run for run in runs if not run["exchanges"]]
    assert sorted(run["target"]["name"] for run in unasked) == ["free", "tight", "tight"]
    for run in unasked:
        assert run["verdict"] == "UNDECIDED" and run["cost"]["requests"] == 0
        assert any("interrupted by a spent budget, before anything was sent" in note for note in run["notes"])


def test_a_key_that_is_gone_when_a_batch_ends_costs_no_settlement(kept: Any, tmp_path: Path) -> None:
    """What it cost is known without the key: else all that the batch had reserved would count as spent."""
    secret = tmp_path / "key"
    secret.write_text(KEY)
    secret.chmod(0o600)
    row = {"name": "a", "base_url": "https://gate.example.com/v1", "model": "m", "key_file": str(secret),
           "prices": {"prompt": 1.0, "completion": 10.0}, "monitor": {"budget_money": 5.0}}  # fmt: skip
    fleet = Fleet(targets.of_file(write(tmp_path, [row])), Wanted(), Settings(), {})
    share = spending.Spending(fleet, Budget(), 60.0)
    shares = share.reserve(kept, ["a"], NOW)
    assert shares.may == ("a",)
    secret.unlink()
    result = Result("a", "GO", "", "", "smoke-1", "", "", "", 4, 200_000)
    share.settle(kept, shares, [result], Ended("", (), 0, None), NOW + 1)
    store = Store(kept, Board({}))
    seen: dict[str, Any] = {}
    store.change(lambda at: seen.update(store.purses), NOW + 2)
    assert (seen["a"].money, seen["a"].tokens, seen["a"].held_runs) == (2.0, 200_000, 0)


def test_a_batch_leaves_no_connection_open(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    monkeypatch.setattr(working.journal, "open", lambda place: kept)
    monkeypatch.setattr(kept, "close", lambda: closed.append(place))
    place = "the journal"
    worker = working.Worker("eu", Fleet([], Wanted(), Settings(), {}), "0" * 64, place, Limits(8, 8, 0.0, 1), 60.0)
    for digest in ("1" * 64, "0" * 64):
        batch = batches.Batch("eu", ("unknown",), digest, "20251129-000000", 4e9)
        with pytest.raises(batches.Refused):
            working.carry_out(worker, batches.message(batch), lambda said: None)
    assert closed == [place] * 2
