"""The journal: what is written is there, in order, found by every selector, and nothing but prune takes it away."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.journal import JournalError
from chatproof.journal.store import Journal
from chatproof.journal.upkeep import verify
from tests.journal_support import fresh_place, ids, keep, opening, run
from tests.support import KEY


@pytest.fixture(params=["sqlite3", "jsonl", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh place of each kind."""
    return fresh_place(request, tmp_path, request.param)


@pytest.fixture
def kept(place: str) -> Iterator[Journal]:
    opened = journal.open(place)
    yield opened
    opened.close()


@pytest.fixture
def local(tmp_path: Path) -> Journal:
    return journal.open(str(tmp_path / "j.sqlite3"))


def code(error: pytest.ExceptionInfo[JournalError]) -> str:
    return error.value.code


def test_runs_are_listed_newest_first_and_found(kept: Journal) -> None:
    keep(kept, run(1), run(2, "NO-GO"), run(3, "UNDECIDED"), run(4))
    assert ids(kept) == [4, 3, 2, 1] and ids(kept, limit=2) == [4, 3]
    assert kept.find("latest").document == run(4)
    assert kept.find("latest:GO").row.run_id == run(4)["run_id"]
    assert kept.find("latest:NO-GO").document == run(2, "NO-GO")
    assert kept.find("latest:UNDECIDED").row.code == "net.read_timeout"
    assert kept.find(run(3)["run_id"]).document["verdict"] == "UNDECIDED"
    assert kept.find(run(3)["run_id"][:-7]).row.verdict == "UNDECIDED"


def test_filters(kept: Journal) -> None:
    keep(
        kept,
        run(1, name="cometapi", profile="cometapi", environment="ci"),
        run(2, "NO-GO", base_url="https://other.test/v1"),
        run(3, "UNDECIDED", model="gpt-y"),
        run(4, day="2026-11-23"),
    )
    assert ids(kept, target="cometapi") == [1] == ids(kept, environment="ci")
    assert ids(kept, target="https://other.test/v1/") == [2] == ids(kept, verdict="NO-GO")
    assert ids(kept, clause="happy.choices_non_empty") == [3, 2] and ids(kept, clause="happy") == [3, 2]
    assert ids(kept, clause="happy.choices") == [] == ids(kept, clause="happy_") == ids(kept, clause="%")
    assert ids(kept, code="contract.choices_empty") == [2] and ids(kept, code="net") == [3]
    assert ids(kept, model="gpt-y") == [3] and ids(kept, kind="validate") == []
    assert ids(kept, since="2026-11-23") == [4] and ids(kept, until="2026-11-22T00:00:03") == [2, 1]


def test_a_run_without_an_end_is_nothing_else(kept: Journal) -> None:
    kept.started(opening(run(1)))
    (row,) = kept.list()
    assert (row.event, row.verdict, row.ended) == ("started", "", False)
    assert ids(kept, verdict="NONE") == [1]
    assert not any(ids(kept, verdict=verdict) for verdict in ("GO", "NO-GO", "UNDECIDED"))
    assert kept.find("latest").document["schema"] == "chatproof.started/1"
    assert kept.find("latest").document["planned"][0]["probe"] == "happy"
    kept.finished(run(1))
    assert [r.event for r in kept.list()] == ["finished"]


def test_finished_twice_is_once(kept: Journal) -> None:
    keep(kept, run(1))
    kept.finished(run(1))
    assert ids(kept) == [1]
    assert kept.head()[0] == 2


def test_another_run_with_the_same_id_does_not_pass_for_kept(kept: Journal) -> None:
    """Two runs of one second that drew the same number, or an id that somebody took before: the second one is lost."""
    first = run(1, "NO-GO")
    second = {**run(1), "started_at": first["started_at"].replace(".000Z", ".001Z")}
    kept.started(opening(first))
    with pytest.raises(JournalError) as refused:
        kept.started(opening(second))
    kept.finished(first, leave=True)
    with pytest.raises(JournalError) as lost:
        kept.finished(second, leave=True)
    assert refused.value.code == lost.value.code == "journal.taken"
    assert [row.verdict for row in kept.list()] == ["NO-GO"]


