"""The journal in PostgreSQL, by psycopg 3 (the extra `postgres`): one trail for a team.

The URL's password is a secret: the URL is held in one closure, and only `postgres_url.shown` of it is ever said.
"""

import os
import resource
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from chatproof.journal import lock, postgres_url
from chatproof.journal.events import JournalError
from chatproof.journal.store import Journal
from chatproof.journal.tables import ADDED, COVERED, DROPPED, FIRST_HEAD, MADE, OLDEST, VERSION, VERSION_3
from chatproof.usage_error import install

EXTRA = "postgres"
_SECONDS = 5
_BACK_SECONDS = 3  # that a server which was lost has to come back: a restart takes one or two
_ANSWER_SECONDS = 60  # for one statement: a server that was reached may still say nothing for ever
_ANSWER_BYTES = 100 * 1024 * 1024  # that this process may grow by while it waits for one answer
_SOME = 8  # wakings of a wait between two looks at that
_BATCH = 64  # documents of one answer
# Where a function is called with other types than its own, one of a stranger that has just these would be chosen, and
# would run as this user: such calls name the schema.
_OURS = {"application_name": "chatproof", "client_encoding": "UTF8"}
"""A database of another encoding, and PGCLIENTENCODING, decide nothing about what is sent and read as text."""
_LOCK = 0x63686174  # one advisory lock for all journals of a database: writers queue
_BEGIN = (
    # A repeatable read, which a database or role may have as its default, begins with the statement that waits: what
    # others wrote meanwhile would be missing.
    "BEGIN ISOLATION LEVEL READ COMMITTED; "
    f"SET LOCAL lock_timeout = '{int(lock.SECONDS)}s'; SET LOCAL synchronous_commit = on; "
    f"SELECT pg_catalog.pg_advisory_xact_lock({_LOCK})"
)
_HOLDER = (
    f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {_LOCK} AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1"
)
_REFERRED = (
    "SELECT encode(substring(document from 3 for 32), 'hex') FROM chatproof_documents "
    "WHERE substring(document from 1 for 1) = '\\x02'::bytea"
)
_REACHED: set[str] = set()
"""The servers that this process, or the one that it was forked from, was connected to when it last asked: such a one
may be back in a moment, whichever journal here asks for it."""
_TABLES_2 = ("chatproof_entries", "chatproof_documents")
_TABLES_3 = (*_TABLES_2, "chatproof_terms", "chatproof_head")
_APPEND_ONLY_2 = (
    "CREATE FUNCTION chatproof_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN "
    f"IF TG_OP = 'DELETE' AND EXISTS ({COVERED}) THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'restrict_violation'; END $body$",
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION chatproof_append_only()"
        for table in _TABLES_2
    ),
)
_APPEND_ONLY_3 = (
    "CREATE FUNCTION chatproof_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN "
    "RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'restrict_violation'; END $body$",
    "CREATE FUNCTION chatproof_terms_stay() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN "
    f"IF TG_OP = 'DELETE' AND OLD.hash NOT IN ({_REFERRED}) THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'restrict_violation'; END $body$",
    "CREATE TRIGGER chatproof_terms_append_only BEFORE UPDATE OR DELETE ON chatproof_terms "
    "FOR EACH ROW EXECUTE FUNCTION chatproof_terms_stay()",
    *(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION chatproof_no_truncate()"
        for table in _TABLES_3
    ),
)
_TO_3 = (
    "ALTER TABLE chatproof_documents ALTER COLUMN document TYPE BYTEA USING convert_to(document, 'UTF8')",
    *ADDED, *_APPEND_ONLY_3, *DROPPED, VERSION_3
)  # fmt: skip
_TRIGGERS = {
    2: {f"{table}_append_only" for table in _TABLES_2},
    3: {*(f"{table}_append_only" for table in _TABLES_3[:3]), *(f"{table}_no_truncate" for table in _TABLES_3)},
}
_VERIFY = "see: chatproof journal verify"
# By SQLSTATE, or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_STATES = {
    "55P03": ("journal.locked", "is locked by another writer", "wait until that process ends, then run again"),
    "42P01": ("journal.missing", "is not a journal", "name another with --journal, or run a check first"),
    "42501": ("journal.unwritable", "does not let this user write", "grant it, or name another with --journal"),
    "22P05": ("journal.unwritable", "has an encoding without one of the letters", "use a database in UTF8"),
    "25006": ("journal.unwritable", "is read-only", "name the primary server"),
    "23001": ("journal.unwritable", "is append-only", "use journal prune"),
    "53": ("journal.unwritable", "has no disk space, memory or connections left", "see the server's log"),
    "28": ("journal.unreachable", "refuses this user or password", "check the URL, PGPASSWORD or ~/.pgpass"),
    "3D": ("journal.unreachable", "has no such database", "create it, or check the URL"),
    "57": ("journal.unreachable", "is shutting down or ended the query", "run again"),
    "08": ("journal.unreachable", "cannot be reached", "check host, port and network"),
    "XX": ("journal.corrupt", "reports damage", "see the server's log"),
}


