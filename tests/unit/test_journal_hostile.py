"""Journals made to do harm: little memory, one sentence, an exit status; and files that others could read or replace."""

from __future__ import annotations

import os
import socket
import sqlite3
import struct
import threading
import time
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.journal import JournalError, packing
from chatproof.journal.packing import Unreadable, pack, unpack
from chatproof.journal.tables import ACCEPTED
from chatproof.journal.upkeep import verify
from tests.journal_support import fresh_place, ids, keep, run
from tests.unit.test_foreign_journal import GREETING, peak
from tests.unit.test_journal_cli import run as cli

MIB = 200
COMMANDS = (["history"], ["show", "latest"], ["journal", "verify"], ["smoke", "simulator"], ["journal", "export"])
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"


@pytest.fixture
def place(tmp_path: Path) -> str:
    path = str(tmp_path / "theirs.sqlite3")
    kept = journal.open(path)
    keep(kept, run(1), run(2, "NO-GO"))
    kept.close()
    return path


def spoil(place: str, *statements: str) -> None:
    with closing(sqlite3.connect(place, isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)


@pytest.mark.parametrize("table", ACCEPTED)
@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
def test_a_view_in_the_place_of_a_table_is_never_read(place: str, table: str, args: list[str]) -> None:
    with closing(sqlite3.connect(place)) as raw:
        columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(f"3 AS {c}" if c == "version" else f"x AS {c}" if c == "seq" else f"'h' AS {c}" for c in columns)
    spoil(place, f"DROP TABLE {table}", f"CREATE VIEW {table} AS {ENDLESS} SELECT {values} FROM c")
    done = cli(*args, "--journal", place)
    assert done.returncode == 4 and f"{table} differs from the one that chatproof creates" in done.stderr
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    "statement",
    [
        f"CREATE TRIGGER eats BEFORE INSERT ON chatproof_entries BEGIN SELECT count(*) FROM ({ENDLESS} SELECT x FROM c); END",
        "CREATE TRIGGER eats AFTER UPDATE ON chatproof_head BEGIN SELECT zeroblob(900000000); END",
    ],
)
def test_a_trigger_of_somebody_else_is_never_run(place: str, statement: str) -> None:
    spoil(place, statement)
    done = cli("smoke", "simulator", "-q", "--journal", place)
    assert done.returncode == 4 and "triggers that chatproof did not create: eats" in done.stderr
    assert cli("history", "--journal", place).returncode == 0, "reading runs no trigger"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE chatproof_entries SET model = CAST(zeroblob(300000000) AS TEXT) WHERE seq = 4",
        "UPDATE chatproof_documents SET document = CAST(hex(zeroblob(16000000)) AS TEXT)",
        *(
            pytest.param(statement, marks=pytest.mark.nightly)
            for statement in (
                "UPDATE chatproof_entries SET hash = hex(zeroblob(3000000))",
                "UPDATE chatproof_documents SET document = zeroblob(300000000) WHERE seq = 4",
                "UPDATE chatproof_head SET hash = CAST(zeroblob(300000000) AS TEXT)",
            )
        ),
        "CREATE INDEX eats ON chatproof_entries (length(hex(zeroblob(400000000))))",
    ],
)
def test_a_giant_value_costs_little(place: str, statement: str) -> None:
    spoil(place, statement)
    told = {}
    for args in COMMANDS[:4]:
        mib, told[args[0]] = peak(*args, "--journal", place)
        assert mib < MIB, args
    assert told["journal"] in (1, 4) and told["smoke"] in (0, 4)
    if "model" in statement or "head" in statement:
        assert told["history"] == 4


def test_a_document_that_unpacks_to_gigabytes_costs_little(place: str) -> None:
    packer = zlib.compressobj(9, zdict=packing._dictionary(1))
    bomb = bytes((packing.PACKED, 1)) + b"".join(packer.compress(b" " * (1 << 24)) for _ in range(64)) + packer.flush()
    with closing(sqlite3.connect(place, isolation_level=None)) as raw:
        raw.execute("DROP TRIGGER chatproof_no_document_update")
        raw.execute("UPDATE chatproof_documents SET document = ? WHERE seq = 4", (bomb,))
    for args in (["show", "latest"], ["journal", "export"]):
        mib, status = peak(*args, "--journal", place)
        assert mib < MIB and status == 4


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"\x01", b"\x01\x01", b"\x01\x01x", b"\x01\x09" + b"x" * 50, b"\x02" * 60, b"\x03" * 60, b"[]"],
)
def test_stored_bytes_that_are_none_are_named(data: bytes) -> None:
    with pytest.raises(Unreadable):
        unpack(data, lambda hash: b"[]")


def test_what_follows_a_packed_text_or_is_cut_off_it_is_damage() -> None:
    whole, _ = pack(b'{"a":1}')
    assert unpack(whole) == b'{"a":1}'
    for spoilt in (whole + b"x", whole[:-1], whole[:-5]):
        with pytest.raises(Unreadable):
            unpack(spoilt)