def test_selectors_that_select_nothing(kept: Journal, tmp_path: Path) -> None:
    keep(kept, run(1), run(2))
    for selector, expected in (
        ("", "run.unknown"),
        ("latest:NO-GO", "run.unknown"),
        ("latest:", ""),
        ("latest:nope", "run.unknown"),
        ("smoke-2026", "run.ambiguous"),
        ("x%", "run.unknown"),
        ("no/such.json", "run.unknown"),
        (str(tmp_path), "run.unknown"),
    ):
        if not expected:
            assert kept.find(selector).row.run_id == run(2)["run_id"]
            continue
        with pytest.raises(JournalError) as error:
            kept.find(selector)
        assert code(error) == expected and error.value.is_usage, selector


def test_a_run_in_a_file(kept: Journal, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(run(7, "NO-GO")))
    found = kept.find(str(path))
    assert found.document == run(7, "NO-GO") and found.row.event == "file" and found.row.verdict == "NO-GO"
    for text in ("{", "[]", '{"schema":"chatproof.run/1"}', json.dumps({**run(7), "verdict": "PASS"}), "[" * 99999):
        path.write_text(text)
        with pytest.raises(JournalError) as error:
            kept.find(str(path))
        assert code(error) == "run.malformed" and str(path) in error.value.detail


def test_the_default_place() -> None:
    assert journal.default_place({"XDG_STATE_HOME": "/s"}) == "/s/chatproof/journal.sqlite3"
    assert journal.default_place({"HOME": "/"}) == "//.local/state/chatproof/journal.sqlite3"
    for environ in ({}, {"HOME": "/nonexistent"}, {"HOME": "relative"}, {"XDG_STATE_HOME": "relative"}):
        assert journal.default_place(environ) == ""
        with pytest.raises(JournalError) as error:
            journal.open(environ=environ)
        assert code(error) == "journal.missing"


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    kept = journal.open(environ={"XDG_STATE_HOME": str(tmp_path / "state")})
    keep(kept, run(1))
    folder = tmp_path / "state" / "chatproof"
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    assert {p.name: oct(p.stat().st_mode & 0o777) for p in folder.iterdir()} == {
        "journal.sqlite3": "0o600",
        "journal.sqlite3-wal": "0o600",
        "journal.sqlite3-shm": "0o600",
        "journal.sqlite3-lock": "0o600",
    }
    kept.close()
    assert sorted(p.name for p in folder.iterdir()) == ["journal.sqlite3", "journal.sqlite3-lock"]
    with sqlite3.connect(folder / "journal.sqlite3") as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("place", ["sqlite3", "postgresql"], indirect=True)
def test_nothing_can_be_changed_or_removed(kept: Journal) -> None:
    keep(kept, run(1))
    for sql in (
        "UPDATE chatproof_entries SET verdict = 'GO'",
        "DELETE FROM chatproof_entries",
        "UPDATE chatproof_documents SET document = '{}'",
        "DELETE FROM chatproof_documents WHERE seq = 1",
    ):
        with pytest.raises(JournalError):
            kept.database.query(sql)
    assert ids(kept) == [1] and kept.find("latest").document == run(1)


@pytest.mark.parametrize("place", ["sqlite3", "postgresql"], indirect=True)
def test_a_failed_write_leaves_nothing_behind(kept: Journal) -> None:
    keep(kept, run(1))

    def break_off() -> None:
        kept.database.query("UPDATE chatproof_head SET seq = 99")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.database.transaction(break_off)
    keep(kept, run(2))
    assert ids(kept) == [2, 1] and kept.head()[0] == 4


