"""The journal in an SQLite file: WAL, synced at every commit, readable by its owner only, whole in one file at rest.

Through `_sqlite3`, the module under the standard library's `sqlite3`: the package around it would load datetime, half a
millisecond more than all the rest on the path of every smoke run (docs/decisions/0010).
"""

from __future__ import annotations

import os
import time
from _thread import get_ident
from _weakref import ref
from collections.abc import Callable, Iterator, Sequence

from chatproof.journal import lock, tables
from chatproof.journal.events import JournalError
from chatproof.journal.store import Journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

try:
    import _sqlite3 as sqlite
except ImportError:
    import sqlite3 as sqlite  # type: ignore[no-redef]

LARGEST = 33 * 1024 * 1024
"""Bytes of a document and what is around it. SQLite refuses more, so that a hostile file costs no memory."""
_COLUMN, _ANSWER = 64 * 1024, 96 * 1024 * 1024  # bytes of a value of any other column, characters of one answer
_CHUNK, _LENGTH = 64, 0  # rows that are fetched at once; SQLITE_LIMIT_LENGTH
_STEPS = 5000  # of SQLite's, for reading the schema: an entry takes seven, and a file has some 20 of ours
_MADE_BY = ("CREATE TABLE ", "CREATE INDEX ", "CREATE UNIQUE INDEX ", "CREATE TRIGGER ")
_DAMAGED, _TOO_LARGE, _NO_DATABASE = 11, 18, 26  # of SQLite's result codes
_MOMENTS = 100  # of a millisecond, for those who read while the log is folded

_opened: list[ref[Sqlite]] = []


def journal(path: str, *, own_folder: bool, create: bool) -> Journal:
    """The journal at `path`. `own_folder`: its folder is ours, and made when missing."""
    return Journal(Sqlite(path, own_folder=own_folder, create=create))


def close_all() -> None:
    """Close what this thread has opened: a process that leaves without it leaves the log, and its locks for others to
    clear away. A connection of another thread may be at work, and SQLite lets nobody else close it."""
    for database in [each() for each in _opened]:
        if database is not None and database.thread == get_ident():
            database.close()


