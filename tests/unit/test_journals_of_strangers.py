"""A journal that somebody else made, opened by this user: nothing of this user's is lost, and nothing runs for ever."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.journal import JournalError
from chatproof.journal.upkeep import verify
from tests.journal_support import ids, keep, run
from tests.unit.test_journal_hostile import ENDLESS, spoil

HOT = bytes.fromhex("d9d505f920a163d7")  # begins SQLite's rollback journal, and ends one that names another file


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("made") / "made.sqlite3")
    kept = journal.open(path)
    keep(kept, run(1), run(2, "NO-GO"))
    kept.close()
    return path


@pytest.fixture
def theirs(tmp_path: Path, made: str) -> str:
    return str(shutil.copy(made, tmp_path / "theirs.sqlite3"))


def columns(theirs: str, table: str) -> str:
    with closing(sqlite3.connect(theirs)) as raw:
        names = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
    return ", ".join(f"3 AS {name}" if name == "version" else f"'h' AS {name}" for name in names)


def many(place: str, count: int) -> None:
    rows = [(f"chatproof{number}", f"CREATE VIEW chatproof{number} AS SELECT 1") for number in range(count)]
    with closing(sqlite3.connect(place)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.executemany("INSERT INTO sqlite_master VALUES ('view', ?1, ?1, 0, ?2)", rows)
        raw.commit()


def refused(path: str) -> str:
    with pytest.raises(JournalError) as error:
        journal.open(path, create=False).list()
    assert error.value.code == "journal.corrupt"
    return error.value.detail


@pytest.mark.parametrize("name", ["Chatproof_Entries", "CHATPROOF_HEAD", "chatProof_documents", "chatproof_terms"])
@pytest.mark.parametrize("before", [0, 250])
def test_no_view_hides_behind_another_case_or_many_others(theirs: str, name: str, before: int) -> None:
    """Names of tables have no case in SQLite, and a stranger may make as many as he likes."""
    view = f"CREATE VIEW {name} AS {ENDLESS} SELECT {columns(theirs, name)} FROM c"
    many(theirs, before)
    spoil(theirs, f"DROP TABLE {name}", view)
    assert "differs from the one that chatproof creates" in refused(theirs)


@pytest.mark.parametrize("name", [b"chatproof_head", "chatproof_head\0of mine", b"Chatproof_Head\0"])
@pytest.mark.parametrize("kind", ["view", b"view", "VIEW\0"])
def test_no_view_hides_behind_the_bytes_of_its_name(theirs: str, name: str | bytes, kind: str | bytes) -> None:
    """SQLite stores what it is given, and reads it as a text that ends at the first NUL."""
    view = f"CREATE VIEW chatproof_head AS {ENDLESS} SELECT {columns(theirs, 'chatproof_head')} FROM c"
    spoil(theirs, "DROP TABLE chatproof_head")
    with closing(sqlite3.connect(theirs, isolation_level=None)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, 0, ?)", (kind, name, name, view))
    assert "differs from the one that chatproof creates" in refused(theirs)


@pytest.mark.parametrize("kind", [b"trigger", "Trigger\0"])
def test_no_trigger_hides_behind_the_bytes_of_its_type(theirs: str, kind: str | bytes) -> None:
    text = "CREATE TRIGGER eats BEFORE INSERT ON chatproof_entries BEGIN SELECT 1; END"
    with closing(sqlite3.connect(theirs, isolation_level=None)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("INSERT INTO sqlite_master VALUES (?, 'eats', 'chatproof_entries', 0, ?)", (kind, text))
    kept = journal.open(theirs)
    with pytest.raises(JournalError, match="triggers that chatproof did not create: eats"):
        kept.started(run(3))
    kept.close()


def test_no_trigger_hides_behind_many_views(theirs: str) -> None:
    many(theirs, 250)
    with closing(sqlite3.connect(theirs, isolation_level=None)) as raw:
        raw.execute("CREATE TRIGGER eats BEFORE INSERT ON chatproof_entries BEGIN SELECT 1; END")
    kept = journal.open(theirs)
    assert any("eats" in problem for problem in verify(kept).problems)
    with pytest.raises(JournalError, match="triggers that chatproof did not create: eats"):
        kept.started(run(3))
    kept.close()


@pytest.mark.parametrize("table", ["chatproof_monitor_rows", "chatproof_monitor_runs", "chatproof_fleet_x"])
def test_no_view_has_a_name_of_ours(theirs: str, table: str) -> None:
    """The monitor's tables are in the same file."""
    spoil(theirs, f"CREATE VIEW {table} AS {ENDLESS} SELECT x AS kind, x AS name FROM c")
    assert table in refused(theirs)


def test_a_schema_without_end_is_not_read(theirs: str) -> None:
    """SQLite keeps all of it in memory: 300 MB of views cost 600 MiB."""
    many(theirs, 1000)
    assert "more tables" in refused(theirs)


def test_but_a_few_views_of_the_users_own_do_no_harm(theirs: str) -> None:
    spoil(theirs, *(f"CREATE VIEW mine_{number} AS SELECT * FROM chatproof_entries" for number in range(100)))
    kept = journal.open(theirs, create=False)
    assert ids(kept) == [2, 1]
    kept.close()


@pytest.mark.parametrize("linked", [False, True])
def test_no_file_is_removed_that_a_rollback_journal_names(theirs: str, tmp_path: Path, linked: bool) -> None:
    """SQLite rolls back by a journal beside the file, and removes the one of several databases that it names: whatever
    file of this user's that is."""
    own = tmp_path / "id_ed25519"
    own.write_text("precious\n" * 40)
    with closing(sqlite3.connect(theirs, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
    pages = os.path.getsize(theirs) // 4096
    name = str(own).encode()
    head = (HOT + struct.pack(">iIIII", 0, 7, pages, 512, 4096)).ljust(512, b"\0")
    tail = struct.pack(">I", 0x40000000 // 4096 + 1) + name + struct.pack(">II", len(name), sum(name)) + HOT
    Path(f"{theirs}-journal").write_bytes(head + tail)
    if linked:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "link").symlink_to(theirs)
    assert "names another file" in refused(str(tmp_path / "folder" / "link") if linked else theirs)
    assert own.read_text() == "precious\n" * 40


def test_a_rollback_journal_of_its_own_is_used(tmp_path: Path) -> None:
    """What a kill in the first moment of a journal leaves behind stops nobody."""
    path = tmp_path / "j.sqlite3"
    path.touch()
    (tmp_path / "j.sqlite3-journal").write_bytes((HOT + struct.pack(">iIIII", 0, 7, 0, 512, 4096)).ljust(512, b"\0"))
    kept = journal.open(str(path))
    keep(kept, run(1))
    assert ids(kept) == [1]
    kept.close()
