"""A copy of a journal in a file, whole while others write: `cp` of one in use may miss or mix what is being written."""

import os
from contextlib import suppress

from chatproof.journal import files
from chatproof.journal.events import JournalError
from chatproof.journal.store import Journal


def backup(journal: Journal, path: str) -> None:
    """Write a copy of the journal to `path`, for its owner only; what is there is replaced whole.

    Raises JournalError.
    """
    itself = os.path.exists(path) and os.path.exists(journal.shown) and os.path.samefile(path, journal.shown)
    # Names that SQLite and our lock give to files beside the journal, whether these are there just now or not.
    names = {f"{os.path.realpath(journal.shown)}-{end}" for end in ("wal", "shm", "journal", "lock")}
    itself = itself or os.path.realpath(path) in names
    if itself or (os.path.exists(path) and not os.path.isfile(path)):
        what = "belongs to the journal itself" if itself else "is not a regular file"
        raise JournalError("journal.unwritable", f"{path} {what}", "give another path for the copy")
    beside = f"{path}.{os.getpid()}.tmp"
    files.make(beside, own_folder=False)
    try:
        journal.copy_to(beside)
        os.replace(beside, path)
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        detail = f"cannot write {path}: {error.strerror}"
        raise JournalError("journal.unwritable", detail, "check the path and its permissions") from None
    finally:
        with suppress(OSError):
            os.unlink(beside)