# -- PostgreSQL -------------------------------------------------------------------------------------------------------


def row(*values: bytes) -> bytes:
    body = struct.pack("!h", len(values)) + b"".join(struct.pack("!i", len(value)) + value for value in values)
    return b"D" + struct.pack("!i", len(body) + 4) + body


COLUMNS = b"T" + struct.pack("!ih", 6 + 20, 1) + b"x\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)


@contextmanager
def talking(answer: Iterator[bytes]) -> Iterator[str]:
    """The URL of a server that greets as PostgreSQL does, and answers what it is asked with bytes that never end."""

    def serve(connection: socket.socket) -> None:
        try:
            while len(asked := connection.recv(4096)) == 8:
                connection.sendall(b"N")
            if asked:
                connection.sendall(GREETING)
                connection.recv(4096)
                for data in answer:
                    connection.sendall(data)
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                held.append(listener.accept()[0])
            except OSError:
                return
            threading.Thread(target=serve, args=(held[-1],), daemon=True).start()

    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"postgresql://u@127.0.0.1:{listener.getsockname()[1]}/x"
        for connection in held:
            connection.close()
        listener.shutdown(socket.SHUT_RDWR)


def rows() -> Iterator[bytes]:
    yield COLUMNS
    while True:
        yield row(b"x" * 1000) * 100


def giant() -> Iterator[bytes]:
    yield COLUMNS + b"D" + struct.pack("!ihi", 1 << 30, 1, (1 << 30) - 10)
    while True:
        yield b"x" * (1 << 20)


@pytest.mark.parametrize("answer", [rows, giant])
def test_a_database_that_answers_for_ever_costs_little(answer: object) -> None:
    pytest.importorskip("psycopg")
    for args in (["history"], ["journal", "verify"]):
        with talking(answer()) as url:  # type: ignore[operator]
            mib, status = peak(*args, "--journal", url)
            assert mib < MIB and status == 4
    with talking(answer()) as url:  # type: ignore[operator]
        done = cli("history", "--journal", url)
        said = "answers with more than 100 MiB" if answer is rows else "cannot be reached"  # libpq has no room for it
        assert said in done.stderr and len(done.stderr.splitlines()) == 2


def notices() -> Iterator[bytes]:
    said = b"SNOTICE\0C00000\0Mhello\0\0"
    while True:
        yield (b"N" + struct.pack("!i", len(said) + 4) + said) * 5000


def test_what_is_thrown_away_without_a_pause_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    from chatproof.journal import postgres

    monkeypatch.setattr(postgres, "_ANSWER_SECONDS", 0.5)
    with talking(notices()) as url:
        begun = time.monotonic()
        with pytest.raises(JournalError) as error:
            journal.open(url, create=False).list()
    assert error.value.code == "journal.unreachable" and time.monotonic() - begun < 1.5


def test_what_the_first_read_took_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq makes room for a row of a gigabyte, and fills it before it returns."""
    pytest.importorskip("psycopg")
    from chatproof.journal import postgres

    read, took = [0], 500 * 1024 * 1024

    def endless() -> Generator[int, int, None]:
        while True:
            read[0] += 1
            yield 2

    monkeypatch.setattr(postgres, "_memory", lambda: (0, took if read[0] > 1 else 0))
    here, there = socket.socketpair()
    with here, there, pytest.raises(postgres.TooMuch, match="more than 100 MiB"):
        postgres._driven(endless(), here.fileno(), 5.0)
    assert read[0] < 20


STRANGE = [  # those whose arguments are what our statements write, where the server's own take another type
    *(f"pg_advisory_xact_lock({kind})" for kind in ("integer", "smallint", "text")),
    *(f"encode(bytea, {kind})" for kind in ("varchar", "name")),
    *(f"{name}({kind})" for name in ("unnest", "array_length") for kind in ("text[]", "varchar[]")),
    *(f"to_regclass({kind})" for kind in ("varchar", "name")),
    *(f"convert_to({kind}, text)" for kind in ("text", "varchar")),
    *(f"{name}({kind})" for name in ("length", "octet_length", "lower") for kind in ("varchar", "name")),
    "current_database(text)",
]


def test_no_function_of_a_stranger_is_run(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Who may create functions in a schema of the search path would act with the rights of who writes the journal."""
    import psycopg

    url = fresh_place(request, tmp_path, "postgresql")
    with psycopg.connect(url, autocommit=True) as raw:
        for name in STRANGE:
            raw.execute(
                f"CREATE FUNCTION {name} RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'run by a stranger'; END $$"
            )
        with pytest.raises(psycopg.Error, match="run by a stranger"):
            raw.execute("SELECT pg_advisory_xact_lock(5)")
    kept = journal.open(url)
    keep(kept, run(1), run(2))
    assert len(kept.list()) == 2 and verify(kept).problems == []
    kept.migrate()
    kept.close()


