"""A journal in an SQL database: the same tables whatever the database. A backend brings a Database and its dialect."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from chatproof import clock
from chatproof.journal import FINISHED, STARTED, JournalError
from chatproof.journal.entry import START, Entry, Summary, made, subject_of

if TYPE_CHECKING:
    from chatproof.journal.filters import Filters
    from chatproof.journal.reading import Found, Row

VERSION = 2
COLUMNS = ("seq", "at", "event", *Summary._fields, "through", "previous", "hash")
TABLES = (
    # Narrow rows apart from the documents, so that a filter over years of runs reads megabytes, not gigabytes.
    "CREATE TABLE chatproof_entries (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, "
    + ", ".join(f"{name} TEXT NOT NULL" for name in Summary._fields)
    + ", through INTEGER NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)",
    "CREATE TABLE chatproof_documents (seq INTEGER PRIMARY KEY, document TEXT NOT NULL)",
    # Where the chain ends, so that rows cut off its end are missed.
    "CREATE TABLE chatproof_head (version INTEGER NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL)",
    "CREATE UNIQUE INDEX chatproof_by_run ON chatproof_entries (run_id, event) WHERE run_id <> ''",
    "CREATE INDEX chatproof_by_start ON chatproof_entries (started_at)",
    "CREATE INDEX chatproof_by_subject ON chatproof_entries (subject, started_at)",
    "CREATE INDEX chatproof_pruned ON chatproof_entries (through) WHERE through > 0",
    f"INSERT INTO chatproof_head VALUES ({VERSION}, 0, '{START}')",
)
COVERED = "SELECT 1 FROM chatproof_entries WHERE through > 0 AND through >= OLD.seq"
"""For a backend's trigger: the row may be removed, for a `pruned` entry covers it."""
_INSERT = f"INSERT INTO chatproof_entries ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_BATCH = 200


class Database(Protocol):
    """A connection, made at first use. Parameters are written `?`. Every failure is raised as JournalError."""

    shown: str  # the place as people may see it

    def query(self, sql: str, values: Sequence[Any] = ()) -> "list[tuple[Any, ...]]": ...

    def transaction(self, work: Callable[[], None]) -> None:
        """Run `work` alone among writers: all of it is kept, and synced, or nothing. Makes the tables when missing."""

    def compact(self) -> None:
        """Give back the room of what was removed."""

    def flaws(self) -> list[str]:
        """What the database finds wrong with itself. Reads all of it."""

    def close(self) -> None: ...


