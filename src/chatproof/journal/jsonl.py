"""The journal as lines of JSON, for a file that is collected or committed. Written under a lock, synced at each entry.

To be read it is loaded into a database in memory, so that every question is asked in one way. Meant for hundreds or
thousands of runs; more belong into SQLite.
"""

import fcntl
import os
import time
from collections.abc import Iterable, Sequence
from typing import Any

from chatproof import clock
from chatproof.journal import SIGNED, JournalError
from chatproof.journal.entry import START, Entry, made
from chatproof.journal.lines import LONGEST, NoEntry, entry, line
from chatproof.journal.sqlite import BUSY_SECONDS, Memory
from chatproof.journal.store import Journal, insert

_TAIL = 1024 * 1024
_BEGINNING = '{"seq":'


class JsonLines(Journal):
    """A journal in a .jsonl file."""

    def __init__(self, path: str, *, create: bool) -> None:
        self.path, self._create = path, create
        self._loaded: Memory | None = None
        self._flaws: list[str] = []

    @property
    def shown(self) -> str:
        return self.path

    @property
    def database(self) -> Memory:  # type: ignore[override]
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    @property
    def flaws(self) -> Sequence[str]:
        self.database  # noqa: B018  # loads
        return self._flaws

    def append(self, event: str, documents: Iterable[dict[str, Any]]) -> int:
        handle = self._locked()
        try:
            seq, hash, recent, torn = self._end(handle)
            written = []
            for document in documents:
                if (document.get("run_id"), event) in recent:
                    continue
                written.append(made(seq + 1, clock.utc(), event, document, hash))
                seq, hash = written[-1].seq, written[-1].hash
            self._write(handle, "".join(["\n" if torn and written else "", *(f"{line(each)}\n" for each in written)]))
        finally:
            os.close(handle)
        self._loaded = None
        return len(written)

    def remove(self, event: str, document: dict[str, Any], through: int, again: Sequence[dict[str, Any]]) -> None:
        """The file is written anew beside the old one, and takes its place: a crash leaves the one or the other."""
        handle = self._locked()
        try:
            self._loaded = None
            kept = [each for each in self.entries() if each.seq > through]
            seq, hash = self.head()
            for what, said, cover in ((event, document, through), *((SIGNED, signed, 0) for signed in again)):
                kept.append(made(seq + 1, clock.utc(), what, said, hash, cover))
                seq, hash = kept[-1].seq, kept[-1].hash
            beside = f"{self.path}.{os.getpid()}.tmp"
            fresh = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                self._write(fresh, "".join(f"{line(each)}\n" for each in kept))
            finally:
                os.close(fresh)
            os.replace(beside, self.path)
        except OSError as error:
            raise self._named(error) from None
        finally:
            os.close(handle)
        self._loaded = None

    def close(self) -> None:
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None

    def _locked(self) -> int:
        """The file, opened and held against other writers."""
        if not self._create and not os.path.exists(self.path):
            raise JournalError("journal.missing", f"there is no journal at {self.path}", "name another with --journal")
        self._refuse_special()
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise self._named(error) from None
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.exists(self.path) and os.path.samestat(os.fstat(handle), os.stat(self.path)):
                    return handle
            except BlockingIOError:
                pass
            os.close(handle)  # held by another, or replaced by a prune meanwhile
            if time.monotonic() > until:
                detail = f"{self.path} is locked by another process"
                raise JournalError("journal.locked", detail, "see who holds it, then run again")
            time.sleep(0.01)

    def _end(self, handle: int) -> tuple[int, str, set[tuple[str, str]], bool]:
        """(last number, last hash, (run, event) of the last entries, whether the last line is torn)."""
        size = os.fstat(handle).st_size
        data = os.pread(handle, _TAIL, max(size - _TAIL, 0)) if size <= _TAIL else b""
        if size > _TAIL:
            reach = _TAIL
            while reach < min(2 * size, 4 * LONGEST):
                data = os.pread(handle, reach, max(size - reach, 0))
                if data.count(b"\n") > 2:
                    break
                reach *= 4
        whole = [each for each in data.decode("utf-8", "replace").split("\n") if each]
        torn = bool(data) and not data.endswith(b"\n")
        found = [each for text in whole if (each := _entry_or_none(text)) is not None]
        if not found:
            if whole and not (torn and len(whole) == 1 and _BEGINNING.startswith(whole[0][: len(_BEGINNING)])):
                detail = f"{self.path} has lines that are no entries of a journal"
                raise JournalError("journal.foreign", detail, "name another file with --journal")
            return 0, START, set(), torn
        return found[-1].seq, found[-1].hash, {(each.summary.run_id, each.event) for each in found}, torn

    def _write(self, handle: int, text: str) -> None:
        data = text.encode("ascii")
        try:
            while data:
                data = data[os.write(handle, data) :]
            os.fsync(handle)
        except OSError as error:
            raise self._named(error) from None

    def _load(self) -> Memory:
        self._refuse_special()
        memory = Memory(self.path)
        self._flaws = []
        read: list[Entry] = []
        try:
            with open(self.path, encoding="utf-8", errors="replace", newline="\n") as file:
                for number, text in enumerate(iter(lambda: file.readline(LONGEST), ""), 1):
                    if len(text) == LONGEST:
                        detail = f"{self.path} has a line of more than {LONGEST >> 20} Mi characters"
                        raise JournalError("journal.foreign", detail, "name another file with --journal")
                    if text == "\n":
                        continue
                    found = _entry_or_none(text)
                    if found is None:
                        self._flaws.append(f"line {number} is no entry: torn when it was written, or changed since")
                    elif read and found.seq <= read[-1].seq:
                        self._flaws.append(f"line {number}: entry {found.seq} comes after entry {read[-1].seq}")
                    else:
                        read.append(found)
        except FileNotFoundError:
            detail = f"there is no journal at {self.path}"
            raise JournalError("journal.missing", detail, "name another with --journal") from None
        except OSError as error:
            raise self._named(error) from None
        if self._flaws and not read:
            detail = f"{self.path} has lines that are no entries of a journal"
            raise JournalError("journal.foreign", detail, "name another file with --journal")
        self._fill(memory, read)
        return memory

    def _fill(self, memory: Memory, read: list[Entry]) -> None:
        seen: set[tuple[str, str]] = set()

        def work() -> None:
            for each in read:
                run = (each.summary.run_id, each.event)
                if each.summary.run_id and run in seen:
                    self._flaws.append(f"entry {each.seq} records {run[1]} of {run[0]} again")
                    continue
                seen.add(run)
                insert(memory, each)
            if read:
                memory.query("UPDATE chatproof_head SET seq = ?, hash = ?", (read[-1].seq, read[-1].hash))

        memory.transaction(work)

    def _refuse_special(self) -> None:
        """A pipe would wait for its other end, a device may have none."""
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            detail = f"{self.path} is no regular file"
            raise JournalError("journal.unwritable", detail, "give the path of a file")

    def _named(self, error: OSError) -> JournalError:
        detail = f"cannot use the journal {self.path}: {error.strerror}"
        return JournalError("journal.unwritable", detail, "check the path and its permissions")


def _entry_or_none(text: str) -> Entry | None:
    try:
        return entry(text)
    except NoEntry:
        return None
