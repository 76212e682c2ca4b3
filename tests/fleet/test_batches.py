"""What a message may say, what a worker refuses, and how runs end whose worker is gone."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.fleet import batches, closing
from chatproof.fleet.batches import Batch, Refused
from chatproof.journal import STARTED
from chatproof.record import document
from chatproof.running.plan import Settings, contract_for, plan
from chatproof.target.target import Target, check
from chatproof.wire.exchange import Secret
from tests.journal_support import lost_as_it_was_kept

DIGEST = "ab" * 32
BATCH = Batch("eu-1", ("a", "b"), DIGEST, "20261129-012400", 2e9)
KNOWN = {"a", "b", "c"}
NOW = 1_796_000_000.0  # 2026-11-30 00:53:20


def test_a_message_comes_out_as_it_went_in_and_holds_names_and_numbers_only() -> None:
    said = json.loads(json.dumps(batches.message(BATCH)))
    assert batches.read(said) == BATCH
    assert set(said) == {"region", "names", "digest", "slot", "deadline"}


@pytest.mark.parametrize(
    "change",
    [
        {"names": []},
        {"names": ["a", "a"]},
        {"names": "a"},
        {"names": [1]},
        {"names": [str(n) for n in range(1001)]},
        {"region": "EU"},
        {"region": "../x"},
        {"region": 1},
        {"digest": "no"},
        {"slot": "2026"},
        {"slot": "20261329-012400"},
        {"slot": "20261129-016000"},
        {"slot": "00000000-000000"},
        {"deadline": "soon"},
        {"deadline": True},
        {"deadline": -1},
        {"deadline": float("nan")},
        {"deadline": float("inf")},
        {"deadline": 1e308},
        {"deadline": 10**400},
        {"names": ["\ud800"]},
        {"base_url": "https://elsewhere.test"},
    ],
)
def test_a_message_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        batches.read({**batches.message(BATCH), **change})
    for said in (None, [], "x", {}):
        with pytest.raises(Refused):
            batches.read(said)


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        (BATCH._replace(region="us"), "another region"),
        (BATCH._replace(digest="cd" * 32), "a different configuration"),
        (BATCH._replace(names=("a", "x")), "does not know"),
        (BATCH._replace(deadline=5.0), "deadline has passed"),
        (BATCH._replace(slot="20261130-010000"), "has not begun"),
        (BATCH._replace(slot="20991231-235959"), "has not begun"),
    ],
)
def test_a_worker_refuses_what_is_not_for_it(batch: Batch, words: str) -> None:
    for good in (BATCH, BATCH._replace(slot="20261130-005400")):  # by the clock of another machine
        batches.check(good, "eu-1", DIGEST, KNOWN, NOW)
    with pytest.raises(Refused, match=words):
        batches.check(batch, "eu-1", DIGEST, KNOWN, NOW)


def test_who_asks_twice_in_a_period_asks_for_one_slot() -> None:
    assert batches.slot_of(0.0) == "19700101-000000"
    assert batches.slot_of(300.5, 300.0) == batches.slot_of(599.9, 300.0) == "19700101-000500"
    assert batches.slot_of(600.0, 300.0) == "19700101-001000"
    one = batches.run_id("smoke", "19700101-000500", "eu", "a")
    assert (
        one
        == batches.run_id("smoke", "19700101-000500", "eu", "a")
        != batches.run_id("smoke", "19700101-000500", "us", "a")
    )


def test_all_names_are_in_one_batch_each() -> None:
    names = [f"t{n}" for n in range(25)]
    made = list(batches.divided(names, 10, "eu", DIGEST, "20261129-012400", 1.0))
    assert [len(batch.names) for batch in made] == [10, 10, 5]
    assert [name for batch in made for name in batch.names] == names


def begun(run_id: str, at: float) -> dict[str, Any]:
    from chatproof import clock

    target = Target("https://llm.test/v1", model="m", key=Secret("sk-fleet-0123456789abcd"), name="shop")
    resolved = check(target)
    contract = contract_for(resolved, Settings())
    opening = document.Opening(run_id, "smoke", clock.utc(at), plan(contract, resolved, Settings()))
    return document.opening(target, contract, opening)


def test_a_run_whose_beginning_was_kept_as_the_server_was_lost_is_ours(tmp_path: Path) -> None:
    """Else nobody would ask its target in this slot, and it would end as interrupted."""
    kept, now = journal.open(str(tmp_path / "j.sqlite3")), time.time()
    theirs, ours = (batches.run_id("smoke", "20261129-012400", "eu", name) for name in ("theirs", "ours"))
    kept.claim([begun(theirs, now - 100)])
    lost_as_it_was_kept(kept)
    assert kept.claim([begun(theirs, now), begun(ours, now)]) == [ours]
    assert kept.claim([begun(ours, now + 1)]) == []


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_run_that_was_begun_and_has_no_end_gets_one_and_only_one(tmp_path: Path, kind: str) -> None:
    kept = journal.open(str(tmp_path / f"j.{kind}"))
    now = time.time()
    old, young = (batches.run_id("smoke", "20261129-012400", "eu", name) for name in ("old", "young"))
    own = "smoke-20261129-012400-abcdef"
    runs = [begun(old, now - 1000), begun(young, now - 100), begun(own, now - 1000)]
    assert kept.claim(runs) == [old, young, own]
    assert kept.claim(runs) == [], "what is begun is begun"
    assert closing.close_lost(kept, 600.0, now) == 1, "a run that may still end, and a person's own, are left alone"
    assert closing.close_lost(kept, 600.0, now) == 0
    ended = kept.find(old).document
    assert ended["verdict"] == "UNDECIDED" and ended["exchanges"] == [] and ended["cost"]["requests"] == 0
    assert any("interrupted by the loss of its worker" in note for note in ended["notes"])
    assert ended["target"]["key"]["source"] == "given" and ended["target"]["name"] == "shop"
    kept.finished({**ended, "verdict": "GO"})
    assert kept.find(old).document["verdict"] == "UNDECIDED", "a worker that comes back changes nothing"
    assert [row["run_id"] for row in kept.unfinished("2026-01-01", "2099-01-01")] == [young, own]
    assert len(list(kept.of_event(STARTED))) == 3


def test_the_end_of_a_lost_run_is_a_run_document_like_any_other(tmp_path: Path) -> None:
    from importlib.resources import files

    import jsonschema_rs

    schema = json.loads(files("chatproof").joinpath("schemas/run-1.schema.json").read_text())
    made = closing.ended(begun(batches.run_id("smoke", "20261129-012400", "eu", "a"), time.time()))
    jsonschema_rs.validator_for(schema).validate(json.loads(json.dumps(made)))
    assert made["smoke_test_run"]["pass_fail"] == "FAIL"


def test_a_message_that_came_too_often_asks_nothing_and_ends_what_nobody_began(tmp_path: Path) -> None:
    from chatproof.fleet import targets, working
    from chatproof.fleet.local import Limits
    from chatproof.fleet.ready import Fleet
    from chatproof.target.target import Wanted

    path = tmp_path / "t.jsonl"
    line = {"base_url": "http://127.0.0.1:9/v1", "model": "m", "key_env": "K"}
    path.write_text("".join(json.dumps({"name": name, **line}) + "\n" for name in ("a", "b", "c")))
    rows = targets.of_file(str(path))
    fleet = Fleet(rows, Wanted(), Settings(), {"K": "sk-fleet-0123456789abcd"}, claims=True)
    place = str(tmp_path / "j.sqlite")
    worker = working.Worker("eu", fleet, DIGEST, place, Limits(4, 4, 0.0, 1), 600.0)
    batch = Batch("eu", ("a", "b", "c"), DIGEST, "20251129-012400", time.time() + 100)
    kept = journal.open(place)
    kept.claim([begun(batches.run_id("smoke", batch.slot, "eu", "b"), time.time())])
    kept.close()
    said: list[str] = []
    assert working.carry_out(worker, batches.message(batch), said.append, last=True) == {"given up": 2}
    assert said == ["slot 20251129-012400: abandoned after too many deliveries, 2 targets were not asked"]
    assert working.carry_out(worker, batches.message(batch), said.append, last=True) == {"given up": 0}
    ends = {row.target: row.verdict for row in kept.list() if row.verdict}
    assert ends == {"a": "UNDECIDED", "c": "UNDECIDED"}, "b was begun by somebody, who may still end it"
