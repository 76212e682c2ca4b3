"""A journal's file is for its owner only, whatever the umask and whoever made it."""

import os
import stat
from collections.abc import Callable

from chatproof.journal.events import JournalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HOT = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"  # https://www.sqlite.org/fileformat.html#the_rollback_journal
_IN_URI = {"%": "%25", "?": "%3f", "#": "%23"}


def make(path: str, *, own_folder: bool) -> None:
    """An empty file, unless one is there. `own_folder`: missing folders are made. Never through a link to nothing.

    Raises JournalError.
    """
    try:
        if own_folder:
            from chatproof.files import safe_files

            safe_files.make_folder(os.path.dirname(path))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        if not os.path.exists(path):  # else another process was first
            detail = f"{path} is a link to a file that does not exist"
            raise JournalError("journal.unwritable", detail, "remove the link, or name the file itself") from None
    except OSError as error:
        detail = f"cannot create the journal {path}: {error.strerror}"
        raise JournalError("journal.unwritable", detail, "name another with --journal") from None


def tighten(path: str, *, is_journal: bool) -> None:
    """Close a file that all may read or write; one that is shared with its group only is left so. A file that is no
    journal, and was named by mistake, keeps its mode: others may live by it.

    Raises JournalError for one that all may write and that is not this user's: what it holds may be anybody's."""
    try:
        found = os.stat(path)
    except OSError:
        return  # opening it says what is wrong
    if not stat.S_IMODE(found.st_mode) & 0o007 or not stat.S_ISREG(found.st_mode):
        return
    if found.st_uid == os.geteuid():
        try:
            for each in (path, f"{path}-wal", f"{path}-shm") if is_journal else ():
                if os.path.exists(each):
                    os.chmod(each, 0o600)
        except OSError:
            pass  # a file system without modes
    elif found.st_mode & 0o002:
        detail = f"{path} belongs to another user, and everybody can write to it"
        raise JournalError("journal.unwritable", detail, "name another with --journal")


def refuse_planted(path: str) -> None:
    """Refuse a journal, or a link to one, that another user put where everybody can put files, if it can be written to:
    root's runs would be his to read and to change. Raises JournalError."""
    from chatproof.files import safe_files

    for name in dict.fromkeys((path, os.path.realpath(path))):
        if safe_files.is_planted(name) and (os.path.islink(name) or os.access(name, os.W_OK)):
            detail = f"{name} belongs to another user, in a folder where everybody can put files"
            raise JournalError("journal.foreign", detail, "name another with --journal")


def refuse_hot(path: str, journal: str) -> None:
    """Refuse the rollback journal of several databases, which ends with the name of a file: SQLite removes that file,
    whatever it is, when it has rolled back `path`. Raises JournalError."""
    try:
        handle = os.open(journal, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return  # SQLite says what is wrong
    try:
        size = os.fstat(handle).st_size
        names = size > len(_HOT) and os.pread(handle, len(_HOT), size - len(_HOT)) == _HOT
    except OSError:  # a folder
        return
    finally:
        os.close(handle)
    if names:
        detail = f"{path} has a rollback journal (-journal) that names another file, which would be removed"
        raise JournalError("journal.corrupt", detail, "do not open it with SQLite; name another with --journal")


def held_log(path: str, connect: "Callable[..., Any]") -> "Any":
    """A connection to a journal in a folder where others can put files; while it is open, its log stays what it is.

    SQLite takes pages from a log in place of the file's own, whoever wrote it, and brings them into the file when it is
    closed. This connection only reads, so that a log of somebody else's never gets there, also one that came between
    our looks; and nobody removes a log that is read. Raises JournalError."""
    look_beside(path)
    real = "".join(_IN_URI.get(char, char) for char in os.path.realpath(path))
    found = connect(f"file:{real}?mode=ro", 10.0, 0, None, uri=True)
    try:
        try:
            found.execute("PRAGMA schema_version").fetchall()
            in_log = found.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
        except Exception:  # whatever is wrong, it is said when the journal itself is opened
            in_log = False
        look_beside(path, in_log=in_log)
    except BaseException:
        found.close()
        raise
    return found


def look_beside(path: str, *, in_log: bool = False) -> None:
    """Raise JournalError where another user put a file beside the journal that SQLite would take for its own. `in_log`:
    it has opened a log, which is there then, unless who made it took it away."""
    real = os.path.realpath(path)
    own = os.stat(real)
    for end in ("-wal", "-shm", "-journal"):
        try:
            found = os.lstat(real + end)
        except FileNotFoundError:
            if end != "-wal" or not in_log:
                continue
        else:
            shared = own.st_mode & 0o020 and found.st_gid == own.st_gid  # whoever made it may write to the journal
            if stat.S_ISREG(found.st_mode) and (shared or found.st_uid in (os.geteuid(), own.st_uid, 0)):
                continue
        detail = f"{real}{end} was put there by another user, and SQLite would read it in place of the journal"
        raise JournalError("journal.foreign", detail, "keep the journal in a folder where only you can write")


def without_tables(path: str) -> JournalError:
    """The error of a file without our tables: no journal, or the file alone of one whose runs still stood in the log
    beside it when it was copied."""
    try:
        with open(path, "rb") as file:
            head = file.read(20)
    except OSError:
        head = b""
    if os.path.getsize(path) <= 4096 and head[18:20] == b"\x02\x02":
        detail = f"{path} has no run: it is new, or an incomplete copy without its log file (-wal)"
        return JournalError("journal.missing", detail, "to copy a journal in use: chatproof journal backup FILE")
    return JournalError("journal.missing", f"{path} is not a journal of chatproof", "name another file with --journal")
