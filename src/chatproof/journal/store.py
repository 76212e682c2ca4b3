"""A journal in an SQL database: the same tables whatever the database. A backend brings a Database and its dialect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chatproof import clock
from chatproof.journal.entry import CHAT, NARROWED, OF_API, Entry, Prepared, Summary, made, prepared, subject_of
from chatproof.journal.events import FINISHED, STARTED, JournalError
from chatproof.journal.packing import Unreadable, pack, terms_hash, unpack
from chatproof.journal.tables import OLDEST, VERSION
from chatproof.secrets.digest import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from chatproof.journal.database import Database
    from chatproof.journal.filters import Filters
    from chatproof.journal.reading import Found, Row

COLUMNS = ("seq", "at", "event", *Summary._fields, "through", "previous", "hash")
INSERT = f"INSERT INTO chatproof_entries ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_BATCH = 200
_VERIFY = "see: chatproof journal verify"


class Journal:
    """A journal of runs.

    - `database`: the backend that stores its rows
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._terms: dict[str, bytes] = {}
        self._packs = True

    @property
    def shown(self) -> str:
        """The place of the journal, without a password."""
        return self.database.shown

    @property
    def flaws(self) -> Sequence[str]:
        """The problems of the place where the entries are stored, one sentence each."""
        return self.database.flaws()

    def copy_to(self, path: str) -> None:
        """Write a copy, as of one moment, into an empty file. Raises JournalError."""
        self.database.copy_to(path)

    def migrate(self) -> bool:
        """Convert the tables to the newest version; return false if there is nothing to do. Raises JournalError."""
        self.head()
        return self.database.migrate()

    def ready(self) -> None:
        """Prove that the journal can be written. Raises JournalError."""
        self.append(STARTED, ())

    def started(self, document: dict[str, Any]) -> None:
        """Record that a run begins. Durable when this returns. Raises JournalError."""
        if not self.append(STARTED, [document]):
            self._refuse_another(STARTED, document)

    def finished(self, document: dict[str, Any], *, leave: bool = False) -> None:
        """Record a run's document. Durable when this returns; a second time changes nothing. Raises JournalError.

        A copy of the journal's file then contains it. `leave` also closes the journal, at less cost than later."""
        if not self.append(FINISHED, [document], leave=leave):
            self._refuse_another(FINISHED, document)

    def _refuse_another(self, event: str, document: dict[str, Any]) -> None:
        """Raise JournalError where the entry of this run's id is that of another run: a second of the same second that
        drew the same number, or one that somebody made up. This run is not kept, and must not pass for it."""
        if not self._has(event, document):
            detail = f"{self.shown} has another run under the id {document['run_id']}"
            raise JournalError("journal.taken", detail, "run again: it gets another id")

    def _has(self, event: str, document: dict[str, Any]) -> bool:
        """The entry of this run's id is this run's. A server that was lost as it kept it could not say so."""
        sql = "SELECT started_at FROM chatproof_entries WHERE run_id = ? AND event = ? AND run_id <> ''"
        return bool(self.database.query(sql, (document["run_id"], event)) == [(document["started_at"],)])

    def append(self, event: str, documents: Iterable[dict[str, Any]], *, leave: bool = False) -> int:
        """Add entries to the chain, all or none; return how many. A second one of a run is left out."""
        return len(self._append(event, documents, leave))

    def claim(self, documents: Iterable[dict[str, Any]]) -> list[str]:
        """Record that runs begin, all or none; return the ids of those that nobody had begun: somebody
        else sends the requests of the others. Durable when this returns. Raises JournalError."""
        return self._append(STARTED, documents, False)

    def unfinished(self, since: str, until: str) -> list[dict[str, Any]]:
        """Return the started documents of runs that began between two times (RFC 3339) and have no recorded end."""
        ended = "SELECT 1 FROM chatproof_entries f WHERE f.run_id = s.run_id AND f.event = ? AND f.run_id <> ''"
        sql = (
            "SELECT s.seq FROM chatproof_entries s WHERE s.event = ? AND s.started_at >= ? AND s.started_at < ? "
            f"AND NOT EXISTS ({ended}) ORDER BY s.seq"
        )
        rows = self.database.query(sql, (STARTED, since, until, FINISHED))
        return list(self.documents([row[0] for row in rows]))

    def _append(self, event: str, documents: Iterable[dict[str, Any]], leave: bool) -> list[str]:
        given = list(documents)
        added: list[str] = []
        ready = [prepared(document, packed=self._packs) for document in given]
        again, tried = False, False

        def work() -> None:
            nonlocal ready, again, tried
            again, tried = tried, True
            added.clear()
            if not ready:
                self.head()
            for number, document in enumerate(given):
                entered = self._enter(event, ready[number])
                if entered is None:  # tables of another version than they were the last time
                    self._packs = not self._packs
                    ready = [prepared(document, packed=self._packs) for document in given]
                    entered = self._enter(event, ready[number])
                if entered or (again and self._has(event, document)):
                    added.append(ready[number][0].run_id)

        self.database.transaction(work, fold=event != STARTED, leave=leave)
        return added

    def _enter(self, event: str, ready: Prepared, through: int = 0) -> bool | None:
        """Within a transaction: the next entry; false where the run has one of this event, None where it is not stored
        in the way of these tables."""
        version, seq, hash, known = self._head(ready[0].run_id, event)
        if known:
            return False
        entry = made(seq + 1, clock.utc(), event, ready, hash, through)
        if (version > OLDEST) != (entry.stored[:1] != b"{"):
            return None
        stored = entry.stored if version > OLDEST else entry.stored.decode("ascii")
        narrow = (entry.seq, entry.at, entry.event, *entry.summary, entry.through, entry.previous, entry.hash)
        self.database.enter(INSERT, narrow, stored)
        terms = terms_hash(entry.stored)
        if terms and not self.database.query("SELECT 1 FROM chatproof_terms WHERE hash = ?", (terms,)):
            self.database.query("INSERT INTO chatproof_terms VALUES (?, ?)", (terms, pack(entry.terms)[0]), large=True)
        return True

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry. Raises JournalError if a newer chatproof made the journal."""
        return self._head()[1:3]

    @property
    def version(self) -> int:
        """The version of the journal's tables: an older one is read as it is."""
        return self._head()[0]

    def _head(self, run_id: str = "", event: str = "") -> tuple[int, int, str, bool]:
        """(version of the tables, number and hash of the last entry, whether the run has an entry of this event)."""
        if run_id:
            # The words of the index's own condition let SQLite use it.
            same = "SELECT 1 FROM chatproof_entries WHERE run_id = ? AND event = ? AND run_id <> ''"
            sql = f"SELECT version, seq, hash, EXISTS ({same}) FROM chatproof_head LIMIT 2"
            rows = self.database.query(sql, (run_id, event))
        else:
            rows = self.database.query("SELECT version, seq, hash, 0 FROM chatproof_head LIMIT 2")
        if len(rows) != 1:
            detail = f"{self.shown} has lost the row that stores the end of its chain"
            raise JournalError("journal.corrupt", detail, "do not change it; name another with --journal")
        version, seq, hash, known = rows[0]
        if not (isinstance(version, int) and isinstance(seq, int) and isinstance(hash, str)):
            detail = f"{self.shown}: the row that stores the end of its chain is damaged"
            raise JournalError("journal.corrupt", detail, "do not change it; name another with --journal")
        if version < OLDEST:
            detail = f"{self.shown} was created by a version of chatproof before its first release"
            raise JournalError("journal.foreign", detail, "move it away; a new one will be created")
        if version > VERSION:
            detail = (
                f"{self.shown} was created by a newer chatproof (table version {version}; this one knows {VERSION})"
            )
            raise JournalError("journal.newer", detail, "update chatproof, or name another journal with --journal")
        return version, seq, hash, bool(known)

    def entries(self) -> Iterator[Entry]:
        """Return every entry, oldest first, one in memory; a missing document is empty. Raises JournalError."""
        narrow = f"SELECT {', '.join(COLUMNS)} FROM chatproof_entries WHERE seq > ? ORDER BY seq LIMIT {_BATCH}"
        last = -1
        while rows := self.database.query(narrow, (last,)):
            documents = self.database.documents(last, rows[-1][0])
            number, document = next(documents, (None, b""))
            for seq, at, event, *summary, through, previous, hash in rows:
                if not isinstance(seq, int) or seq <= last:
                    raise JournalError("journal.corrupt", f"{self.shown}: its entries are not in order", _VERIFY)
                while number is not None and number < seq:
                    number, document = next(documents, (None, b""))
                data = as_bytes(document) if number == seq else b""
                yield Entry(seq, at, event, Summary(*summary), through, data, previous, hash)
                last = seq

    def text_of(self, entry: Entry) -> bytes:
        """Return the JSON text of an entry's document. Raises Unreadable."""
        return unpack(entry.stored, lambda hash: entry.terms or self.terms(hash))

    def terms(self, hash: str) -> bytes:
        """Return the terms that stored documents name by a hash. Raises Unreadable if they are missing or changed."""
        if hash not in self._terms:
            rows = self.database.query("SELECT stored FROM chatproof_terms WHERE hash = ?", (hash,), large=True)
            text = unpack(as_bytes(rows[0][0])) if rows else b""
            if sha256(text) != hash:
                raise Unreadable("refers to terms of the contract that are missing or were changed")
            self._terms = {hash: text}  # the last one only: runs that follow each other have the same
        return self._terms[hash]

    def terms_flaws(self, referred: set[str]) -> list[str]:
        """List the problems of the terms that stored documents name by these hashes."""
        found = []
        for hash in sorted(referred):
            try:
                self.terms(hash)
            except Unreadable:
                found.append(f"the terms of the contract {hash[:12]}… are missing or were changed")
        return found

    def good(self, target: dict[str, Any], count: int, api: str = CHAT) -> list[tuple[int, str]]:
        """Return (number, signature) of the newest complete GO runs of a base URL, model and API, newest first."""
        marked = f"%|{OF_API}%" if api == CHAT else f"%|{OF_API}{api}|%"
        sql = (
            "SELECT seq, signature FROM chatproof_entries WHERE subject = ? AND model = ? AND verdict = 'GO' "
            f"AND substr(codes, 1, {len(NARROWED) + 2}) <> '|{NARROWED}|' "
            f"AND codes {'NOT ' if api == CHAT else ''}LIKE ? "
            f"ORDER BY seq DESC LIMIT {int(count)}"
        )
        return self.database.query(sql, (subject_of(target), target["model"], marked))

    def of_event(self, event: str) -> Iterator[dict[str, Any]]:
        """Return the documents of all entries of an event, oldest first."""
        rows = self.database.query("SELECT seq FROM chatproof_entries WHERE event = ? ORDER BY seq", (event,))
        return self.documents([row[0] for row in rows])

    def documents(self, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Return the documents of entries. Raises JournalError if one is missing or damaged."""
        from chatproof.journal.documents import SCHEMA_OF, NoDocument, read

        for number in numbers:
            try:
                event, stored, terms = self._stored(number)
                text = unpack(stored, lambda hash, terms=terms: terms or self.terms(hash))  # type: ignore[misc]
                yield read(text, SCHEMA_OF[event])
            except (IndexError, KeyError, TypeError, AttributeError, NoDocument, Unreadable) as problem:
                wrong = problem if isinstance(problem, (NoDocument, Unreadable)) else "is missing or damaged"
                detail = f"the document of entry {number} in {self.shown} {wrong}"
                raise JournalError("journal.corrupt", detail, _VERIFY) from None

    def _stored(self, number: int) -> tuple[str, bytes, bytes]:
        """(event, stored document, its terms where they are at hand) of an entry."""
        sql = (
            "SELECT e.event, d.document FROM chatproof_entries e JOIN chatproof_documents d ON d.seq = e.seq "
            "WHERE e.seq = ?"
        )
        event, document = self.database.query(sql, (number,), large=True)[0]
        return event, as_bytes(document), b""

    def find(self, selector: str) -> Found:
        """Find one run by its id, a unique prefix, latest, latest:GO, or a file. Raises JournalError: run.unknown,
        run.ambiguous, run.malformed."""
        from chatproof.journal import selecting

        return selecting.find(self, selector)

    def list(self, filters: Filters | None = None) -> list[Row]:
        """List runs, newest first; all of them without filters. Raises JournalError."""
        from chatproof.journal import filters as known
        from chatproof.journal import reading

        return reading.rows(self, filters or known.ALL)

    def remove(self, event: str, document: dict[str, Any], through: int, again: Sequence[dict[str, Any]]) -> None:
        """Record a `pruned` entry and remove what it covers; sign-offs among that are recorded `again`."""
        from chatproof.journal.events import SIGNED

        def work() -> None:
            packed = self.version > OLDEST
            self._enter(event, prepared(document, packed=packed), through)
            for signed in again:
                self._enter(SIGNED, prepared(signed, packed=packed))
            self.database.query("DELETE FROM chatproof_documents WHERE seq <= ?", (through,))
            self.database.query("DELETE FROM chatproof_entries WHERE seq <= ?", (through,))
            if self.version > OLDEST:
                self.database.query(f"DELETE FROM chatproof_terms WHERE hash NOT IN ({self.database.referred})")

        self.database.transaction(work)
        self.database.compact()

    def close(self) -> None:
        """Close the place so that it can be copied. The next use opens it again."""
        self.database.close()


def as_bytes(document: object) -> bytes:
    """A stored document as a database gives it: text in tables of version 2. Damage stays what matches no hash."""
    if isinstance(document, bytes):
        return document
    return (document if isinstance(document, str) else repr(document)).encode("utf-8", "surrogatepass")
