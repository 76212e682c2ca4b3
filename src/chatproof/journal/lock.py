"""Writers of one journal in a file queue here: the first come is the first served, and nobody waits for ever.

SQLite's own waiting polls with growing pauses, so that one of eight writers may be passed over for seconds
(docs/decisions/0010). A file lock queues in the kernel. It has no deadline: where it has to wait, a thread waits in it.
"""

import _thread
import os
from collections.abc import Callable
from functools import partial

from chatproof.journal.events import JournalError

SECONDS = 10.0
"""How long a writer waits for another. A commit takes milliseconds; a disk that stalls holds it for seconds."""


def take(handle: int, lock: Callable[[bool], None]) -> bool:
    """Hold an open file against all others who do; false where the deadline passed first.

    `lock` takes the lock of `handle`, and waits for it where it is called with true. A handle that was not taken is
    closed: by the waiting thread when it gets the lock, or at once where files cannot be locked, which raises OSError.
    """
    try:
        lock(False)
        return True
    except (BlockingIOError, PermissionError):
        pass
    except OSError:
        os.close(handle)
        raise
    done, state = _thread.allocate_lock(), _thread.allocate_lock()
    done.acquire()

    def wait() -> None:
        failed = False
        try:
            lock(True)
        except OSError:
            failed = True
        if failed or not state.acquire(blocking=False):  # the caller has gone
            os.close(handle)
        done.release()

    _thread.start_new_thread(wait, ())
    # Whoever takes `state` first owns the handle: this call when it gives up, the thread when it got the lock.
    try:
        done.acquire(timeout=SECONDS)
    except BaseException:  # a signal
        if not state.acquire(blocking=False):
            os.close(handle)
        raise
    return not state.acquire(blocking=False)


class Turn:
    """A writer's turn in the queue of a journal, from its making to `end`. Raises JournalError where it never comes.

    The queue is a file beside the journal: SQLite loses its own locks on a file when the process closes another handle
    of it. Its first byte is held by whose turn it is, and one byte for each process by those that wait. By lockf, which
    needs no module more; threads of one process are kept apart by SQLite. Where there can be no such file, or it is
    somebody else's, who could hold it for ever, SQLite's lock does.
    """

    def __init__(self, path: str) -> None:
        self._handle = -1
        real = os.path.realpath(path)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        try:
            handle = os.open(real + "-lock", flags, 0o600)
            if os.fstat(handle).st_uid != os.geteuid():
                os.close(handle)
                return
            if take(handle, partial(_first_byte, handle)):
                self._handle = handle
                return
        except OSError:
            return
        raise locked(path, real + "-lock")

    @property
    def is_awaited(self) -> bool:
        """Another process waits for its turn."""
        if self._handle < 0:
            return False
        try:
            os.lseek(self._handle, 1, os.SEEK_SET)
            os.lockf(self._handle, os.F_TEST, 0)
        except OSError:
            return True
        return False

    def end(self) -> None:
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            try:
                os.close(handle)
            except OSError:
                pass  # nothing was written into it


def is_open_to_others(path: str) -> bool:
    """Somebody else than this user and root can put files beside the journal, which SQLite would take for its own."""
    folder = os.stat(os.path.dirname(os.path.realpath(path)))
    return bool(folder.st_mode & 0o022) or folder.st_uid not in (os.geteuid(), 0)


def _first_byte(handle: int, wait: bool) -> None:
    if wait:  # a byte of our own says so
        os.lseek(handle, 1 + os.getpid(), os.SEEK_SET)
        os.lockf(handle, os.F_TLOCK, 1)
    os.lseek(handle, 0, os.SEEK_SET)
    os.lockf(handle, os.F_LOCK if wait else os.F_TLOCK, 1)
    if wait:
        os.lseek(handle, 1 + os.getpid(), os.SEEK_SET)
        os.lockf(handle, os.F_ULOCK, 1)


def locked(path: str, *held: str) -> JournalError:
    """The error of a deadline that passed. Names the process that holds one of the files, where the system tells."""
    detail = f"{path} is locked by {_holder(held or (path,))}, for more than {SECONDS:.0f} s"
    return JournalError("journal.locked", detail, "wait until that process ends, then run again")


def _holder(paths: tuple[str, ...]) -> str:
    """In words. From /proc/locks: its lines say kind, access, process, device and inode, first and last byte."""
    inodes: dict[str, str] = {}
    for path in paths:
        try:
            found = os.stat(path)
        except OSError:
            continue
        inodes[f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"] = path
    try:
        with open("/proc/locks", encoding="ascii") as file:
            lines = [line.split() for line in file]
    except (OSError, ValueError):
        return "another process"
    for words in lines:
        if len(words) < 8 or words[1] == "->" or words[3] != "WRITE" or words[5] not in inodes:
            continue
        waits = inodes[words[5]].endswith("-lock") and words[6] != "0"
        if not waits and words[4] != str(os.getpid()):
            return f"process {words[4]}{_name(words[4])}"
    return "another process"


def _name(process: str) -> str:
    try:
        with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
            return f" ({file.read(40).strip()})"
    except OSError:
        return ""