def journal(url: str, *, create: bool) -> Journal:
    return Journal(Postgres(url, create=create))


class Postgres:
    """A Database on a server. Nothing is connected before the first use."""

    referred = _REFERRED

    def __init__(self, url: str, *, create: bool) -> None:
        self._connection: Any = None
        try:
            import psycopg
        except ImportError:
            detail = "a PostgreSQL journal needs psycopg, which is not installed"
            raise JournalError("journal.extra", detail, install(EXTRA)) from None
        self._psycopg = psycopg
        watched = type("Watched", (psycopg.Connection,), {"wait": _wait, "most": 0})
        said, elsewhere = postgres_url.way(url)

        def dial() -> Any:
            for variable in elsewhere:
                os.unsetenv(variable)
            return watched.connect(  # type: ignore[attr-defined]
                url, autocommit=True, connect_timeout=_SECONDS, **_OURS, **said
            )

        self._dial: Callable[[], Any] = dial
        self._create = create
        self.shown = postgres_url.shown(url)
        self._prepared = self._lost = False

    def query(self, sql: str, values: Sequence[Any] = (), *, large: bool = False) -> list[tuple[Any, ...]]:
        connection = self._open()
        try:
            # Without values a % in the text is no placeholder.
            cursor = connection.execute(sql.replace("?", "%s") if values else sql, tuple(values) or None)
            return cursor.fetchall() if cursor.description else []
        except TooMuch as error:
            raise JournalError(error.code, f"{self.shown} {error}", "name another with --journal") from None
        except self._psycopg.Error as error:
            self._lost = connection.closed
            raise self._named(error) from None
        finally:
            if connection.closed:
                self._connection = None

    def enter(self, insert: str, narrow: Sequence[Any], document: bytes | str) -> None:
        """In one statement: whoever waits for their turn waits for each answer."""
        sql = (
            f"WITH narrow AS ({insert}), stored AS (INSERT INTO chatproof_documents VALUES (?, ?)) "
            "UPDATE chatproof_head SET seq = ?, hash = ?"
        )
        self.query(sql, (*narrow, narrow[0], document, narrow[0], narrow[-1]))

    def documents(self, after: int, until: int) -> Iterator[tuple[int, Any]]:
        sql = f"SELECT seq, document FROM chatproof_documents WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT {_BATCH}"
        while rows := self.query(sql, (after, until)):
            yield from rows
            if rows[-1][0] <= after:
                raise JournalError("journal.corrupt", f"{self.shown}: its documents are not in order", _VERIFY)
            after = rows[-1][0]

    def transaction(self, work: Callable[[], None], *, fold: bool = False, leave: bool = False) -> None:
        """Where the server was lost that had been there, idle or meanwhile, all is done once more: what is kept already
        is left out."""
        self._lost = False
        try:
            self._transact(work)
        except JournalError:
            if self.shown not in _REACHED or not self._lost:
                raise
            self.close()
            self._come_back()
            self._transact(work)
        if leave:
            self.close()

    def _transact(self, work: Callable[[], None]) -> None:
        try:
            self.query(_BEGIN)
            self._prepare()
            work()
            self.query("COMMIT")
        except BaseException:
            try:
                if self._connection is not None:
                    self._connection.rollback()
            except self._psycopg.Error:
                self.close()  # the server went away, and the transaction with it
            raise

    def _come_back(self) -> None:
        """Connect again. A server that is restarted refuses for a moment. Raises JournalError."""
        until = time.monotonic() + _BACK_SECONDS
        while True:
            try:
                self._open()
                return
            except JournalError:
                if time.monotonic() > until:
                    _REACHED.discard(self.shown)  # whoever asks next does not wait
                    raise
            time.sleep(0.1)

    def compact(self) -> None:
        """The server's own vacuum does it."""

    def flaws(self) -> list[str]:
        """Triggers that are not as they were made. The server looks after its pages: page checksums are for its
        administrator to switch on."""
        version = self.query("SELECT version FROM chatproof_head LIMIT 1")
        wanted = _TRIGGERS[OLDEST if version == [(OLDEST,)] else VERSION]
        rows = self.query(
            "SELECT tgname FROM pg_trigger WHERE tgrelid IN (SELECT to_regclass(name) FROM pg_catalog.unnest(ARRAY["
            + ", ".join(f"'{table}'" for table in _TABLES_3)
            + "]) name) AND NOT tgisinternal AND tgenabled IN ('O', 'A') LIMIT 200"
        )
        names = wanted ^ {str(row[0]) for row in rows}
        return [f"triggers differ from those of chatproof: {', '.join(sorted(names))}"] if names else []

    def copy_to(self, path: str) -> None:
        detail = f"{self.shown} is not a file: use the server's own tools to copy it"
        raise JournalError("journal.unwritable", detail, "pg_dump; or: chatproof journal export FILE")

    def migrate(self) -> bool:
        """Bring tables of version 2 to version 3, all of it or nothing; false where there is nothing to do. 0.1.0 can
        read and write them no more."""
        done = False

        def work() -> None:
            nonlocal done
            done = self.query("SELECT version FROM chatproof_head LIMIT 2") == [(OLDEST,)]
            for statement in _TO_3 if done else ():
                self.query(_in_our_words(statement))

        self.transaction(work)
        return done

    def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def __del__(self) -> None:
        self.close()

    def _prepare(self) -> None:
        if self._prepared:
            return
        if not self.query("SELECT 1 WHERE to_regclass('chatproof_head') IS NOT NULL"):
            if not self._create:
                raise JournalError("journal.missing", f"{self.shown} is not a journal", "name another with --journal")
            for statement in (*MADE, *ADDED, FIRST_HEAD, *_APPEND_ONLY_2, *_APPEND_ONLY_3):
                self.query(_in_our_words(statement))
        self._prepared = True

    def _open(self) -> Any:
        if self._connection is None:
            try:
                connection = self._dial()
            except self._psycopg.Error as error:
                self._lost = True
                raise self._unreachable(error) from None
            connection.prepare_threshold = None  # poolers hand each transaction to another server session
            self._connection = connection
            _REACHED.add(self.shown)
        return self._connection

    def _unreachable(self, error: Any) -> JournalError:
        """libpq's message tells refused from unknown host, but may quote the URL: only known words of it are shown."""
        said = str(error).lower()
        for words, why in (
            ("password authentication failed", "it refuses this user or password"),
            ("no password supplied", "it requires a password: set PGPASSWORD or ~/.pgpass"),
            ("root certificate file", "name the file of its authorities in the URL, as sslrootcert=FILE"),
            (
                "certificate verify failed",
                "its certificate is not trusted; the URL can name authorities: sslrootcert=FILE",
            ),
            ("does not exist", "it has no such user or database"),
            ("connection refused", "nothing listens there"),
            ("could not translate host name", "its host name does not resolve"),
            ("failed to resolve host", "its host name does not resolve"),
            ("timeout", f"no answer in {_SECONDS} s"),
            ("too many", "it has no free connection"),
        ):
            if words in said:
                return JournalError("journal.unreachable", f"cannot connect to {self.shown}: {why}", "check the URL")
        if isinstance(error, self._psycopg.ProgrammingError):
            return JournalError(
                "journal.url", "the journal's URL is not a PostgreSQL URL", "postgresql://user@host/name"
            )
        return JournalError("journal.unreachable", f"cannot connect to {self.shown}", "check the URL and the server")

    def _named(self, error: Any) -> JournalError:
        """A server's message may quote data, so it is not shown: the SQLSTATE is."""
        state = error.sqlstate or "08"
        fallback = ("journal.unwritable", "refuses", "see the server's log")
        code, said, advice = _STATES.get(state) or _STATES.get(state[:2]) or fallback
        holder = self._holder() if code == "journal.locked" else ""
        return JournalError(code, f"{self.shown} {said}{holder} ({state})", advice)

    def _holder(self) -> str:
        """Which of the server's processes holds the writers' lock, asked on a connection of its own."""
        try:
            with self._dial() as other:
                rows = other.execute(_HOLDER).fetchall()
        except self._psycopg.Error:
            rows = []
        return f", the server's process {rows[0][0]}, for more than {lock.SECONDS:.0f} s" if rows else ""