class Journal:
    """What commands use. `shown` is its place without any password."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def shown(self) -> str:
        return self.database.shown

    @property
    def flaws(self) -> Sequence[str]:
        """What is wrong with the place where the entries are kept, apart from them."""
        return self.database.flaws()

    def ready(self) -> None:
        """Prove that the journal can be written. Raises JournalError."""
        self.append(STARTED, ())

    def started(self, document: dict[str, Any]) -> None:
        """Record that a run begins. Durable when this returns. Raises JournalError."""
        self.append(STARTED, [document])

    def finished(self, document: dict[str, Any]) -> None:
        """Record a run's document. Durable when this returns; a second time changes nothing. Raises JournalError."""
        self.append(FINISHED, [document])

    def append(self, event: str, documents: Iterable[dict[str, Any]]) -> int:
        """Add entries to the chain, all or none; return how many. One of a run that is there already is left out."""
        added = 0

        def work() -> None:
            nonlocal added
            self.head()
            for document in documents:
                added += self.add(event, document)

        self.database.transaction(work)
        return added

    def add(self, event: str, document: dict[str, Any], through: int = 0) -> bool:
        """Within a transaction: the next entry; false where the run has one of this event."""
        seq, hash = self.head()
        entry = made(seq + 1, clock.utc(), event, document, hash, through)
        if self._has(entry):
            return False
        insert(self.database, entry)
        self.database.query("UPDATE chatproof_head SET seq = ?, hash = ?", (entry.seq, entry.hash))
        return True

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry. Raises JournalError where a newer chatproof made the journal."""
        rows = self.database.query("SELECT version, seq, hash FROM chatproof_head")
        if len(rows) != 1:
            detail = f"{self.shown} has lost the row that says where its chain ends"
            raise JournalError("journal.corrupt", detail, "keep it as it is; name another with --journal")
        version, seq, hash = rows[0]
        if not (isinstance(version, int) and isinstance(seq, int) and isinstance(hash, str)):
            detail = f"{self.shown}: the row that says where its chain ends is damaged"
            raise JournalError("journal.corrupt", detail, "keep it as it is; name another with --journal")
        if version < VERSION:
            detail = f"{self.shown} was made by a version of chatproof before its first release"
            raise JournalError("journal.foreign", detail, "move it away; a new one is made in its place")
        if version > VERSION:
            detail = f"{self.shown} was made by a newer chatproof (version {version} of its tables, known is {VERSION})"
            raise JournalError("journal.newer", detail, "update chatproof, or name another journal with --journal")
        return seq, hash

    def _has(self, entry: Entry) -> bool:
        run_id = entry.summary.run_id
        if not run_id:
            return False
        # The words of the index's own condition let SQLite use it.
        same = "SELECT 1 FROM chatproof_entries WHERE run_id = ? AND event = ? AND run_id <> ''"
        return bool(self.database.query(same, (run_id, entry.event)))

    def entries(self) -> Iterator[Entry]:
        """Every entry, oldest first. An entry whose document is missing has an empty one."""
        columns = ", ".join(f"e.{name}" for name in COLUMNS)
        sql = (
            f"SELECT {columns}, d.document FROM chatproof_entries e LEFT JOIN chatproof_documents d ON d.seq = e.seq "
            f"WHERE e.seq > ? ORDER BY e.seq LIMIT {_BATCH}"
        )
        last = -1
        while rows := self.database.query(sql, (last,)):
            for seq, at, event, *summary, through, previous, hash, document in rows:
                yield Entry(seq, at, event, Summary(*summary), through, document or "", previous, hash)
            last = rows[-1][0]

    def good(self, target: dict[str, Any], count: int) -> "list[tuple[int, str]]":
        """(number, signature) of the newest GO runs of a target's base URL and model, newest first."""
        sql = (
            "SELECT seq, signature FROM chatproof_entries WHERE subject = ? AND model = ? AND verdict = 'GO' "
            f"ORDER BY started_at DESC, seq DESC LIMIT {int(count)}"
        )
        return self.database.query(sql, (subject_of(target), target["model"]))

    def of_event(self, event: str) -> Iterator[dict[str, Any]]:
        """The documents of all entries of an event, oldest first."""
        rows = self.database.query("SELECT seq FROM chatproof_entries WHERE event = ? ORDER BY seq", (event,))
        return self.documents([row[0] for row in rows])

    def documents(self, numbers: "Sequence[int]") -> Iterator[dict[str, Any]]:
        """The documents of entries. Raises JournalError where one is missing or damaged."""
        from chatproof.journal.documents import SCHEMA_OF, NoDocument, read

        sql = (
            "SELECT e.event, d.document FROM chatproof_entries e JOIN chatproof_documents d ON d.seq = e.seq "
            "WHERE e.seq = ?"
        )
        for number in numbers:
            found = self.database.query(sql, (number,))
            try:
                event, text = found[0]
                yield read(text, SCHEMA_OF[event])
            except (IndexError, KeyError, TypeError, AttributeError, NoDocument) as problem:
                wrong = problem if isinstance(problem, NoDocument) else "is missing or damaged"
                detail = f"the document of entry {number} in {self.shown} {wrong}"
                raise JournalError("journal.corrupt", detail, "see: chatproof journal verify") from None

    def find(self, selector: str) -> "Found":
        """One run. Raises JournalError: run.unknown, run.ambiguous, run.malformed."""
        from chatproof.journal import reading

        return reading.find(self, selector)

    def list(self, filters: "Filters | None" = None) -> "list[Row]":
        """Runs, newest first; all without filters."""
        from chatproof.journal import filters as known
        from chatproof.journal import reading

        return reading.rows(self, filters or known.ALL)

    def remove(self, event: str, document: dict[str, Any], through: int, again: Sequence[dict[str, Any]]) -> None:
        """Record a `pruned` entry and remove what it covers; sign-offs among that are recorded `again`."""
        from chatproof.journal import SIGNED

        def work() -> None:
            self.add(event, document, through)
            for signed in again:
                self.add(SIGNED, signed)
            self.database.query("DELETE FROM chatproof_documents WHERE seq <= ?", (through,))
            self.database.query("DELETE FROM chatproof_entries WHERE seq <= ?", (through,))

        self.database.transaction(work)
        self.database.compact()

    def close(self) -> None:
        self.database.close()


def insert(database: Database, entry: Entry) -> None:
    """Within a transaction: an entry as it is."""
    narrow = (entry.seq, entry.at, entry.event, *entry.summary, entry.through, entry.previous, entry.hash)
    database.query(_INSERT, narrow)
    database.query("INSERT INTO chatproof_documents VALUES (?, ?)", (entry.seq, entry.document))
