"""One byte of an SQLite journal's file is changed, anywhere: `verify` says so, or nothing that was recorded has changed.

What may go unnoticed, and why: bytes of a page that no cell uses, cells that were freed, counters and reserved bytes of the
file's header. SQLite reads none of them as data, so nothing in the journal is other than it was; the test proves that
for each, by reading all rows again past our own code.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.journal import JournalError
from chatproof.journal.upkeep import verify
from tests.journal_support import keep, run
from tests.unit.test_journal_cli import run as cli

TABLES = ("chatproof_entries", "chatproof_documents", "chatproof_terms", "chatproof_head")
MASKS = (0x01, 0x20, 0x80)  # another character, the other case, no character at all
WINDOW = 48  # bytes of a document that are looked for at once: one may go on in another page


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs, and nothing left in the log."""
    path = tmp_path_factory.mktemp("flips") / "j.sqlite3"
    kept = journal.open(str(path))
    keep(kept, run(1), run(2, "NO-GO"), run(3))
    kept.database.query("PRAGMA wal_checkpoint(TRUNCATE)")
    kept.close()
    return path


def contents(path: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as raw:
        return [raw.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in TABLES]


def recorded(path: Path) -> list[int]:
    """Where in the file texts of entries and the packed documents stand, copies in indexes included; but not on the
    head's page, where heads of before may have left theirs."""
    raw = path.read_bytes()
    with closing(sqlite3.connect(path)) as database:
        size = database.execute("PRAGMA page_size").fetchone()[0]
        page = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'chatproof_head'").fetchone()[0]
    values = {value for table in contents(path)[:2] for row in table for value in row if not isinstance(value, int)}
    texts = {value if isinstance(value, bytes) else value.encode() for value in values}
    found: set[int] = set()
    for text in (text for text in texts if len(text) >= 12):
        for at in range(0, len(text), WINDOW):
            piece = text[at : at + WINDOW]
            if len(piece) >= 12:
                found.update(place + n for place in _places(raw, piece) for n in range(len(piece)))
    return sorted(at for at in found if at // size != page - 1)


def _places(raw: bytes, piece: bytes) -> Iterator[int]:
    at = raw.find(piece)
    while at >= 0:
        yield at
        at = raw.find(piece, at + 1)


def flipped(whole: Path, at: int, mask: int, folder: Path) -> Path:
    data = bytearray(whole.read_bytes())
    data[at] ^= mask
    path = folder / f"{at}-{mask}.sqlite3"
    path.write_bytes(data)
    return path


def said(path: Path) -> str:
    """What verify says: `holds`, `broken`, or the code that it stops with."""
    kept = journal.open(str(path), create=False)
    try:
        return "broken" if verify(kept).problems else "holds"
    except JournalError as error:
        return error.code
    finally:
        kept.close()


def test_no_flip_in_what_was_recorded_goes_unnoticed(whole: Path, tmp_path: Path) -> None:
    places = recorded(whole)
    assert len(places) > 4_000
    chance = random.Random(20261125)
    sample = [(at, chance.choice(MASKS)) for at in chance.sample(places, 300)]
    seen = {at: said(flipped(whole, at, mask, tmp_path)) for at, mask in sample}
    assert {at: word for at, word in seen.items() if word not in ("broken", "journal.corrupt")} == {}
    assert {"broken", "journal.corrupt"} == set(seen.values())


def test_whatever_goes_unnoticed_changed_nothing(whole: Path, tmp_path: Path) -> None:
    good = contents(whole)
    length = whole.stat().st_size
    chance = random.Random(20261126)
    # Everywhere; the head's 100 bytes and the schema behind it more closely.
    places = [*chance.sample(range(length), 300), *chance.sample(range(4096), 200), *range(0, 100, 3)]
    words: Counter[str] = Counter()
    for at in places:
        path = flipped(whole, at, chance.choice(MASKS), tmp_path)
        word = said(path)
        words[word] += 1
        if word == "holds":
            assert contents(path) == good, at
        elif damaged(path):
            assert word in ("broken", "journal.corrupt"), at
    assert words["holds"] and words["broken"] and words["journal.corrupt"]
    # The first bytes make it no database at all; the version of the tables one of another chatproof.
    assert set(words) <= {"holds", "broken", "journal.corrupt", "journal.foreign", "journal.newer", "journal.missing"}


def damaged(path: Path) -> bool:
    """SQLite itself calls it damaged (SQLITE_CORRUPT) when it reads it all."""
    try:
        contents(path)
    except sqlite3.DatabaseError as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT
    except UnicodeDecodeError:
        return True
    return False


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP TRIGGER chatproof_no_update", "chatproof_no_update"),
        ("DROP INDEX chatproof_by_start", "chatproof_by_start"),
        (
            "CREATE TRIGGER silent BEFORE INSERT ON chatproof_entries WHEN new.verdict = 'NO-GO' "
            "BEGIN SELECT RAISE(IGNORE); END",
            "silent",
        ),
        ("UPDATE chatproof_head SET seq = 'x'", "journal.corrupt"),
        ("UPDATE chatproof_head SET version = x'01'", "journal.corrupt"),
        ("PRAGMA writable_schema = 1; UPDATE sqlite_master SET sql = replace(sql, 'RAISE', 'raise')", "no_update"),
    ],
)
def test_a_schema_or_head_that_is_not_ours(whole: Path, tmp_path: Path, statement: str, words: str) -> None:
    path = tmp_path / "j.sqlite3"
    path.write_bytes(whole.read_bytes())
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(statement)
    shown = cli("journal", "verify", "--journal", str(path))
    assert shown.returncode == (4 if words == "journal.corrupt" else 1)
    assert words in shown.stdout + shown.stderr


def test_what_somebody_added_and_does_no_harm_is_no_flaw(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    path.write_bytes(whole.read_bytes())
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript("CREATE VIEW bad AS SELECT * FROM chatproof_entries WHERE verdict <> 'GO'; ANALYZE; VACUUM")
    assert said(path) == "holds"


@pytest.mark.parametrize("column", ["at", "run_id", "through", "hash"])
def test_a_column_of_another_type_is_a_change(whole: Path, tmp_path: Path, column: str) -> None:
    path = tmp_path / "j.sqlite3"
    path.write_bytes(whole.read_bytes())
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DROP TRIGGER chatproof_no_update")
        raw.execute(f"UPDATE chatproof_entries SET {column} = x'ff00' WHERE seq = 2")
        raw.commit()
    shown = cli("journal", "verify", "--journal", str(path))
    assert shown.returncode == 1 and "entry 2" in shown.stdout and "it was changed" in shown.stdout