def test_what_was_truncated_is_missed(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    import psycopg

    url = fresh_place(request, tmp_path, "postgresql")
    kept = journal.open(url)
    keep(kept, run(1), run(2))
    tables = ("chatproof_entries", "chatproof_documents", "chatproof_terms", "chatproof_head")
    with psycopg.connect(url, autocommit=True) as raw:
        for table in tables:
            with pytest.raises(psycopg.errors.RestrictViolation):
                raw.execute(f"TRUNCATE {table}")
        assert verify(kept).problems == []
        raw.execute("ALTER TABLE chatproof_entries DISABLE TRIGGER chatproof_entries_no_truncate")
        assert "chatproof_entries_no_truncate" in verify(kept).problems[0]
        raw.execute("TRUNCATE chatproof_entries")
        assert "entries 1 to 4 are missing at the end" in verify(kept).problems
        keep(kept, run(3))
        assert "entries 1 to 4 are missing, and no prune removed them" in verify(kept).problems
        raw.execute("ALTER TABLE chatproof_head DISABLE TRIGGER ALL; TRUNCATE chatproof_head")
    with pytest.raises(JournalError, match="lost the row that stores the end of its chain"):
        verify(kept)
    kept.close()


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["j.sqlite3", "j.jsonl"])
@pytest.mark.parametrize(
    ("before", "after"), [(0o666, 0o600), (0o644, 0o600), (0o602, 0o600), (0o660, 0o660), (0o600, 0o600)]
)
def test_a_file_that_all_may_read_or_write_is_closed(tmp_path: Path, name: str, before: int, after: int) -> None:
    path = tmp_path / name
    path.touch()
    path.chmod(before)
    kept = journal.open(str(path))
    keep(kept, run(1))
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir() if not p.name.endswith("-lock")} == {after}
    kept.close()


@pytest.mark.parametrize("name", ["j.sqlite3", "j.jsonl"])
@pytest.mark.parametrize("mode", [0o666, 0o644])
def test_a_journal_that_holds_runs_is_closed_with_all_that_stands_beside_it(
    tmp_path: Path, name: str, mode: int
) -> None:
    kept = journal.open(str(tmp_path / name))
    keep(kept, run(1))
    kept.close()
    (tmp_path / name).chmod(mode)
    again = journal.open(str(tmp_path / name))
    assert ids(again) == [1]
    keep(again, run(2))
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o600}
    again.close()


@pytest.mark.parametrize("mode", [0o644, 0o755])
@pytest.mark.parametrize("kind", ["text", "lines", "database"])
def test_a_file_that_is_no_journal_keeps_its_mode(tmp_path: Path, kind: str, mode: int) -> None:
    """Named by mistake: a page that a web server reads, or the database of another program."""
    path = tmp_path / ("other.jsonl" if kind == "lines" else "other")
    if kind == "database":
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE wares (id)")
    else:
        path.write_text('{"prompt": "hello"}\n')
    path.chmod(mode)
    before = path.read_bytes()
    for use in (lambda to: to.finished(run(1)), lambda to: to.list()):
        with suppress(JournalError):
            use(journal.open(str(path)))
    assert oct(path.stat().st_mode & 0o777) == oct(mode) and path.read_bytes() == before


@pytest.mark.parametrize("name", ["j.sqlite3", "j.jsonl"])
def test_a_file_of_somebody_else_that_all_may_write_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.touch()
    path.chmod(0o666)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(JournalError) as error:
        journal.open(str(path)).finished(run(1))
    assert error.value.code == "journal.unwritable" and path.read_bytes() == b""


@pytest.mark.parametrize("name", ["j.sqlite3", "j.jsonl"])
def test_a_link_to_nothing_makes_nothing(tmp_path: Path, name: str) -> None:
    target = tmp_path / "elsewhere"
    (tmp_path / name).symlink_to(target)
    with pytest.raises(JournalError) as error:
        journal.open(str(tmp_path / name)).finished(run(1))
    assert error.value.code == "journal.unwritable" and "a link to a file that does not exist" in error.value.detail
    assert not target.exists()
    target.touch(0o600)
    kept = journal.open(str(tmp_path / name))
    keep(kept, run(1))
    assert ids(kept) == [1] and target.stat().st_size, "a link to a file is followed"
    kept.close()


@pytest.mark.parametrize("variable", ["XDG_STATE_HOME", "HOME"])
def test_folders_are_for_their_owner_whatever_the_umask(tmp_path: Path, variable: str) -> None:
    (tmp_path / "home").mkdir(0o700)
    place = tmp_path / "home" if variable == "HOME" else tmp_path / "home" / "a" / "b"
    kept = journal.open(environ={variable: str(place)})
    before = os.umask(0)
    try:
        keep(kept, run(1))
    finally:
        os.umask(before)
    for folder, _, files in os.walk(tmp_path / "home"):
        assert os.stat(folder).st_mode & 0o077 == 0, folder
        assert all(os.stat(f"{folder}/{file}").st_mode & 0o077 == 0 for file in files)
    kept.close()
