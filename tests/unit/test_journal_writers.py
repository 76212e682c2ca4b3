"""Many writers and copies: nobody waits for ever, nobody is passed over, and a copy has every run or is called torn."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.journal import JournalError, jsonl, lock
from chatproof.journal.backup import backup
from chatproof.journal.backwards import lines_backwards
from chatproof.journal.upkeep import verify
from tests.journal_support import fresh_place, ids, keep, opening, run
from tests.unit.test_journal_cli import run as cli


@pytest.fixture(params=["sqlite3", "jsonl"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return fresh_place(request, tmp_path, request.param)


# -- locks ------------------------------------------------------------------------------------------------------------

HOLD = {
    "the queue": "import os; h = os.open(p + '-lock', os.O_RDWR | os.O_CREAT, 0o600); os.lockf(h, os.F_LOCK, 1)",
    "SQLite": "import sqlite3; h = sqlite3.connect(p, isolation_level=None); h.execute('BEGIN IMMEDIATE')",
    "the lines": "import fcntl; h = open(p, 'r+'); fcntl.flock(h, fcntl.LOCK_EX)",
}


@pytest.mark.parametrize("how", HOLD)
def test_a_lock_has_a_deadline_and_names_its_holder(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = str(tmp_path / ("j.jsonl" if how == "the lines" else "j.sqlite3"))
    kept = journal.open(place)
    keep(kept, run(1))
    kept.close()
    code = f"p = {place!r}; {HOLD[how]}; print('held', flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    monkeypatch.setattr(lock, "SECONDS", 0.3)
    with pytest.raises(JournalError) as error:
        journal.open(place).finished(run(2))
    assert error.value.code == "journal.locked" and f"process {holder.pid} (" in error.value.detail
    holder.communicate("\n", timeout=20)
    again = journal.open(place)
    again.finished(run(2))
    assert ids(again) == [2, 1]
    again.close()


def test_a_lock_file_of_somebody_else_locks_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.symlink("/etc/passwd", tmp_path / "j.sqlite3-lock")
    kept = journal.open(str(tmp_path / "j.sqlite3"))
    keep(kept, run(1))
    os.unlink(tmp_path / "j.sqlite3-lock")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    keep(kept, run(2))
    assert ids(kept) == [2, 1]
    kept.close()


# -- copies -----------------------------------------------------------------------------------------------------------


def copied(place: str, folder: Path) -> str:
    """The file alone, as `cp` takes it."""
    folder.mkdir(exist_ok=True)
    return str(shutil.copy(place, folder / Path(place).name))


def test_a_copy_of_the_file_has_every_run(place: str, tmp_path: Path) -> None:
    for count in range(1, 4):
        assert cli("smoke", "simulator", "-q", "--journal", place).returncode == 0
        copy = journal.open(copied(place, tmp_path / "taken"), create=False)
        assert len(copy.list()) == count and verify(copy).problems == []
        copy.close()
    assert not os.path.exists(f"{place}-wal") and not os.path.exists(f"{place}-shm")


@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_what_a_killed_run_left_is_brought_into_the_file_by_who_reads(place: str, tmp_path: Path) -> None:
    killed = COPIED.replace("print(", "import os, signal; os.kill(os.getpid(), signal.SIGKILL); print(", 1)
    killed = killed.replace(", leave=True", "").replace("kept.finished(", "lock.Turn.is_awaited = True; kept.finished(")
    code = killed.replace(
        "from chatproof import journal", "from chatproof import journal; from chatproof.journal import lock"
    )
    environ = {**os.environ, "PYTHONPATH": os.getcwd()}
    assert subprocess.run([sys.executable, "-c", code, place, "1", "/dev/null"], env=environ).returncode == -9
    assert os.path.getsize(f"{place}-wal")
    assert cli("history", "--journal", place).returncode == 0
    assert not os.path.exists(f"{place}-wal")
    copy = journal.open(copied(place, tmp_path / "taken"), create=False)
    assert [row.verdict for row in copy.list()] == ["GO"]


def test_a_copy_has_what_was_told_while_another_run_goes_on(place: str, tmp_path: Path) -> None:
    first, second = journal.open(place), journal.open(place)
    first.started(opening(run(1)))
    keep(second, run(2), run(3, "NO-GO"))
    copy = journal.open(copied(place, tmp_path / "taken"), create=False)
    assert set(ids(copy)) == {1, 2, 3} and verify(copy).problems == []
    first.finished(run(1), leave=True)
    second.close()
    assert ids(journal.open(copied(place, tmp_path / "later"))) == [1, 3, 2]


@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_a_copy_that_lacks_runs_of_a_queue_is_called_torn(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where others wait, the log is left to the last of them; the file says that it is owed something."""
    kept = journal.open(place)
    keep(kept, run(1))
    monkeypatch.setattr(lock.Turn, "is_awaited", True)
    keep(kept, run(2), run(3))
    assert ids(kept) == [3, 2, 1] and verify(kept).problems == [], "the journal itself is whole"
    torn = cli("journal", "verify", "--journal", copied(place, tmp_path / "taken"))
    assert torn.returncode == 1 and "incomplete copy" in torn.stdout and "journal backup FILE" in torn.stdout
    backup(kept, str(tmp_path / "whole.sqlite3"))
    whole = journal.open(str(tmp_path / "whole.sqlite3"), create=False)
    assert ids(whole) == [3, 2, 1] and verify(whole).problems == []
    monkeypatch.setattr(lock.Turn, "is_awaited", False)
    kept.started(opening(run(4)))
    last = journal.open(copied(place, tmp_path / "last"), create=False)
    assert ids(last) == [4, 3, 2, 1] and verify(last).problems == [], "whoever comes next pays"
    kept.close()


