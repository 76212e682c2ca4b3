"""Whole bodies of replies that broke something, beside a journal: redacted, once by hash, bounded by day and by age.

A local journal (SQLite, JSON lines) has a folder of its name and `-bodies`, for its owner only; a shared one
(PostgreSQL) a table, and only where the configuration says `bodies = true`. A run's document names the SHA-256 of the
body that was kept, and the journal's chain covers the document: a changed body is found by its name.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from typing import Protocol

from chatproof import clock
from chatproof.journal.events import JournalError
from chatproof.journal.store import Journal
from chatproof.secrets.digest import sha256

KEEP = "30d"
"""How long a body is kept that no run has shown since, where the configuration does not say (`keep`)."""
LARGEST = 1024 * 1024
_MOST_A_DAY = 64 * 1024 * 1024  # bytes on the disk, for each target
_FULL = "64 MiB of this target's bodies are already kept for today"
_NAME = re.compile(r"[0-9a-f]{16}-([0-9a-f]{64})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNITS = {"d": 1, "w": 7}


class Store(Protocol):
    """Bodies by their hash. `subject` is the target's base URL, `day` when a run last showed the body: YYYY-MM-DD."""

    def add(self, hash: str, subject: str, day: str, data: bytes) -> str:
        """Keep a body, durably; return why not, or an empty string. Raises JournalError."""

    def read(self, hash: str) -> bytes | None:
        """The body, not yet checked; None where there is none. Raises JournalError."""

    def hashes(self) -> set[str]: ...

    def remove(self, hashes: Iterable[str]) -> None: ...

    def expire(self, before: str) -> None:
        """Remove what no run has shown since before this day."""


def beside(journal: Journal, place: str) -> Store:
    """Where the bodies of a journal are kept. `place` is the journal's path or URL."""
    return Table(journal) if is_shared(place) else Folder(f"{place}-bodies")


def is_shared(place: str) -> bool:
    """The journal is one that several people read."""
    return "://" in place


def days(keep: str) -> int:
    """The number of days in a text such as 30d or 4w. Raises ValueError."""
    if not re.fullmatch("[0-9]{1,4}[dw]", keep):
        raise ValueError("not a number of days or weeks")
    return int(keep[:-1]) * _UNITS[keep[-1]]


def first_day(keep: str) -> str:
    """The first day whose bodies are still kept, counted back from today."""
    from datetime import date, timedelta

    return (date.fromisoformat(clock.utc()[:10]) - timedelta(days=days(keep))).isoformat()


def keep(store: Store, subject: str, data: bytes, age: str) -> tuple[str, str]:
    """Keep a body, and remove what has grown too old. Returns (its hash, why it was not kept)."""
    store.expire(first_day(age))
    hash = sha256(data)
    refused = store.add(hash, subject, clock.utc()[:10], data)
    return ("", refused) if refused else (hash, "")


def read(store: Store, hash: str) -> bytes:
    """A body that was kept, proved by its hash. Raises JournalError: run.unknown, journal.corrupt."""
    data = store.read(hash)
    if data is None:
        detail = "the body is not kept here: it was too old, a prune removed it, or another journal has it"
        raise JournalError("run.unknown", detail, "the setting `keep` in the configuration decides how long")
    if sha256(data) != hash:
        detail = f"the body {hash[:12]}… does not match its hash: it was changed"
        raise JournalError("journal.corrupt", detail, "see: chatproof journal verify")
    return data


def flaws(store: Store) -> Iterator[str]:
    """What is wrong with the bodies that are there."""
    for hash in sorted(store.hashes()):
        try:
            read(store, hash)
        except JournalError as error:
            if error.code == "journal.corrupt":
                yield error.detail


def named_in(document: dict[str, object]) -> set[str]:
    """The hashes of the bodies that a run's document names."""
    found = set()
    exchanges = document.get("exchanges")
    for exchange in exchanges if isinstance(exchanges, list) else ():
        kept = ((exchange.get("response") or {}).get("body") or {}).get("kept") or {}
        found.add(kept.get("sha256", ""))
    return found - {""}


