"""Runs in a journal: listed by filters, found by a selector. A run without an end is never taken for anything else."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatproof.journal.store import Journal


import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from chatproof.files import special_files
from chatproof.journal.documents import LARGEST, NoDocument, read
from chatproof.journal.entry import CHAT, NARROWED, OF_API, summary_of
from chatproof.journal.events import FINISHED, IMPORTED, STARTED, JournalError
from chatproof.journal.filters import Filters
from chatproof.key_form import without
from chatproof.printable import escape
from chatproof.usage_error import repeated

VERDICTS = ("GO", "NO-GO", "UNDECIDED")
NO_END = "NONE"
"""The verdict filter for runs that have no end: interrupted, killed, or still going on."""
FROM_FILE = "file"


class Row(NamedTuple):
    """A run in short.

    - `seq`, `at`: number and time of its entry
    - `event`: finished, imported, or started if the journal has no end of it
    - `run_id`, `kind`, `started_at`, `verdict`: as in the run document
    - `target`, `profile`, `base_url`, `environment`, `model`: of the target
    - `subject`: the base URL, normalized
    - `codes`, `clauses`: diagnoses, and clauses that are broken or undecided, each between bars
    - `signature`: a digest of what later runs are compared with for drift
    """

    seq: int
    at: str
    event: str
    run_id: str
    kind: str
    started_at: str
    target: str
    profile: str
    base_url: str
    subject: str
    environment: str
    model: str
    verdict: str
    codes: str
    clauses: str
    signature: str

    @property
    def code(self) -> str:
        """The code of the main diagnosis; empty without one."""
        marks = self.codes.strip("|").split("|")
        return next((code for code in marks if code != NARROWED and not code.startswith(OF_API)), "")

    @property
    def api(self) -> str:
        """The API of the target: chat, responses, messages, or embeddings."""
        marks = self.codes.strip("|").split("|")[:2]  # behind `narrowed`, if that stands there
        return next((mark.removeprefix(OF_API) for mark in marks if mark.startswith(OF_API)), CHAT)

    @property
    def narrowed(self) -> bool:
        """True if a part of the contract was left out."""
        return self.codes.startswith(f"|{NARROWED}|")

    @property
    def ended(self) -> bool:
        """True if the journal has the end of the run."""
        return self.event != STARTED


class Found(NamedTuple):
    """A run that was found.

    - `row`: the run in short
    - `document`: schema chatproof.run/1; chatproof.started/1 if the run has not ended
    """

    row: Row
    document: dict[str, Any]


_COLUMNS = ", ".join(f"e.{name}" for name in Row._fields)
_RUNS = (
    f"(e.event IN ('{FINISHED}', '{IMPORTED}') OR (e.event = '{STARTED}' AND NOT EXISTS (SELECT 1 FROM "
    f"chatproof_entries o WHERE o.run_id = e.run_id AND o.run_id <> '' AND o.event IN ('{FINISHED}', '{IMPORTED}'))))"
)
_NO_END = (
    f"e.run_id IN (SELECT run_id FROM chatproof_entries WHERE run_id <> '' AND event = '{STARTED}' EXCEPT "
    f"SELECT run_id FROM chatproof_entries WHERE run_id <> '' AND event IN ('{FINISHED}', '{IMPORTED}'))"
)
"""All at once, from the index alone."""
_NEWEST = "ORDER BY e.seq DESC"
"""In the order of the chain: a clock may have been wrong, and one run dated 2040 would hide every later one."""


def rows(journal: "Journal", filters: Filters) -> list[Row]:
    """Runs, newest first."""
    where, values = _where(filters)
    sql = f"SELECT {_COLUMNS} FROM chatproof_entries e WHERE {where} {_NEWEST}"
    if filters.limit:
        sql, values = sql + " LIMIT ?", [*values, filters.limit]
    journal.head()
    return [_row(journal, row) for row in journal.database.query(sql, values)]


def begun(journal: "Journal") -> list[tuple[int, str, str]]:
    """(number, run, start) of every run, newest first: what upkeep needs of it."""
    return journal.database.query(
        f"SELECT e.seq, e.run_id, e.started_at FROM chatproof_entries e WHERE {_RUNS} {_NEWEST}"
    )


def documents(journal: "Journal", filters: Filters) -> Iterator[Found]:
    """Whole runs, newest first, read as they are asked for."""
    for row in rows(journal, filters):
        yield Found(row, _document(journal, row))


def by_id(journal: "Journal", selector: str) -> Found:
    """One run by its id, or by an unambiguous beginning of that. Raises JournalError."""
    journal.head()
    # A range of the index by run, whose own condition stands in it. Run ids are ASCII: \x7f comes after all of them.
    between = "e.run_id <> '' AND e.run_id >= ? AND e.run_id < ?"
    near = f"SELECT {_COLUMNS} FROM chatproof_entries e WHERE {between} AND {_RUNS} {_NEWEST} LIMIT 6"
    values = (selector, selector + "\x7f")
    found = [_row(journal, row) for row in journal.database.query(near, values)] if selector else []
    exact = [row for row in found if row.run_id == selector]
    if len(exact or found) == 1:
        return found_in(journal, (exact or found)[0])
    if not found:
        detail = f"no run in {journal.shown} begins with {repeated(selector, 80)}"
        named = rows(journal, Filters(target=selector, limit=1)) if selector else []
        raise JournalError("run.unknown", detail, _of_target(selector) if named else "see: chatproof history")
    names = ", ".join(row.run_id for row in found[:5])
    raise JournalError("run.ambiguous", f"several runs begin with {repeated(selector, 80)}", f"say more: {names}")


def _of_target(name: str) -> str:
    shown = without(name)[:80]
    return f"that is a target: say latest@{shown}, or --target {shown} where the command has it"


def found_in(journal: "Journal", row: Row) -> Found:
    """A row of the journal with its document."""
    return Found(row, _document(journal, row))


def is_path(selector: str) -> bool:
    """The word is the path of a file, or looks like one."""
    return "/" in selector or os.path.isfile(selector)


def from_file(path: str) -> Found:
    """The run in a JSON file that --report json wrote, checked against its schema. Raises JournalError."""
    try:
        with special_files.opened(path) as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise JournalError("run.unknown", f"cannot read {path}: {error.strerror}", "check the path") from None
    document = checked(data, path)
    return Found(Row(0, document["finished_at"], FROM_FILE, *summary_of(document)), document)


def checked(data: bytes | str, place: str) -> dict[str, Any]:
    """A run document from its JSON text. Raises JournalError run.malformed with the place and the first problem."""
    try:
        return read(data)
    except NoDocument as problem:
        advice = "give a file that --report json=PATH wrote"
        raise JournalError("run.malformed", f"{place} {problem}", advice) from None


def _document(journal: "Journal", row: Row) -> dict[str, Any]:
    document = next(journal.documents((row.seq,)))
    if (document["run_id"], document.get("verdict", "")) != (row.run_id, row.verdict):
        detail = f"entry {row.seq} in {journal.shown} does not match its document"
        raise JournalError("journal.corrupt", detail, "see: chatproof journal verify")
    return document


def _row(journal: "Journal", values: tuple[Any, ...]) -> Row:
    """A row as it may be shown: ours are escaped when they are written, those of others here."""
    seq, *texts = values
    if not all(isinstance(text, str) for text in texts):
        detail = f"a column of entry {seq} in {journal.shown} is not text"
        raise JournalError("journal.corrupt", detail, "see: chatproof journal verify")
    return Row(seq, *map(escape, texts))


def _where(filters: Filters) -> tuple[str, list[object]]:
    parts: list[str] = []
    values: list[object] = []
    if filters.verdict == NO_END:
        parts.append(_NO_END)
    elif filters.verdict:
        parts.append("e.verdict = ?")
        values.append(filters.verdict)
    if filters.target:
        parts.append("(e.target = ? OR e.base_url = ? OR e.profile = ?)")
        values += [filters.target, filters.target.rstrip("/"), filters.target]
    if filters.whole:
        parts.append(f"substr(e.codes, 1, {len(NARROWED) + 2}) <> '|{NARROWED}|'")
    if filters.api == CHAT:
        parts.append("e.codes NOT LIKE ?")
        values.append(f"%|{OF_API}%")
    elif filters.api:
        parts.append("e.codes LIKE ?")
        values.append(f"%|{OF_API}{filters.api}|%")
    if filters.name:
        parts.append("e.target = ?")
        values.append(filters.name)
    for column in ("environment", "kind", "model", "subject"):
        value = getattr(filters, column)
        if value:
            parts.append(f"e.{column} = ?")
            values.append(value)
    for column, value in (("clauses", filters.clause), ("codes", filters.code)):
        if value:
            parts.append(f"(e.{column} LIKE ? ESCAPE '!' OR e.{column} LIKE ? ESCAPE '!')")
            plain = value.replace("!", "!!").replace("%", "!%").replace("_", "!_")
            values += [f"%|{plain}|%", f"%|{plain}.%"]
    if filters.since:
        parts.append("e.started_at >= ?")
        values.append(filters.since)
    if filters.until:
        parts.append("e.started_at < ?")
        values.append(filters.until)
    # The look for an end comes last: it is made only for rows that all else selects.
    return " AND ".join([*parts, _RUNS]), values
