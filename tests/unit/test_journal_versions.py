"""Journals that 0.1.0 made: read, verified, written to, pruned, brought to this version; what was stored stays as it was.

tests/journals holds them, made by commit 66bccbc: a GO and a NO-GO smoke, a validate, a refused connection, a run that was
killed, a sign-off, a GO smoke again. The SQLite file has a part of it in the log beside it, as 0.1.0 left it.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.journal import JournalError
from chatproof.journal.packing import unpack
from chatproof.journal.store import Journal
from chatproof.journal.upkeep import export, prune, take, verify
from tests.journal_support import fresh_place, keep, run
from tests.unit.test_journal_upkeep import tamper

FOLDER = Path(__file__).parent.parent / "journals"
VERDICTS = ["GO", "", "UNDECIDED", "GO", "NO-GO", "GO"]  # newest first, in the order of the chain


def restored(suffix: str) -> bytes:
    return gzip.decompress((FOLDER / f"0.1.0.{suffix}.gz").read_bytes())


@pytest.fixture(params=["sqlite3", "jsonl", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    place = fresh_place(request, tmp_path, request.param)
    if request.param == "postgresql":
        import psycopg

        with psycopg.connect(place, autocommit=True) as server:
            server.execute(restored("sql").decode())
        return place
    for suffix in ("sqlite3", "sqlite3-wal") if request.param == "sqlite3" else ("jsonl",):
        (tmp_path / f"j.{suffix}").write_bytes(restored(suffix))
    return place


def stored(place: str, through: int = 13) -> list[Any]:
    """The rows or lines that 0.1.0 wrote, past our own code."""
    if place.endswith(".jsonl"):
        return Path(place).read_bytes().splitlines()[:through]
    queries = [
        f"SELECT * FROM chatproof_entries WHERE seq <= {through} ORDER BY seq",
        f"SELECT seq, document FROM chatproof_documents WHERE seq <= {through} ORDER BY seq",
    ]
    if place.startswith("postgresql"):
        import psycopg

        with psycopg.connect(place, autocommit=True) as server:
            return [server.execute(query).fetchall() for query in queries]  # type: ignore[arg-type]
    with closing(sqlite3.connect(place)) as raw:
        return [raw.execute(query).fetchall() for query in queries]


def verdicts(kept: Journal) -> list[str]:
    return [row.verdict for row in kept.list()]


def test_it_is_read(place: str) -> None:
    kept = journal.open(place, create=False)
    found = [kept.find(row.run_id) for row in kept.list()]
    assert [each.row.verdict for each in found] == VERDICTS
    assert [each.document["run_id"] for each in found] == [each.row.run_id for each in found]
    assert len(found[3].document["terms"]) > 50 and found[1].document["schema"] == "chatproof.started/1"
    assert len(list(kept.of_event(journal.SIGNED))) == 1
    assert verify(kept)[:2] == (12, 1) and verify(kept).problems == []
    assert kept.version == (3 if place.endswith(".jsonl") else 2), "reading changes nothing"
    kept.close()


def test_it_is_written_to_and_what_was_there_stays(place: str) -> None:
    before = stored(place)
    kept = journal.open(place)
    keep(kept, run(1), run(2, "NO-GO"))
    assert kept.find("latest").document == run(2, "NO-GO")
    kept.close()
    again = journal.open(place)
    assert verdicts(again) == ["NO-GO", "GO", *VERDICTS] and verify(again).problems == []
    assert stored(place, 12) == before
    assert again.version == (2 if place.startswith("postgresql") else 3), "PostgreSQL is others', too"
    again.close()


@pytest.mark.parametrize("place", ["sqlite3", "postgresql"], indirect=True)
def test_a_change_in_what_was_there_is_found(place: str) -> None:
    kept = journal.open(place)
    keep(kept, run(1))
    kept.close()
    tamper(place, "UPDATE chatproof_documents SET document = replace(document, 'NO-GO', 'GO') WHERE seq = 4")
    assert any("entry 4" in problem for problem in verify(journal.open(place)).problems)


def test_it_is_pruned(place: str) -> None:
    kept = journal.open(place)
    keep(kept, run(1))
    assert prune(kept, keep=2).removed == 5
    assert verdicts(kept) == ["GO", "GO"] and verify(kept).problems == []
    assert len(list(kept.of_event(journal.SIGNED))) == 1
    kept.close()


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_postgresql_is_brought_to_this_version_when_asked_to(place: str) -> None:
    before = stored(place)
    kept = journal.open(place)
    assert kept.migrate() and not kept.migrate() and kept.version == 3
    after = stored(place)
    assert after[0] == before[0]
    assert [(seq, bytes(data)) for seq, data in after[1]] == [(seq, text.encode()) for seq, text in before[1]]
    keep(kept, run(1))
    assert verdicts(kept) == ["GO", *VERDICTS] and verify(kept).problems == []
    assert kept.database.query("SELECT document FROM chatproof_documents WHERE seq = 14")[0][0][0] == 1, "packed"
    kept.close()


@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_sqlite_is_brought_to_this_version_when_asked_to(place: str) -> None:
    command = [sys.executable, "-m", "chatproof", "journal", "migrate", "--journal", place]
    said = [subprocess.run(command, capture_output=True, text=True, env={}).stdout for _ in range(2)]
    assert said[0].startswith("its tables now have the format of this version") and said[1].startswith("nothing to do")
    assert journal.open(place).version == 3


def test_its_export_is_a_journal_and_goes_into_another(place: str, tmp_path: Path) -> None:
    kept = journal.open(place)
    keep(kept, run(1))
    copy = tmp_path / "copy.jsonl"
    copy.write_text("".join(export(kept)))
    assert verify(journal.open(str(copy))) == verify(kept)
    other = journal.open(str(tmp_path / "other.sqlite3"))
    assert take(other, [("copy", copy.read_text())]).added == 7 and verify(other).problems == []
    for row in kept.list():
        assert other.find(row.run_id).document == kept.find(row.run_id).document
    kept.close()


@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_the_terms_of_the_contract_are_stored_once(place: str) -> None:
    kept = journal.open(place)
    old = next(kept.find(row.run_id).document for row in kept.list() if row.kind == "validate")
    documents = [{**old, "run_id": f"validate-20261129-000000-00000{n}"} for n in range(3)]
    for document in documents:
        kept.finished(document)
        assert kept.find(document["run_id"]).document == document
    kept.close()
    with closing(sqlite3.connect(place)) as raw:
        assert raw.execute("SELECT count(*) FROM chatproof_terms").fetchone() == (1,)
        sizes = [len(row[0]) for row in raw.execute("SELECT document FROM chatproof_documents WHERE seq > 12")]
        assert all(size < 16_000 for size in sizes), sizes
    again = journal.open(place)
    lines = list(export(again))
    assert json.loads(lines[-1])["document"] == documents[-1], "a line has its terms with it"
    assert prune(again, keep=1).removed == 8 and again.find("latest").document == documents[-1]
    assert verify(again).problems == []
    again.database.query("PRAGMA wal_checkpoint(TRUNCATE)")
    again.close()
    tamper(place, "DELETE FROM chatproof_terms")
    assert any("terms" in problem for problem in verify(journal.open(place)).problems)
    with pytest.raises(JournalError, match="terms"):
        journal.open(place).find("latest")


def test_the_dictionary_is_what_rows_were_packed_with() -> None:
    """A dictionary that was released is never changed: make a new one, with the next number."""
    packed = (FOLDER / "packed-1.bin").read_bytes()
    assert json.loads(unpack(packed))["run_id"] == run(1)["run_id"]
