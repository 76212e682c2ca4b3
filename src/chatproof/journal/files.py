"""A journal's file is for its owner only, whatever the umask and whoever made it."""

import os
import stat

from chatproof.journal.events import JournalError

_HOT = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"  # https://www.sqlite.org/fileformat.html#the_rollback_journal


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
    finally:
        os.close(handle)
    if names:
        detail = f"{path} has a rollback journal (-journal) that names another file, which would be removed"
        raise JournalError("journal.corrupt", detail, "do not open it with SQLite; name another with --journal")
