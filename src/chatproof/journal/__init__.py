"""The journal: every run, `started` before the first byte is sent and `finished` after it, in a chain of hashes.

    from chatproof import journal

    kept = journal.open("runs.sqlite3")          # a path, postgresql://…, FILE.jsonl; "" is the default place
    kept.find("latest:NO-GO").document           # a run: exact id, unambiguous prefix, latest, latest:GO, or a file
    kept.list(journal.Filters(target="cometapi", verdict="NO-GO", limit=20))

A journal is a sink: it sees redacted documents and nothing else. What it holds is never changed, and only `prune`
removes anything. Backends are imported when they are opened: the plain smoke path loads SQLite's and no other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from chatproof.journal.events import FINISHED as FINISHED
from chatproof.journal.events import IMPORTED as IMPORTED
from chatproof.journal.events import NONE as NONE
from chatproof.journal.events import PRUNED as PRUNED
from chatproof.journal.events import SIGNED as SIGNED
from chatproof.journal.events import STARTED as STARTED
from chatproof.journal.events import JournalError as JournalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from chatproof.journal.filters import Filters as Filters
    from chatproof.journal.store import Journal


def default_place(environ: Mapping[str, str]) -> str:
    """Return the path of the default journal in the XDG state folder; empty if `environ` names no home folder."""
    state = environ.get("XDG_STATE_HOME", "")
    if not state.startswith("/"):  # the specification: relative paths are to be ignored
        home = environ.get("HOME", "")
        if not home.startswith("/") or not os.path.isdir(home):
            return ""
        state = f"{home}/.local/state"
    return f"{state}/chatproof/journal.sqlite3"


def open(place: str = "", *, environ: Mapping[str, str] | None = None, create: bool = True) -> Journal:
    """Open the journal at a path (SQLite; JSON lines if it ends in .jsonl) or a postgresql:// URL; "": the default one.

    Nothing is read or created before the first use. With `create` false, a journal that does not exist is
    journal.missing at first use. `environ` is this process's environment by default. Raises JournalError for a place
    that cannot be a journal.
    """
    if place.startswith(("postgresql://", "postgres://")):
        from chatproof.journal import postgres

        return postgres.journal(place, create=create)
    if "://" in place:
        known = place.startswith(("sqlite:", "file:"))  # as other tools name one; with options that we would not read
        advice = (
            "give only the file's path, without sqlite: or file: before it"
            if known
            else "give a path, or postgresql://…"
        )
        raise JournalError("journal.url", "the kind of the journal's URL is not known", advice)
    if place.endswith((".jsonl", ".ndjson")):
        from chatproof.journal import jsonl

        return jsonl.JsonLines(os.path.expanduser(place), create=create)
    if place == NONE:
        raise JournalError("journal.missing", "there is no journal", "name one with --journal")
    from chatproof.journal import sqlite

    path = os.path.expanduser(place) or default_place(os.environ if environ is None else environ)
    if not path:
        raise JournalError(
            "journal.missing",
            "there is no default journal: neither XDG_STATE_HOME nor HOME names a folder",
            "name one with --journal",
        )
    return sqlite.journal(path, own_folder=not place, create=create)


def __getattr__(name: str) -> Any:
    """Filters, on first use: a run that is only written down needs none."""
    if name != "Filters":
        raise AttributeError(f"module 'chatproof.journal' has no attribute {name!r}")
    from chatproof.journal.filters import Filters

    return Filters
