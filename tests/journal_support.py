"""Runs for a journal, made without a network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.journal.store import Journal
from chatproof.record import document as record
from chatproof.target import environment
from chatproof.wire.exchange import Fault
from tests.support import KEY, play, request

TIMEOUT = Fault("net.read_timeout", "first_byte", "no byte in 30 s")
SURROUNDINGS = {
    **environment.describe({"CHATPROOF_API_KEY": KEY}),
    "user_agent": "chatproof/test",
    "proxy_used": False,
    "ca_file": "",
    "timeout_s": 30.0,
    "addresses": ["192.0.2.7"],
}
REPLIES: dict[str, dict[str, Any]] = {
    "GO": {},
    "NO-GO": {"happy": '200 application/json\n\n{"choices":[]}'},
    "UNDECIDED": {"happy": TIMEOUT},
}


def fresh_place(request: pytest.FixtureRequest, folder: Path, kind: str) -> str:
    """The place of a journal that is not there yet: a path, or a database of its own on the tests' PostgreSQL."""
    if kind != "postgresql":
        return str(folder / f"j.{kind}")
    import psycopg

    url = request.getfixturevalue("postgres")
    name = f"j{os.urandom(6).hex()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    return str(url.rpartition("/")[0] + "/" + name)


def lost_as_it_was_kept(kept: Journal) -> None:
    """Do each transaction of this journal once more after it was kept, as where its server was lost and could not say
    so: see journal/postgres."""
    database: Any = kept.database
    once = database.transaction

    def twice(work: Any, **options: Any) -> None:
        once(work)
        once(work, **options)

    database.transaction = twice


def run(number: int = 0, verdict: str = "GO", *, day: str = "2026-11-22", **target: Any) -> dict[str, Any]:
    """A run document: its id ends in `number`, its clock says second `number` of the day."""
    document = dict(play(REPLIES[verdict]).record.document)
    assert document["verdict"] == verdict
    clock = f"{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
    document["run_id"] = f"smoke-{day.replace('-', '')}-{clock.replace(':', '')}-{number:06x}"
    document["started_at"], document["finished_at"] = f"{day}T{clock}.000Z", f"{day}T{clock}.500Z"
    document["smoke_test_run"] = {**document["smoke_test_run"], "run_id": document["run_id"]}
    document["environment"] = dict(SURROUNDINGS)
    document["target"] = {**document["target"], **target}
    return document


def opening(document: dict[str, Any]) -> dict[str, Any]:
    """The started document of a run."""
    played = play()
    facts = record.Opening(
        document["run_id"], document["kind"], document["started_at"], {"happy": request("happy", key=KEY)}
    )
    return {**record.opening(played.target, played.contract, facts), "target": document["target"]}


def keep(kept: Journal, *documents: dict[str, Any]) -> None:
    for document in documents:
        kept.started(opening(document))
        kept.finished(document)


def ids(kept: Journal, **filters: Any) -> list[int]:
    """The numbers of the runs that are listed."""
    return [int(row.run_id[-6:], 16) for row in kept.list(journal.Filters(**filters))]
