"""The journal's tables. Version 2 is what 0.1.0 made; version 3 adds to it, and changes no row.

An SQLite file of version 2 is brought to version 3 by the first write of this chatproof; PostgreSQL, which others may
still write to with 0.1.0, by `journal migrate` only. Texts here are compared with what a file holds: a view, or any
table that chatproof did not make, in the place of one of these is never read.
"""

from chatproof.journal.entry import START, Summary

VERSION = 3
OLDEST = 2
_NARROW = (
    # Narrow rows apart from the documents, so that a filter over years of runs reads megabytes, not gigabytes.
    "CREATE TABLE chatproof_entries (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, "
    + ", ".join(f"{name} TEXT NOT NULL" for name in Summary._fields)
    + ", through INTEGER NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)"
)
_DOCUMENTS_2 = "CREATE TABLE chatproof_documents (seq INTEGER PRIMARY KEY, document TEXT NOT NULL)"
_DOCUMENTS = "CREATE TABLE chatproof_documents (seq INTEGER PRIMARY KEY, document BLOB NOT NULL)"
# Where the chain ends, so that rows cut off its end are missed.
_HEAD = "CREATE TABLE chatproof_head (version INTEGER NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL)"
_TERMS = "CREATE TABLE chatproof_terms (hash TEXT NOT NULL PRIMARY KEY, stored BLOB NOT NULL)"
_BY_SUBJECT_2 = "CREATE INDEX chatproof_by_subject ON chatproof_entries (subject, started_at)"
_INDEXES = (
    "CREATE UNIQUE INDEX chatproof_by_run ON chatproof_entries (run_id, event) WHERE run_id <> ''",
    "CREATE INDEX chatproof_by_start ON chatproof_entries (started_at)",
    "CREATE INDEX chatproof_pruned ON chatproof_entries (through) WHERE through > 0",
)
_NEW_INDEXES = ("CREATE INDEX chatproof_of_subject ON chatproof_entries (subject, model, verdict, seq)",)
"""Since version 3, whose order is that of the chain."""
COVERED = "SELECT 1 FROM chatproof_entries WHERE through > 0 AND through >= OLD.seq"
"""For a backend's trigger: the row may be removed, for a `pruned` entry covers it."""

MADE = (_NARROW, _DOCUMENTS, _HEAD, *_INDEXES)
"""A new journal is made of these, of ADDED, and of FIRST_HEAD."""
ADDED = (_TERMS, *_NEW_INDEXES)
"""What version 3 has and version 2 has not."""
DROPPED = ("DROP INDEX chatproof_by_subject",)
"""What version 2 has and version 3 has not."""
FIRST_HEAD = f"INSERT INTO chatproof_head VALUES ({VERSION}, 0, '{START}')"
VERSION_3 = f"UPDATE chatproof_head SET version = {VERSION}"
OF_VERSION = {2: (_NARROW, _DOCUMENTS_2, _HEAD, *_INDEXES, _BY_SUBJECT_2), 3: (*MADE, *ADDED)}
"""Every table and index, by version. A file of version 3 may have its documents table from version 2."""


def name_of(statement: str) -> str:
    """What one of our CREATE statements makes."""
    return statement.replace("UNIQUE ", "").split(" ", 3)[2]


ACCEPTED: dict[str, set[str]] = {}
"""By name, the texts that a table of that name may have been made with."""
for _each in (*OF_VERSION[2], *OF_VERSION[3]):
    if _each.startswith("CREATE TABLE"):
        ACCEPTED.setdefault(name_of(_each), set()).add(_each)

# SQLite's own, in whose file anybody can write.
_SQLITE_TRIGGERS_2 = (
    "CREATE TRIGGER chatproof_no_update BEFORE UPDATE ON chatproof_entries "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "CREATE TRIGGER chatproof_no_document_update BEFORE UPDATE ON chatproof_documents "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    *(
        f"CREATE TRIGGER {name} BEFORE DELETE ON chatproof_{of} WHEN NOT EXISTS ({COVERED}) "
        "BEGIN SELECT RAISE(ABORT, 'only what a pruned entry covers can be removed'); END"
        for name, of in (("chatproof_no_delete", "entries"), ("chatproof_no_document_delete", "documents"))
    ),
)
REFERRED = "SELECT lower(hex(substr(document, 3, 32))) FROM chatproof_documents WHERE substr(document, 1, 1) = x'02'"
SQLITE_TRIGGERS_3 = (
    "CREATE TRIGGER chatproof_no_terms_update BEFORE UPDATE ON chatproof_terms "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    f"CREATE TRIGGER chatproof_no_terms_delete BEFORE DELETE ON chatproof_terms WHEN OLD.hash IN ({REFERRED}) "
    "BEGIN SELECT RAISE(ABORT, 'a document refers to these terms'); END",
)
SQLITE_TRIGGERS = {2: _SQLITE_TRIGGERS_2, 3: (*_SQLITE_TRIGGERS_2, *SQLITE_TRIGGERS_3)}
"""By version."""
