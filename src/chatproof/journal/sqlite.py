"""The journal in an SQLite file: WAL, synced at every commit, readable by its owner only.

Through `_sqlite3`, the module under the standard library's `sqlite3`: the package around it would load datetime, half a
millisecond more than all the rest on the path of every smoke run (docs/decisions/0010).
"""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from chatproof.journal import JournalError
from chatproof.journal.store import COVERED, TABLES, Journal

try:
    import _sqlite3 as sqlite
except ImportError:
    import sqlite3 as sqlite  # type: ignore[no-redef]

BUSY_SECONDS = 15.0  # a disk that stalls under load holds a lock for seconds; a lost run is worse than a wait
_APPEND_ONLY = (
    "CREATE TRIGGER chatproof_no_update BEFORE UPDATE ON chatproof_entries "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "CREATE TRIGGER chatproof_no_document_update BEFORE UPDATE ON chatproof_documents "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    *(
        f"CREATE TRIGGER {name} BEFORE DELETE ON {table} "
        f"WHEN NOT EXISTS ({COVERED}) "
        "BEGIN SELECT RAISE(ABORT, 'only what a pruned entry covers can be removed'); END"
        for name, table in (
            ("chatproof_no_delete", "chatproof_entries"),
            ("chatproof_no_document_delete", "chatproof_documents"),
        )
    ),
)
# By primary result code: https://www.sqlite.org/rescode.html
_CODES = {
    5: ("journal.locked", "is locked by another process", "see who holds it, then run again"),
    6: ("journal.locked", "is locked by another process", "see who holds it, then run again"),
    8: ("journal.unwritable", "is read-only", "check its permissions, or name another with --journal"),
    10: ("journal.unwritable", "cannot be read or written (I/O error)", "check the disk"),
    11: ("journal.corrupt", "is damaged", "keep the file as it is; `journal export` saves what can be read"),
    13: ("journal.unwritable", "cannot grow: the disk is full", "make room"),
    14: ("journal.unwritable", "cannot be opened", "check the folder and its permissions, or name another"),
    26: ("journal.foreign", "is no SQLite database", "name another file with --journal"),
}


def journal(path: str, *, own_folder: bool, create: bool) -> Journal:
    """The journal at `path`. `own_folder`: its folder is ours, and made when missing."""
    return Journal(Sqlite(path, own_folder=own_folder, create=create))


class Sqlite:
    """A Database in a file. Nothing is opened before the first use."""

    def __init__(self, path: str, *, own_folder: bool, create: bool) -> None:
        self.path = self.shown = path
        self._own_folder, self._create = own_folder, create
        self._connection: Any = None
        self._prepared = False

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._open().execute(sql, values).fetchall()  # type: ignore[no-any-return]
        except sqlite.Error as error:
            raise self._named(error) from None
        except UnicodeDecodeError:  # from SQLite's own words, which quote a damaged byte
            raise JournalError("journal.corrupt", f"{self.path} {_CODES[11][1]}", _CODES[11][2]) from None

    def transaction(self, work: Callable[[], None]) -> None:
        self.query("BEGIN IMMEDIATE")
        try:
            self._prepare()
            work()
            self.query("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def flaws(self) -> list[str]:
        """What SQLite finds wrong in its own pages; tables, indexes and triggers that are not as they were made.

        Entries are read past the indexes, which lists of runs are read from: the chain says nothing of those. A view or
        an index that somebody added does no harm; a trigger might.
        """
        found = [f"SQLite: {row[0]}" for row in self.query("PRAGMA integrity_check(20)") if row[0] != "ok"]
        made = {sql: (kind, name) for kind, name, sql in self.query("SELECT type, name, sql FROM sqlite_master")}
        wanted = [sql for sql in (*TABLES, *_APPEND_ONLY) if sql.startswith("CREATE")]
        names = {name for sql, (kind, name) in made.items() if kind == "trigger" and sql not in wanted}
        names |= {_name(sql) for sql in wanted if made.get(sql, ("", ""))[1] != _name(sql)}
        if names:
            found.append(f"tables, indexes or triggers are not as chatproof makes them: {', '.join(sorted(names))}")
        return found

    def compact(self) -> None:
        """What was removed is gone from the files, too. Others may be reading: then it stays until the next time."""
        try:
            self.query("VACUUM")
            self.query("PRAGMA wal_checkpoint(TRUNCATE)")
        except JournalError as error:
            if error.code != "journal.locked":
                raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _prepare(self) -> None:
        """Make the tables in an empty file. A file with tables of something else is left as it is."""
        if self._prepared:
            return
        names = {row[0] for row in self.query("SELECT name FROM sqlite_master WHERE type = 'table'")}
        self._prepared = "chatproof_head" in names
        if self._prepared:
            return
        if names:
            detail = f"{self.path} is an SQLite database of something else"
            raise JournalError("journal.foreign", detail, "name another file with --journal")
        for statement in (*TABLES, *_APPEND_ONLY):
            self.query(statement)

    def _open(self) -> Any:
        if self._connection is None:
            if not os.path.exists(self.path):
                self._make()
            elif not os.path.isfile(self.path):
                raise JournalError("journal.unwritable", f"{self.path} is no regular file", "give the path of a file")
            new = not os.path.getsize(self.path)
            self._connection = sqlite.connect(self.path, BUSY_SECONDS, 0, None)
            self.query("PRAGMA synchronous = FULL")
            # A short log: who opens the file after a kill reads it whole.
            self.query("PRAGMA wal_autocheckpoint = 200")
            if new:
                self._set_wal()
        return self._connection

    def _set_wal(self) -> None:
        """Once in a file's life. SQLite's own waiting does not cover it, and several may come first."""
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self.query("PRAGMA journal_mode = WAL")
                return
            except JournalError as error:
                if error.code != "journal.locked" or time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _make(self) -> None:
        """An empty file for its owner only, before SQLite would make one for all; its log takes the same mode."""
        if not self._create:
            raise JournalError("journal.missing", f"there is no journal at {self.path}", "name another with --journal")
        try:
            if self._own_folder:
                os.makedirs(os.path.dirname(self.path), 0o700, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            detail = f"cannot make the journal {self.path}: {error.strerror}"
            raise JournalError("journal.unwritable", detail, "name another with --journal") from None

    def _named(self, error: Any) -> JournalError:
        """SQLite's own message may quote data, so it is not shown: the result code is."""
        number = getattr(error, "sqlite_errorcode", 1) & 0xFF
        name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
        if number == 1 and "no such table" in str(error):
            detail = f"{self.path} is no journal of chatproof's"
            return JournalError("journal.missing", detail, "name another file with --journal")
        code, said, advice = _CODES.get(number, ("journal.corrupt", "refuses", "see: chatproof journal verify"))
        return JournalError(code, f"{self.path} {said} ({name})", advice)


def _name(sql: str) -> str:
    """What one of our CREATE statements makes."""
    return sql.replace("UNIQUE ", "").split(" ", 3)[2]


class Memory(Sqlite):
    """A Database in memory, for reading what is stored in another form. `shown` is that form's place."""

    def __init__(self, shown: str) -> None:
        super().__init__(shown, own_folder=False, create=True)

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = sqlite.connect(":memory:", BUSY_SECONDS, 0, None)
        return self._connection

    def compact(self) -> None:
        pass