class Sqlite:
    """A Database in a file. Nothing is opened before the first use."""

    referred = tables.REFERRED

    def __init__(self, path: str, *, own_folder: bool, create: bool) -> None:
        self.path = self.shown = path
        self._own_folder, self._create = own_folder, create
        self._connection: Any = None
        self.thread = 0  # the one that opened the connection
        self._file = (0, 0)  # device and number of the file that was opened
        self._prepared = self._had_log = False
        self._foreign_triggers: list[str] = []

    def query(self, sql: str, values: Sequence[Any] = (), *, large: bool = False) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        size = 0
        connection = self._open()
        limit = connection.setlimit(_LENGTH, LARGEST) if large else 0
        try:
            cursor = connection.execute(sql, values)
            while chunk := cursor.fetchmany(1 if large else _CHUNK):
                rows += chunk
                if len(rows) > _CHUNK:  # a damaged file can have pages that go round in a ring
                    size += sum(len(value) for row in chunk for value in row if isinstance(value, str))
                    if size > _ANSWER:
                        cursor.close()
                        raise self._error(_TOO_LARGE)
        except sqlite.Error as error:
            raise self._named(error) from None
        except UnicodeDecodeError:  # from SQLite's own words, which quote a damaged byte
            raise self._error(_DAMAGED) from None
        finally:
            if large:
                connection.setlimit(_LENGTH, limit)
        return rows

    def enter(self, insert: str, narrow: Sequence[Any], document: bytes | str) -> None:
        self.query(insert, narrow)
        self.query("INSERT INTO chatproof_documents VALUES (?, ?)", (narrow[0], document), large=True)
        self.query("UPDATE chatproof_head SET seq = ?, hash = ?", (narrow[0], narrow[-1]))

    def documents(self, after: int, until: int) -> Iterator[tuple[int, Any]]:
        sql = "SELECT seq, document FROM chatproof_documents WHERE seq > ? AND seq <= ? ORDER BY seq"
        connection = self._open()
        connection.setlimit(_LENGTH, LARGEST)
        cursor = None
        try:
            cursor = connection.execute(sql, (after, until))
            yield from cursor
        except sqlite.Error as error:
            raise self._named(error) from None
        except UnicodeDecodeError:
            raise self._error(_DAMAGED) from None
        finally:
            if cursor is not None:
                cursor.close()  # or its snapshot would stand in the way of the next write
            connection.setlimit(_LENGTH, _COLUMN)

    def transaction(self, work: Callable[[], None], *, fold: bool = False, leave: bool = False) -> None:
        self._open()
        turn = lock.Turn(self.path)
        try:
            self._follow()
            self.query("BEGIN IMMEDIATE")
            try:
                self._prepare()
                work()
                owed = self.query("PRAGMA user_version") != [(0,)]
                owe = (fold or owed) and turn.is_awaited
                if owe != owed:
                    self.query(f"PRAGMA user_version = {int(owe)}")
                self.query("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            if (fold or owed) and not (owe and owed):
                self._fold(leave and not owe)
        finally:
            turn.end()
        if leave:
            self.close()
        if not self._is_there():
            detail = f"{self.path} was moved, removed or replaced while a run was written"
            raise JournalError("journal.unwritable", detail, "the run may be in the file that was there before")

    def _is_there(self) -> bool:
        """The path still names the file that was opened: nobody has moved, removed, replaced or emptied it."""
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._file and found.st_size > 0

    def _follow(self) -> None:
        """Write into the file that has the name now, as a log does that others put away; and only if it has no other
        name: SQLite keeps a log beside each, and runs that are written under both at once are lost."""
        if not self._is_there():
            self.close()
            self._open()
        if os.stat(self.path).st_nlink > 1:
            detail = f"{self.path} has another name (a hard link), and runs that are written under both would be lost"
            raise JournalError("journal.unwritable", detail, "remove that name, or name another with --journal")

    def _fold(self, leave: bool) -> None:
        """Bring the log into the file; nobody else does it now. The last connection does it when it is closed, too, and
        removes the log. A reader may hold some of it back until it ends: it is waited for, a moment.

        Where others wait for their turn, the first of them folds, so that the file itself says that its log owes it
        something (`user_version`), and the last of them, who takes that back."""
        if leave:
            self.close()
            if not os.path.exists(self._log):
                return
        for _ in range(_MOMENTS):
            (_busy, held, folded), *_rest = self.query("PRAGMA wal_checkpoint(PASSIVE)")
            if held == folded:
                return
            time.sleep(0.001)

    @property
    def _log(self) -> str:
        return f"{os.path.realpath(self.path)}-wal"

    def _has_log(self) -> bool:
        try:
            return os.path.getsize(self._log) > 0
        except FileNotFoundError:  # as it always is where the last to close has just removed it
            return False

    def _locked(self) -> JournalError:
        real = os.path.realpath(self.path)
        return lock.locked(self.path, f"{real}-lock", f"{real}-shm", real)

    def flaws(self) -> list[str]:
        """What SQLite finds wrong in its own pages; tables, indexes and triggers that are not as they were made.

        Entries are read past the indexes, which lists of runs are read from: the chain says nothing of those. A view or
        an index that somebody added does no harm; a trigger might.
        """
        found = [f"SQLite: {row[0]}" for row in self.query("PRAGMA integrity_check(20)") if row[0] != "ok"]
        if not (self._had_log or self._has_log()) and self.query("PRAGMA user_version") != [(0,)]:
            found.append("it is an incomplete copy: runs that were being written at the time are missing")
        version = self.query("SELECT version FROM chatproof_head LIMIT 1")
        number = tables.OLDEST if version == [(tables.OLDEST,)] else 3
        made = {name: sql for kind, name, sql in self._schema() if kind != "view"}
        wanted = {tables.name_of(sql): sql for sql in (*tables.OF_VERSION[number], *tables.SQLITE_TRIGGERS[number])}
        names = {name for name, sql in wanted.items() if made.get(name) not in tables.ACCEPTED.get(name, {sql})}
        if names := names | set(self._foreign_triggers):
            found.append(f"tables, indexes or triggers differ from those of chatproof: {', '.join(sorted(names))}")
        return found

    def copy_to(self, path: str) -> None:
        """By SQLite's own means: it reads one state, whatever is written meanwhile, and syncs the copy."""
        self.query("SELECT 1 FROM chatproof_head LIMIT 1")
        target = sqlite.connect(path, lock.SECONDS, 0, None)
        try:
            self._open().backup(target)
            target.execute("PRAGMA user_version = 0")  # what the log owed the file is in the copy
        except sqlite.Error as error:
            raise self._named(error) from None
        finally:
            target.close()

    def migrate(self) -> bool:
        done = self.query("SELECT version FROM chatproof_head LIMIT 2") == [(tables.OLDEST,)]
        if done:
            self.transaction(lambda: None, fold=True)
        return done

    def compact(self) -> None:
        """What was removed is gone from the files, too. Others may be reading: then it stays until the next time."""
        try:
            self.query("VACUUM", large=True)
            self.query("PRAGMA wal_checkpoint(TRUNCATE)")
        except JournalError as error:
            if error.code != "journal.locked":
                raise

    def close(self) -> None:
        """The last to close brings all into the file and removes the log beside it."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def __del__(self) -> None:
        """A connection and its cache of statements refer to each other: without us it would be closed at some time."""
        try:
            self.close()
        except sqlite.Error:  # of another thread
            pass

    def _prepare(self) -> None:
        """Make the tables in an empty file; bring those of version 2 to version 3. A file with tables of something else
        is left as it is."""
        if self._foreign_triggers:
            detail = f"{self.path} has triggers that chatproof did not create: {', '.join(self._foreign_triggers)}"
            raise JournalError("journal.corrupt", detail, "remove them, or name another journal with --journal")
        if self._prepared:
            return
        names = {row[0] for row in self.query("SELECT name FROM sqlite_master WHERE type = 'table'")}
        statements: tuple[str, ...] = ()
        if "chatproof_head" not in names:
            if names:
                detail = f"{self.path} is an SQLite database of another program"
                raise JournalError("journal.foreign", detail, "name another file with --journal")
            statements = (*tables.MADE, *tables.ADDED, tables.FIRST_HEAD, *tables.SQLITE_TRIGGERS[3])
        elif self.query("SELECT version FROM chatproof_head LIMIT 2") == [(tables.OLDEST,)]:
            statements = (*tables.ADDED, *tables.SQLITE_TRIGGERS_3, *tables.DROPPED, tables.VERSION_3)
        for statement in statements:
            self.query(statement)
        self._prepared = True

    def _schema(self) -> list[tuple[str, str, str]]:
        """(type, name, text) of what is in the file under our names, and of every trigger.

        SQLite reads types and names without case, up to a NUL, and as text where they are stored as bytes."""
        rows = self.query(
            "SELECT CAST(type AS TEXT), CAST(name AS TEXT), CAST(substr(sql, 1, 4000) AS TEXT) FROM sqlite_master"
        )
        read = [
            (str(kind).partition("\0")[0].lower(), str(name).partition("\0")[0], str(sql)) for kind, name, sql in rows
        ]
        return [row for row in read if row[0] == "trigger" or row[1].lower().startswith("chatproof_")]

    def _examine(self) -> None:
        """Refuse what stands in the place of our tables: a view can be endless, and cost all memory there is."""
        ours = {sql for sqls in tables.SQLITE_TRIGGERS.values() for sql in sqls}
        schema = self._schema()
        if any(name.lower() == "chatproof_head" for _, name, _ in schema):
            self._close_to_others(is_journal=True)
        for kind, name, sql in schema:
            wanted = tables.ACCEPTED.get(name.lower())  # names have no case
            if sql not in wanted if wanted else kind != "trigger" and not sql.startswith(_MADE_BY):
                detail = f"{self.path}: the table {name} differs from the one that chatproof creates"
                raise JournalError("journal.corrupt", detail, "do not change the file; name another with --journal")
            if kind == "trigger" and sql not in ours:
                self._foreign_triggers.append(name)

    def _open(self) -> Any:
        if self._connection is None:
            new = not self._look()
            held: Any = None
            if lock.is_open_to_others(self.path):
                from chatproof.journal import files

                if new:
                    self._connect(self.path)
                    self._set_wal()
                    self.close()
                    new = False
                held = files.held_log(self.path, sqlite.connect)
            self._had_log = self._has_log()
            connection = self._connect(self.path)
            try:
                connection.set_progress_handler(lambda: 1, _STEPS)  # all of the schema is kept in memory
                self.query("PRAGMA synchronous = FULL")
                connection.set_progress_handler(None, 0)
                # A short log: who opens the file after a kill reads it whole.
                self.query("PRAGMA wal_autocheckpoint = 200")
                if new:
                    self._set_wal()
                else:
                    self._examine()
            except BaseException:
                self.close()
                raise
            finally:
                if held is not None:
                    held.close()
        return self._connection

    def _look(self) -> int:
        """The file's size. It is made where there is none, refused where it is none, closed where it is open to all."""
        try:
            found = os.stat(self.path)
        except OSError:
            if not self._create:
                detail = f"there is no journal at {self.path}"
                raise JournalError("journal.missing", detail, "name another with --journal") from None
            from chatproof.journal import files

            files.make(self.path, own_folder=self._own_folder)
            return 0
        if found.st_mode & 0o170000 != 0o100000:
            raise JournalError("journal.unwritable", f"{self.path} is not a regular file", "give the path of a file")
        if found.st_size == 1:
            raise self._error(_NO_DATABASE)  # SQLite takes it for an empty one
        hot = f"{os.path.realpath(self.path)}-journal"
        if os.path.exists(hot) or os.path.islink(self.path) or lock.is_open_to_others(self.path):
            from chatproof.journal import files

            files.refuse_planted(self.path)
            files.refuse_hot(self.path, hot)
        self._close_to_others(is_journal=not found.st_size)
        return found.st_size

    def _close_to_others(self, *, is_journal: bool) -> None:
        if os.stat(self.path).st_mode & 0o007:
            from chatproof.journal import files

            files.tighten(self.path, is_journal=is_journal)

    def _connect(self, path: str) -> Any:
        _opened[:] = [each for each in _opened if each() is not None] + [ref(self)]
        try:
            self._connection, self.thread = sqlite.connect(path, lock.SECONDS, 0, None), get_ident()
        except sqlite.Error as error:  # a disk that fails
            raise self._error(error.sqlite_errorcode, error.sqlite_errorname) from None
        self._connection.setlimit(_LENGTH, _COLUMN)
        self._prepared, self._foreign_triggers = False, []
        if path:
            found = os.stat(path)
            self._file = (found.st_dev, found.st_ino)
        return self._connection

    def _set_wal(self) -> None:
        """Once in a file's life. SQLite's own waiting does not cover it, and several may come first."""
        until = time.monotonic() + lock.SECONDS
        while True:
            try:
                self.query("PRAGMA journal_mode = WAL")
                return
            except JournalError as error:
                if error.code != "journal.locked" or time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _named(self, error: Any) -> JournalError:
        """SQLite's own message may quote data, so it is not shown: the result code is."""
        number = getattr(error, "sqlite_errorcode", 1) & 0xFF
        name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
        if number == 1 and "no such table" in str(error):
            from chatproof.journal import files

            return files.without_tables(self.path)
        if number in (5, 6):
            return self._locked()
        return self._error(number, name)

    def _error(self, number: int, name: str = "") -> JournalError:
        from chatproof.journal import sqlite_codes

        return sqlite_codes.error_of(self.path, number, name)
