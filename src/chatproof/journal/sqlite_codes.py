"""What SQLite's result codes mean for a journal. Its own messages may quote data, so that none of them is shown.

Loaded only where something is wrong.
"""

from chatproof.journal.events import JournalError

_COPY = "a file copied while a run is written becomes like this: make a copy with `chatproof journal backup FILE`"
_CODES = {  # by primary result code: https://www.sqlite.org/rescode.html
    5: ("journal.locked", "is locked", "wait until that process ends, then run again"),
    6: ("journal.locked", "is locked", "wait until that process ends, then run again"),
    7: ("journal.corrupt", "needs more memory than there is", "do not change the file; it may be hostile"),
    8: ("journal.unwritable", "is read-only", "check its permissions, or name another with --journal"),
    9: ("journal.corrupt", "has more tables, views or triggers than chatproof creates", "name another with --journal"),
    10: ("journal.unwritable", "cannot be read or written (I/O error)", "check the disk"),
    11: ("journal.corrupt", "is damaged", f"do not change the file; `journal export` saves the readable part; {_COPY}"),
    13: ("journal.unwritable", "cannot grow: the disk is full", "make room"),
    14: ("journal.unwritable", "cannot be opened", "check the folder and its permissions, or name another"),
    18: ("journal.corrupt", "has a value larger than chatproof writes", "do not change the file; it may be hostile"),
    26: ("journal.foreign", "is not an SQLite database", "name another file with --journal"),
}


def error_of(path: str, number: int, name: str = "") -> JournalError:
    """The error of a journal at `path` for a result code, whose name in SQLite is `name`."""
    code, said, advice = _CODES.get(number, ("journal.corrupt", "refuses", "see: chatproof journal verify"))
    return JournalError(code, f"{path} {said}" + (f" ({name})" if name else ""), advice)