class TooMuch(Exception):
    """An answer that would cost more time or memory than any of ours does."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


def _wait(self: Any, gen: Any, interval: float = 0, timeout: float | None = None) -> Any:
    """psycopg's Connection.wait, with limits that libpq has not: the time for an answer, and what it makes us grow by.

    Where one is passed, or a signal comes, the socket is shut down, and the connection is of no use any more.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if not self.most:
        self.most = _memory()[0] + _ANSWER_BYTES * 3 // 2
    # libpq makes room for all of a row whose length it was told, and reads it in one go: that fails in here. Only where
    # no other thread could miss the memory.
    limited = self.most > _ANSWER_BYTES * 3 // 2 and soft == resource.RLIM_INFINITY and threading.active_count() == 1
    try:
        if limited:
            resource.setrlimit(resource.RLIMIT_AS, (self.most, hard))
        return _driven(gen, self.pgconn.socket, min(_ANSWER_SECONDS, timeout or _ANSWER_SECONDS))
    except BaseException as error:
        if not isinstance(error, self.Error):  # what the server refuses is an answer
            with suppress(Exception), socket.socket(fileno=os.dup(self.pgconn.socket)) as held:
                held.shutdown(socket.SHUT_RDWR)
            self.close()
        raise
    finally:
        if limited:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _driven(gen: Any, handle: int, seconds: float) -> Any:
    until = time.monotonic() + seconds
    before = wakes = wanted = 0
    poll = select.poll()
    try:
        wanted = next(gen)
    except StopIteration as end:
        return end.value
    while True:
        wakes += 1
        if wakes == 1:  # libpq may take a gigabyte with the first call that reads
            before = _memory()[1]
        elif wakes % _SOME == 0 and _memory()[1] - before > _ANSWER_BYTES:  # an answer of ours comes in fewer
            raise TooMuch("journal.corrupt", f"answers with more than {_ANSWER_BYTES >> 20} MiB to one query")
        poll.register(handle, (select.POLLIN if wanted & 1 else 0) | (select.POLLOUT if wanted & 2 else 0))
        left = until - time.monotonic()  # who says what libpq throws away, without a pause, is always ready
        events = poll.poll(left * 1000) if left > 0 else []
        if not events:
            raise TooMuch("journal.unreachable", f"gave no answer in {_ANSWER_SECONDS} s")
        event = events[0][1]
        readable = event & (select.POLLIN | select.POLLHUP | select.POLLERR)
        ready = (1 if readable and wanted & 1 else 0) | (2 if event & select.POLLOUT else 0)
        try:
            wanted = gen.send(ready or wanted)
        except StopIteration as end:
            return end.value


def _memory() -> tuple[int, int]:
    """(bytes of address space, bytes of memory) of this process; elsewhere than on Linux 0, and the most it had."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            size, resident = file.read().split()[:2]
        return int(size) * resource.getpagesize(), int(resident) * resource.getpagesize()
    except (OSError, ValueError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return 0, most if sys.platform == "darwin" else most * 1024


def _in_our_words(statement: str) -> str:
    """A statement as PostgreSQL takes it. Times and ids in byte order, whatever the database's language."""
    return statement.replace("TEXT NOT NULL", 'TEXT COLLATE "C" NOT NULL').replace(" BLOB ", " BYTEA ")