def spoil(path: Path, how: str) -> None:
    if how == "garbage":
        path.write_bytes(b"\x00garbage" * 4096)
    elif how == "damaged":
        data = bytearray(path.read_bytes())
        data[100:] = os.urandom(len(data) - 100)
        path.write_bytes(data)
    else:
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            raw.execute({
                "newer": "UPDATE chatproof_head SET version = 99",
                "headless": "DELETE FROM chatproof_head",
                "foreign": "CREATE TABLE contacts (name TEXT)",
            }[how])  # fmt: skip


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("garbage", "journal.foreign"),
        ("damaged", "journal.corrupt"),
        ("newer", "journal.newer"),
        ("headless", "journal.corrupt"),
        ("foreign", "journal.foreign"),
    ],
)
def test_trouble_has_a_name_and_destroys_nothing(tmp_path: Path, how: str, expected: str) -> None:
    path = tmp_path / "j.sqlite3"
    if how not in ("garbage", "foreign"):
        kept = journal.open(str(path))
        keep(kept, run(1))
        kept.close()
    spoil(path, how)
    before = path.read_bytes()
    with pytest.raises(JournalError) as error:
        keep(journal.open(str(path)), run(2))
    assert code(error) == expected and error.value.advice
    assert path.read_bytes() == before
    with pytest.raises(JournalError):
        journal.open(str(path)).list()
    assert path.read_bytes() == before


def test_locked(local: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(local, run(1))
    monkeypatch.setattr("chatproof.journal.lock.SECONDS", 0.1)
    holder = sqlite3.connect(tmp_path / "j.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    other = journal.open(str(tmp_path / "j.sqlite3"))
    with pytest.raises(JournalError) as error:
        other.finished(run(2))
    assert code(error) == "journal.locked" and not error.value.is_usage
    assert len(other.list()) == 1, "reading goes on"
    holder.execute("ROLLBACK")
    other.finished(run(2))
    assert ids(other) == [2, 1]


@pytest.mark.parametrize("name", ["j.sqlite3", "j.jsonl"])
def test_a_file_system_that_fails_when_a_file_is_closed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one with a quota may, of another machine: what was synced before is kept."""
    local = journal.open(str(tmp_path / name))
    keep(local, run(1))

    def close(handle: int, closes: Callable[[int], None] = os.close) -> None:
        closes(handle)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "close", close)
    local.started(opening(run(2)))
    local.finished(run(2), leave=True)
    monkeypatch.undo()
    assert ids(local) == [2, 1]


def test_places_that_can_be_none(tmp_path: Path) -> None:
    for place, expected in (
        ("none", "journal.missing"),
        ("https://x.test", "journal.url"),
        (str(tmp_path / "no" / "folder.sqlite3"), "journal.unwritable"),
        (str(tmp_path), "journal.unwritable"),
    ):
        with pytest.raises(JournalError) as error:
            journal.open(place).ready()
        assert code(error) == expected
    with pytest.raises(JournalError) as error:
        journal.open(str(tmp_path / "absent"), create=False).list()
    assert code(error) == "journal.missing" and list(tmp_path.iterdir()) == []


WRITER = """
import sys
from chatproof import journal
from tests.journal_support import keep, run
first = int(sys.argv[2])
for number in range(first, first + 20):
    keep(journal.open(sys.argv[1]), run(number))
"""


def test_writers_at_once_lose_nothing(place: str) -> None:
    """Four processes, into a journal that none of them finds."""
    environ = {**os.environ, "PYTHONPATH": os.getcwd()}
    children = [
        subprocess.Popen([sys.executable, "-c", WRITER, place, str(first)], env=environ) for first in range(0, 400, 100)
    ]
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    kept = journal.open(place)
    assert verify(kept).problems == []
    assert sorted(ids(kept)) == [first + i for first in range(0, 400, 100) for i in range(20)]
    assert kept.head()[0] == 160
    kept.close()


def test_no_document_holds_the_key(kept: Journal, tmp_path: Path) -> None:
    keep(kept, run(1), run(2, "NO-GO"))
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_the_started_document_keeps_its_schema() -> None:
    from chatproof.evidence.json_schema import problem_in, published

    assert problem_in(opening(run(1)), published("started-1")) == ""
    assert problem_in({**opening(run(1)), "kind": "other"}, published("started-1"))
