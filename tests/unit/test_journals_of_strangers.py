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


def another_users(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Let the file at `path` belong to somebody else."""
    real = os.lstat

    def lstat(name: str) -> os.stat_result:
        found = real(name)
        return os.stat_result((*found[:4], found.st_uid + 1, *found[5:])) if str(name) == path else found

    monkeypatch.setattr(os, "lstat", lstat)


@pytest.fixture
def shared(tmp_path: Path, made: str) -> str:
    """This user's journal in a folder where everybody can put files, and nobody can remove those of others."""
    folder = tmp_path / "shared?with#odd %20 letters"
    folder.mkdir()
    folder.chmod(0o1777)
    return str(shutil.copy(made, folder / "j.sqlite3"))


@pytest.fixture
def forged(tmp_path: Path) -> bytes:
    """A log that holds every page of another journal, with one run."""
    place = str(tmp_path / "forged.sqlite3")
    kept = journal.open(place)
    keep(kept, run(7))
    kept.close()
    with closing(sqlite3.connect(place, isolation_level=None)) as raw:
        raw.execute("PRAGMA wal_autocheckpoint = 0")
        raw.execute("VACUUM")
        return Path(f"{place}-wal").read_bytes()


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("linked", [False, True])
def test_no_other_user_puts_pages_beside_a_journal(
    shared: str, forged: bytes, monkeypatch: pytest.MonkeyPatch, end: str, linked: bool
) -> None:
    before = Path(shared).read_bytes()
    if linked:
        (elsewhere := Path(f"{shared}.elsewhere")).write_bytes(forged)
        os.symlink(elsewhere, shared + end)
    else:
        Path(shared + end).write_bytes(forged)
        another_users(monkeypatch, shared + end)
    for write in (False, True):
        with pytest.raises(JournalError) as error:
            kept = journal.open(shared, create=False)
            keep(kept, run(3)) if write else kept.list()
        assert error.value.code == "journal.foreign" and end in error.value.detail
    assert Path(shared).read_bytes() == before


def test_nor_between_the_look_and_the_use(shared: str, forged: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """His log is there for the moment in which SQLite opens it, and closing it brings none of it into the file."""
    from chatproof.journal import files

    before, looks = Path(shared).read_bytes(), []
    look = files.look_beside

    def between(path: str, **said: bool) -> None:
        looks.append(said)
        if len(looks) == 2:
            os.unlink(f"{shared}-wal")
        look(path, **said)
        if len(looks) == 1:
            Path(f"{shared}-wal").write_bytes(forged)

    monkeypatch.setattr(files, "look_beside", between)
    with pytest.raises(JournalError) as error:
        journal.open(shared, create=False).list()
    assert error.value.code == "journal.foreign" and len(looks) == 2
    assert Path(shared).read_bytes() == before


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("name", ["j.sqlite3", "j.jsonl"])
def test_what_another_user_planted_is_no_journal(
    shared: str, name: str, linked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root can write into everybody's file; who made it can read and change what is written."""
    planted = Path(shared).parent / f"planted.{name}"
    if linked:
        planted.symlink_to(Path(shared).parent.parent / name)
        (Path(shared).parent.parent / name).touch(mode=0o600)
    else:
        planted.touch(mode=0o600)
    another_users(monkeypatch, str(planted))
    with pytest.raises(JournalError) as error:
        keep(journal.open(str(planted)), run(1))
    assert error.value.code == "journal.foreign" and "another user" in error.value.detail
    assert not planted.read_bytes()


def test_a_group_may_share_a_journal_and_what_is_beside_it(shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chmod(shared, 0o660)
    with closing(sqlite3.connect(shared)) as other:
        other.execute("SELECT COUNT(*) FROM chatproof_head").fetchall()
        another_users(monkeypatch, f"{shared}-wal")
        assert len(ids(journal.open(shared, create=False))) == 2


def test_a_journal_is_made_where_everybody_can_put_files(shared: str) -> None:
    place = f"{shared}.new"
    kept = journal.open(place)
    keep(kept, run(1))
    kept.close()
    assert len(ids(journal.open(place, create=False))) == 1


@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm", "-lock"])
def test_a_folder_in_the_place_of_a_file_beside_it_is_told(theirs: str, ending: str) -> None:
    """Or does no harm; what is read and written fails as a journal does."""
    os.mkdir(theirs + ending)
    kept = journal.open(theirs)
    for use in (kept.list, lambda: keep(kept, run(3))):
        try:
            use()
        except JournalError as error:
            assert theirs in error.detail