def test_the_first_page_alone_is_named(tmp_path: Path) -> None:
    kept = journal.open(str(tmp_path / "j.sqlite3"))
    kept.started(opening(run(1)))
    done = cli("history", "--journal", copied(str(tmp_path / "j.sqlite3"), tmp_path / "taken"))
    assert done.returncode == 2 and "incomplete copy" in done.stderr and "journal backup FILE" in done.stderr
    kept.close()


COPIED = """
import sys
from chatproof import journal
from tests.journal_support import opening, run
document, first = run(1), int(sys.argv[2])
for number in range(first, first + 25):
    kept, run_id = journal.open(sys.argv[1]), {"run_id": f"smoke-20261122-000001-{number:06x}"}
    kept.started({**opening(document), **run_id})
    kept.finished({**document, **run_id}, leave=True)
    with open(sys.argv[3], "a") as told:
        print(run_id["run_id"], file=told, flush=True)
"""


@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_copies_made_at_any_moment_have_every_run_that_was_told_or_are_named(place: str, tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": os.getcwd()}
    told = [tmp_path / f"told{number}" for number in range(3)]
    for file in told:
        file.touch()
    writers = [
        subprocess.Popen([sys.executable, "-c", COPIED, place, str(number * 100), str(file)], env=environ)
        for number, file in enumerate(told)
    ]
    whole = named = 0
    while any(writer.poll() is None for writer in writers):
        before = {line for file in told for line in file.read_text().split("\n")[:-1]}
        if not before:
            continue
        copy = journal.open(copied(place, tmp_path / "taken"), create=False)
        try:
            torn = bool(verify(copy).problems)
            assert torn or before <= {row.run_id for row in copy.list()}
        except JournalError:
            torn = True
        whole, named = whole + (not torn), named + torn
        copy.close()
    assert [writer.returncode for writer in writers] == [0, 0, 0] and whole + named > 5
    last = journal.open(copied(place, tmp_path / "taken"), create=False)
    assert len(last.list()) == 75 and verify(last).problems == []


def test_a_backup_is_whole_while_runs_are_written(place: str, tmp_path: Path) -> None:
    kept = journal.open(place)
    keep(kept, run(1), run(2))
    target = str(tmp_path / ("b.jsonl" if place.endswith("jsonl") else "b.sqlite3"))
    Path(target).write_text("what was there")
    if place.endswith("sqlite3"):
        with closing(sqlite3.connect(place, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert cli("journal", "backup", target, "--journal", place).returncode == 0
            other.execute("ROLLBACK")
    else:
        assert cli("journal", "backup", target, "--journal", place).returncode == 0
    copy = journal.open(target, create=False)
    assert ids(copy) == [2, 1] and verify(copy).problems == []
    assert os.stat(target).st_mode & 0o777 == 0o600
    assert not [path.name for path in tmp_path.iterdir() if ".tmp" in path.name]
    kept.close()


def test_a_backup_that_cannot_be(place: str, tmp_path: Path) -> None:
    kept = journal.open(place)
    keep(kept, run(1))
    kept.close()
    before = Path(place).read_bytes()
    for target in (place, f"{place}-wal", f"{place}-lock", str(tmp_path), str(tmp_path / "no" / "folder.sqlite3")):
        assert cli("journal", "backup", target, "--journal", place).returncode == 2
    assert cli("journal", "backup", "--journal", place).returncode == 2 and Path(place).read_bytes() == before


# -- lines are read backwards -------------------------------------------------------------------------------------------


def test_lines_backwards(tmp_path: Path) -> None:
    chance = random.Random(20261128)
    path = tmp_path / "lines"
    for _ in range(60):
        lines = [b"x" * chance.choice((0, 1, 5, 70_000, 200_000)) for _ in range(chance.randrange(6))]
        data = b"\n".join(lines) + chance.choice((b"", b"\n"))
        path.write_bytes(data)
        with path.open("rb") as file:
            found = list(lines_backwards(file.fileno(), len(data), 1 << 30))
        assert [line for _, line in found] == [line for line in reversed(data.split(b"\n")) if line]
        assert all(data[place : place + len(line)] == line for place, line in found)


def test_a_run_reads_the_end_of_a_long_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = journal.open(str(tmp_path / "j.jsonl"))
    kept.append(journal.FINISHED, [run(number) for number in range(1, 300)])
    size = os.path.getsize(tmp_path / "j.jsonl")
    read = 0

    def counting(handle: int, count: int, place: int, real: object = os.pread) -> bytes:
        nonlocal read
        data: bytes = real(handle, count, place)  # type: ignore[operator]
        read += len(data)
        return data

    parsed: list[bytes] = []
    monkeypatch.setattr(os, "pread", counting)
    monkeypatch.setattr(jsonl, "entry", lambda text, real=jsonl.entry: parsed.append(text) or real(text))
    kept.started(opening(run(300)))
    good = kept.good(run(300)["target"], 10)
    assert next(kept.documents([number for number, _ in good]))["run_id"][-6:] == f"{299:06x}"
    kept.finished(run(300))
    assert len(good) == 10 and len(parsed) == 3 and read < size
    kept.close()


def test_good_runs_are_those_of_any_journal(place: str) -> None:
    kept = journal.open(place)
    keep(kept, run(1), run(2, "NO-GO"), run(3, model="other"), run(4, base_url="https://b.test"), run(5))
    good = kept.good(run(1)["target"], 10)
    assert [document["run_id"] for document in kept.documents([number for number, _ in good])] == [
        run(5)["run_id"], run(1)["run_id"]
    ]  # fmt: skip
    assert len(kept.good(run(1)["target"], 1)) == 1
    kept.close()