class Folder:
    """A folder for each day, in it a packed file for each body: SUBJECT-HASH."""

    def __init__(self, path: str) -> None:
        self.path = path

    def add(self, hash: str, subject: str, day: str, data: bytes) -> str:
        import zlib

        try:
            self._make(self.path)
            ignored = os.path.join(self.path, ".gitignore")  # a journal may be committed, bodies may not
            if not os.path.lexists(ignored):  # as it is, too, where who made the folder was killed
                self._write(ignored, b"*\n")
            folder = os.path.join(self.path, day)
            self._make(folder)
            own = sha256(subject.encode("utf-8", "surrogatepass"))[:16]
            name = os.path.join(folder, f"{own}-{hash}")
            known = next((path for path, other in self._files() if other == hash), "")
            if os.path.dirname(known) == folder or (known and _moved(known, name)):
                return ""
            packed = zlib.compress(data, 6)
            if len(packed) + _used(folder, own) > _MOST_A_DAY:
                return _FULL
            self._write(name, packed)
            return ""
        except OSError as error:
            raise self._named(error) from None

    def read(self, hash: str) -> bytes | None:
        import zlib

        try:
            path = next((path for path, other in self._files() if other == hash), "")
            if not path:
                return None
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(handle, "rb") as file:
                packed = file.read(2 * LARGEST)
            return zlib.decompressobj().decompress(packed, LARGEST + 1)
        except zlib.error:
            return b""
        except OSError as error:
            raise self._named(error) from None

    def hashes(self) -> set[str]:
        return {hash for _, hash in self._files()}

    def remove(self, hashes: Iterable[str]) -> None:
        gone = set(hashes)
        try:
            for path, hash in self._files():
                if hash in gone:
                    _unlink(path)
            self._tidy("")
        except OSError as error:
            raise self._named(error) from None

    def expire(self, before: str) -> None:
        try:
            self._tidy(before)
        except OSError as error:
            raise self._named(error) from None

    def _tidy(self, before: str) -> None:
        """Remove the days before this one, and folders that are empty."""
        today = clock.utc()[:10]
        for day in self._days():
            folder = os.path.join(self.path, day)
            if day < before:
                for name in _listed(folder):
                    _unlink(os.path.join(folder, name))
            if day != today and not _listed(folder):
                os.rmdir(folder)

    def _days(self) -> list[str]:
        """The folders that are ours; none where the whole is not ours or not there."""
        try:
            if not stat.S_ISDIR(os.lstat(self.path).st_mode):
                return []
        except FileNotFoundError:
            return []
        days = (day for day in _listed(self.path) if _DAY.fullmatch(day))
        return sorted(day for day in days if stat.S_ISDIR(os.lstat(os.path.join(self.path, day)).st_mode))

    def _files(self) -> Iterator[tuple[str, str]]:
        """(path, hash) of each body."""
        for day in self._days():
            for name in _listed(os.path.join(self.path, day)):
                found = _NAME.fullmatch(name)
                if found:
                    yield os.path.join(self.path, day, name), found[1]

    def _make(self, path: str) -> None:
        """A folder for its owner only. One that somebody else has put there is not used."""
        try:
            os.mkdir(path, 0o700)
            return
        except FileExistsError:
            status = os.lstat(path)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise JournalError("journal.foreign", f"{path} is not a folder that belongs to this user", "move it away")
        if status.st_mode & 0o077:
            os.chmod(path, 0o700)

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all: written beside it, synced, renamed."""
        temporary = f"{name}.{os.urandom(4).hex()}.tmp"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                while data:
                    data = data[os.write(handle, data) :]
                os.fsync(handle)
            finally:
                os.close(handle)
            os.rename(temporary, name)
        except BaseException:
            os.unlink(temporary)
            raise

    def _named(self, error: OSError) -> JournalError:
        return JournalError("journal.unwritable", f"{self.path}: {error.strerror}", "check the folder and the disk")


# Other processes use the folder at the same time: what one of them has just removed or moved is no trouble.


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _moved(path: str, to: str) -> bool:
    try:
        os.rename(path, to)
    except FileNotFoundError:
        return False
    return True


def _used(folder: str, own: str) -> int:
    """Bytes of one target's files in the folder of a day."""
    used = 0
    for name in _listed(folder):
        try:
            used += os.lstat(os.path.join(folder, name)).st_size if name.startswith(own) else 0
        except FileNotFoundError:
            pass
    return used


class Table:
    """A table in a PostgreSQL journal, made when the first body is kept."""

    def __init__(self, journal: Journal) -> None:
        self._database = journal.database

    def add(self, hash: str, subject: str, day: str, data: bytes) -> str:
        import zlib

        packed = zlib.compress(data, 6)
        refused = ""

        def work() -> None:
            nonlocal refused
            query = self._database.query
            query(
                "CREATE TABLE IF NOT EXISTS chatproof_bodies (hash TEXT NOT NULL PRIMARY KEY, subject TEXT NOT NULL, "
                "day TEXT NOT NULL, stored BYTEA NOT NULL)"
            )
            if query("SELECT 1 FROM chatproof_bodies WHERE hash = ?", (hash,)):
                query("UPDATE chatproof_bodies SET day = ? WHERE hash = ?", (day, hash))
                return
            used = query(
                "SELECT COALESCE(SUM(LENGTH(stored)), 0) FROM chatproof_bodies WHERE subject = ? AND day = ?",
                (subject, day),
            )
            if int(used[0][0]) + len(packed) > _MOST_A_DAY:
                refused = _FULL
            else:
                query("INSERT INTO chatproof_bodies VALUES (?, ?, ?, ?)", (hash, subject, day, packed))

        self._database.transaction(work)
        return refused

    def read(self, hash: str) -> bytes | None:
        import zlib

        if not self._is_there():
            return None
        found = self._database.query("SELECT stored FROM chatproof_bodies WHERE hash = ?", (hash,))
        try:
            return zlib.decompressobj().decompress(bytes(found[0][0]), LARGEST + 1) if found else None
        except (zlib.error, TypeError):
            return b""

    def hashes(self) -> set[str]:
        if not self._is_there():
            return set()
        return {str(row[0]) for row in self._database.query("SELECT hash FROM chatproof_bodies")}

    def remove(self, hashes: Iterable[str]) -> None:
        def work() -> None:
            for hash in hashes:
                self._database.query("DELETE FROM chatproof_bodies WHERE hash = ?", (hash,))

        if self._is_there():
            self._database.transaction(work)

    def expire(self, before: str) -> None:
        def work() -> None:
            self._database.query("DELETE FROM chatproof_bodies WHERE day < ?", (before,))

        if self._is_there():
            self._database.transaction(work)

    def _is_there(self) -> bool:
        return bool(self._database.query("SELECT 1 WHERE to_regclass('chatproof_bodies') IS NOT NULL"))
