"""The journal as lines of JSON, for a file that is collected or committed. Written under a lock, synced at each entry.

A run reads it backwards from its end, and no further than it must. To list runs, what stands before the documents is
loaded into a database that spills to disk; documents are read from the file, one at a time.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from chatproof import clock
from chatproof.journal import files, lock
from chatproof.journal.backwards import lines_backwards
from chatproof.journal.entry import CHAT, NARROWED, OF_API, START, Entry, made, prepared, subject_of
from chatproof.journal.events import FINISHED, IMPORTED, SIGNED, JournalError
from chatproof.journal.lines import LONGEST, NoEntry, entry, head, line
from chatproof.journal.memory import Memory
from chatproof.journal.store import INSERT, Journal

_TAIL = 1024 * 1024  # bytes from the end in which a run's own entries are looked for: it does not write one twice
_DRIFT = 8 * 1024 * 1024  # bytes from the end in which good runs are looked for
_STRAY = 128 * 1024 * 1024  # bytes of lines at the end that are none of ours
_BEGINNING = b'{"seq":'
_PLACES = "CREATE TABLE places (seq INTEGER PRIMARY KEY, place INTEGER NOT NULL)"


class JsonLines(Journal):
    """A journal in a .jsonl file."""

    def __init__(self, path: str, *, create: bool) -> None:
        self.path, self._create = path, create
        self._loaded: Memory | None = None
        self._flaws: list[str] = []
        self._places: dict[int, int] = {}

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

    def append(self, event: str, documents: Iterable[dict[str, Any]], *, leave: bool = False) -> int:
        ready = [prepared(document, packed=False) for document in documents]
        handle = self._held()
        try:
            seq, hash, recent, torn = self._end(handle)
            written = []
            for each in ready:
                if (each[0].run_id, event) in recent:
                    continue
                written.append(made(seq + 1, clock.utc(), event, each, hash))
                seq, hash = written[-1].seq, written[-1].hash
            text = [f"{line(added, added.stored)}\n" for added in written]
            size = os.fstat(handle).st_size
            try:
                self._write(handle, "".join(["\n" if torn and written else "", *text]).encode("ascii"))
            except JournalError:
                with suppress(OSError):  # half an entry on a full disk would look like damage for ever
                    os.ftruncate(handle, size)
                raise
        finally:
            _let_go(handle)
        self.close()
        return len(written)

    def remove(self, event: str, document: dict[str, Any], through: int, again: Sequence[dict[str, Any]]) -> None:
        """The file is written anew beside the old one, and takes its place: a crash leaves the one or the other."""
        handle = self._held()
        try:
            beside = f"{self.path}.{os.getpid()}.tmp"
            fresh = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                seq, hash = 0, START
                for _, data, each in self._read():
                    if each is not None and each.seq > seq:
                        seq, hash = each.seq, each.hash
                        if seq > through:
                            self._write(fresh, data.rstrip(b"\n") + b"\n", sync=False)
                for what, said, cover in ((event, document, through), *((SIGNED, signed, 0) for signed in again)):
                    added = made(seq + 1, clock.utc(), what, prepared(said, packed=False), hash, cover)
                    self._write(fresh, f"{line(added, added.stored)}\n".encode("ascii"), sync=False)
                    seq, hash = added.seq, added.hash
                os.fsync(fresh)
            finally:
                os.close(fresh)
            os.replace(beside, self.path)
        except OSError as error:
            raise self._named(error) from None
        finally:
            _let_go(handle)
        self.close()

    def copy_to(self, path: str) -> None:
        handle = self._held()
        try:
            with open(path, "ab") as target:
                place = 0
                while data := os.pread(handle, _TAIL, place):
                    self._write(target.fileno(), data, sync=False)
                    place += len(data)
                os.fsync(target.fileno())
        finally:
            _let_go(handle)

    def migrate(self) -> bool:
        return False  # lines are what they were

    def close(self) -> None:
        self._places = {}
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None

    def entries(self) -> Iterator[Entry]:
        last = 0
        for _, _, each in self._read():
            if each is not None and each.seq > last:
                last = each.seq
                yield each

    def good(self, target: dict[str, Any], count: int, api: str = CHAT) -> list[tuple[int, str]]:
        """As of any journal, but no further back than the last _DRIFT bytes."""
        self._refuse_special()
        wanted = ("GO", subject_of(target), target["model"])
        found: dict[int, tuple[str, int]] = {}
        try:
            with open(self.path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                for place, data in lines_backwards(file.fileno(), size, LONGEST):
                    row = head(data)
                    same = (row.get("verdict"), row.get("subject"), row.get("model")) == wanted
                    whole = not str(row.get("codes")).startswith(f"|{NARROWED}|")
                    told = row.get("event") in (FINISHED, IMPORTED) and isinstance(row.get("seq"), int)
                    asked = f"|{OF_API}{'' if api == CHAT else f'{api}|'}" in str(row.get("codes"))
                    if same and whole and told and asked == (api != CHAT):
                        found[row["seq"]] = (str(row.get("signature")), place)
                    if len(found) == count or size - place > _DRIFT:
                        break
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._named(error) from None
        self._places = {seq: place for seq, (_, place) in found.items()}
        return [(seq, signature) for seq, (signature, _) in found.items()]

    def terms_flaws(self, referred: set[str]) -> list[str]:
        return []  # a line has its terms with it

    def _stored(self, number: int) -> tuple[str, bytes, bytes]:
        place = self._places.get(number)
        if place is None:
            place = int(self.database.query("SELECT place FROM places WHERE seq = ?", (number,))[0][0])
        with open(self.path, "rb") as file:
            file.seek(place)
            found = _entry_or_none(file.readline(LONGEST))
        if found is None or found.seq != number:
            raise KeyError(number)
        return found.event, found.stored, found.terms

    def _held(self) -> int:
        """The file, opened and held against other writers."""
        if not os.path.exists(self.path):
            if not self._create:
                detail = f"there is no journal at {self.path}"
                raise JournalError("journal.missing", detail, "name another with --journal")
            files.make(self.path, own_folder=False)
        self._refuse_special()
        while True:
            try:
                handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
                if not lock.take(handle, partial(_flock, handle)):
                    raise lock.locked(self.path)
            except OSError as error:
                raise self._named(error) from None
            if os.path.exists(self.path) and os.path.samestat(os.fstat(handle), os.stat(self.path)):
                return handle
            os.close(handle)  # replaced by a prune meanwhile

    def _end(self, handle: int) -> tuple[int, str, set[tuple[Any, Any]], bool]:
        """(last number, last hash, (run, event) of the last entries, whether the last line is torn)."""
        size = os.fstat(handle).st_size
        torn = bool(size) and os.pread(handle, 1, size - 1) != b"\n"
        last: Entry | None = None
        recent: set[tuple[Any, Any]] = set()
        strays, stray = 0, b""
        for place, data in lines_backwards(handle, size, LONGEST):
            if last is None and (last := _entry_or_none(data)) is None:
                strays, stray = strays + 1, data[: len(_BEGINNING)]
                if size - place > _STRAY:
                    break
                continue
            if size - place > _TAIL and recent:
                break
            row = head(data)
            recent.add((row.get("run_id"), row.get("event")))
        if last is not None:
            return last.seq, last.hash, recent, torn
        if strays and not (torn and strays == 1 and _BEGINNING.startswith(stray)):
            detail = f"{self.path} has lines that are not entries of a journal"
            raise JournalError("journal.foreign", detail, "name another file with --journal")
        return 0, START, set(), torn

    def _write(self, handle: int, data: bytes, *, sync: bool = True) -> None:
        try:
            while data:
                data = data[os.write(handle, data) :]
            if sync:
                os.fsync(handle)
        except OSError as error:
            raise self._named(error) from None

    def _read(self) -> Iterator[tuple[int, bytes, Entry | None]]:
        """(place, line, its entry) of every line that is not empty."""
        self._refuse_special()
        try:
            with open(self.path, "rb") as file:
                place = 0
                while data := file.readline(LONGEST):
                    if len(data) == LONGEST:
                        detail = f"{self.path} has a line of more than {LONGEST >> 20} Mi characters"
                        raise JournalError("journal.foreign", detail, "name another file with --journal")
                    if data != b"\n":
                        yield place, data, _entry_or_none(data)
                    place += len(data)
        except FileNotFoundError:
            detail = f"there is no journal at {self.path}"
            raise JournalError("journal.missing", detail, "name another with --journal") from None
        except OSError as error:
            raise self._named(error) from None

    def _load(self) -> Memory:
        memory = Memory(self.path)
        flaws: list[str] = []
        self._flaws = flaws
        last: Entry | None = None

        def work() -> None:
            nonlocal last
            memory.query(_PLACES)
            for number, (place, _, found) in enumerate(self._read(), 1):
                if found is None:
                    flaws.append(f"line {number} is not an entry: it was only partly written, or changed later")
                elif last is not None and found.seq <= last.seq:
                    flaws.append(f"line {number}: entry {found.seq} comes after entry {last.seq}")
                else:
                    last = found
                    self._take(memory, found, place)
            if last is not None:
                memory.query("UPDATE chatproof_head SET seq = ?, hash = ?", (last.seq, last.hash))

        memory.transaction(work)
        if flaws and last is None:
            detail = f"{self.path} has lines that are not entries of a journal"
            raise JournalError("journal.foreign", detail, "name another file with --journal")
        return memory

    def _take(self, memory: Memory, found: Entry, place: int) -> None:
        run_id, event = found.summary.run_id, found.event
        same = "SELECT 1 FROM chatproof_entries WHERE run_id = ? AND event = ? AND run_id <> ''"
        if run_id and memory.query(same, (run_id, event)):
            self._flaws.append(f"entry {found.seq} records {event} of {run_id} again")
            return
        values = (found.seq, found.at, event, *found.summary, found.through, found.previous, found.hash)
        memory.query(INSERT, values)
        memory.query("INSERT INTO places VALUES (?, ?)", (found.seq, place))

    def _refuse_special(self) -> None:
        """A pipe would wait for its other end, a device may have none."""
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            detail = f"{self.path} is not a regular file"
            raise JournalError("journal.unwritable", detail, "give the path of a file")
        files.refuse_planted(self.path)
        files.tighten(self.path, is_journal=self._begins())

    def _begins(self) -> bool:
        """The file is empty, or begins as a journal does."""
        try:
            with open(self.path, "rb") as file:
                return file.read(len(_BEGINNING)) in (b"", _BEGINNING)
        except OSError:
            return False  # opening it says what is wrong

    def _named(self, error: OSError) -> JournalError:
        detail = f"cannot use the journal {self.path}: {error.strerror}"
        return JournalError("journal.unwritable", detail, "check the path and its permissions")


def _let_go(handle: int) -> None:
    """Close a journal. What was written is synced by now: a file system that fails here has nothing to lose."""
    with suppress(OSError):
        os.close(handle)


def _flock(handle: int, wait: bool) -> None:
    fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _entry_or_none(text: bytes) -> Entry | None:
    try:
        return entry(text)
    except NoEntry:
        return None
