"""The journal in PostgreSQL, by psycopg 3 (the extra `postgres`): one trail for a team.

The URL's password is a secret: the URL is held in one closure, and only `_shown` of it is ever said.
"""

import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from chatproof.journal import JournalError
from chatproof.journal.store import COVERED, TABLES, Journal

EXTRA = "chatproof[postgres]"
_SECONDS = 5
_ANSWER_SECONDS = 60  # for one statement: a server that was reached may still say nothing for ever
_LOCK = 0x63686174  # one advisory lock for all journals of a database: writers queue
_APPEND_ONLY = (
    "CREATE FUNCTION chatproof_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN "
    f"IF TG_OP = 'DELETE' AND EXISTS ({COVERED}) THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'restrict_violation'; END $body$",
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION chatproof_append_only()"
        for table in ("chatproof_entries", "chatproof_documents")
    ),
)
# By SQLSTATE, or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_STATES = {
    "55P03": ("journal.locked", "is locked by another writer", "see who holds it, then run again"),
    "42P01": ("journal.missing", "holds no journal", "name another with --journal, or run a check first"),
    "42501": ("journal.unwritable", "does not let this user write", "grant it, or name another with --journal"),
    "25006": ("journal.unwritable", "is read-only", "name the primary server"),
    "23001": ("journal.unwritable", "is append-only", "use journal prune"),
    "53": ("journal.unwritable", "has run out of room or connections", "see the server's log"),
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

    def __init__(self, url: str, *, create: bool) -> None:
        self._connection: Any = None
        try:
            import psycopg
        except ImportError:
            advice = f"pip install '{EXTRA}'"
            detail = "a PostgreSQL journal needs psycopg, which is not installed"
            raise JournalError("journal.extra", detail, advice) from None
        self._psycopg = psycopg
        self._dial: Callable[[], Any] = lambda: psycopg.connect(
            url, autocommit=True, connect_timeout=_SECONDS, application_name="chatproof"
        )
        self._create = create
        self.shown = _shown(url)
        self._prepared = False

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        connection = self._open()
        late = threading.Timer(_ANSWER_SECONDS, _hang_up, [connection])
        late.daemon = True
        late.start()
        try:
            # Without values a % in the text is no placeholder.
            cursor = connection.execute(sql.replace("?", "%s") if values else sql, tuple(values) or None)
            return cursor.fetchall() if cursor.description else []
        except self._psycopg.Error as error:
            raise self._named(error) from None
        finally:
            late.cancel()

    def transaction(self, work: Callable[[], None]) -> None:
        self.query("BEGIN")
        try:
            self.query(f"SET LOCAL lock_timeout = '{_SECONDS}s'")
            self.query("SET LOCAL synchronous_commit = on")
            self.query("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
            self._prepare()
            work()
            self.query("COMMIT")
        except BaseException:
            try:
                self._connection.rollback()
            except self._psycopg.Error:
                self.close()  # the server went away, and the transaction with it
            raise

    def compact(self) -> None:
        """The server's own vacuum does it."""

    def flaws(self) -> list[str]:
        """The server looks after its pages: page checksums are for its administrator to switch on."""
        return []

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        self.close()

    def _prepare(self) -> None:
        if self._prepared:
            return
        if not self.query("SELECT 1 WHERE to_regclass('chatproof_head') IS NOT NULL"):
            if not self._create:
                raise JournalError("journal.missing", f"{self.shown} holds no journal", "name another with --journal")
            for statement in (*TABLES, *_APPEND_ONLY):
                # Times and ids in byte order, whatever the database's language.
                self.query(statement.replace("TEXT NOT NULL", 'TEXT COLLATE "C" NOT NULL'))
        self._prepared = True

    def _open(self) -> Any:
        if self._connection is None:
            try:
                connection = self._dial()
            except self._psycopg.Error as error:
                raise self._unreachable(error) from None
            connection.prepare_threshold = None  # poolers hand each transaction to another server session
            self._connection = connection
        return self._connection

    def _unreachable(self, error: Any) -> JournalError:
        """libpq's message tells refused from unknown host, but may quote the URL: only known words of it are shown."""
        said = str(error).lower()
        for words, why in (
            ("password authentication failed", "it refuses this user or password"),
            ("no password supplied", "it wants a password: set PGPASSWORD or ~/.pgpass"),
            ("does not exist", "it has no such user or database"),
            ("connection refused", "nothing listens there"),
            ("could not translate host name", "its host name does not resolve"),
            ("failed to resolve host", "its host name does not resolve"),
            ("timeout", f"no answer in {_SECONDS} s"),
            ("too many", "it has no connection left"),
        ):
            if words in said:
                return JournalError("journal.unreachable", f"cannot connect to {self.shown}: {why}", "check the URL")
        if isinstance(error, self._psycopg.ProgrammingError):
            return JournalError("journal.url", "the journal's URL is no PostgreSQL URL", "postgresql://user@host/name")
        return JournalError("journal.unreachable", f"cannot connect to {self.shown}", "check the URL and the server")

    def _named(self, error: Any) -> JournalError:
        """A server's message may quote data, so it is not shown: the SQLSTATE is."""
        state = error.sqlstate or "08"
        fallback = ("journal.unwritable", "refuses", "see the server's log")
        code, said, advice = _STATES.get(state) or _STATES.get(state[:2]) or fallback
        return JournalError(code, f"{self.shown} {said} ({state})", advice)


def _hang_up(connection: Any) -> None:
    """End the connection's socket under it, so that whoever waits there is told. libpq has no such limit of its own."""
    with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as handle:
        handle.shutdown(socket.SHUT_RDWR)


def _shown(url: str) -> str:
    """Scheme, user, host, port and database. No password, and none of the parameters, which may hold one."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        user = f"{parts.username}@" if parts.username else ""
        secrets = [parts.password or "", *parse_qs(parts.query).get("password", [])]
        shown = f"postgresql://{user}{parts.hostname or ''}{port}{parts.path}"
    except ValueError:
        return "postgresql://…"
    given = {form for secret in secrets if secret for form in (secret, unquote(secret))}
    return "postgresql://…" if any(secret in shown for secret in given) else shown
